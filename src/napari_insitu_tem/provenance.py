"""Provenance: what was done to which input, with what, so that it can be done again."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import platform
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Provenance", "Step"]

_PACKAGES = ("napari-insitu-tem", "numpy", "scipy", "scikit-image", "trackpy", "laptrack", "torch")


@dataclass(frozen=True)
class Step:
    """One task that was run.

    Parameters
    ----------
    task : str
        The task's name.
    settings : dict
        Its settings as plain TOML types.
    seed : int
        Seed of the random numbers.
    device : str
        What networks ran on.
    seconds : float
        Duration.
    models : dict
        SHA-256 of every model used, by name.
    """

    task: str
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    device: str = "cpu"
    seconds: float = 0.0
    models: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Provenance:
    """The input, and the steps that led from it to a result.

    Parameters
    ----------
    source : str
        File (or name) of the input.
    fingerprint : str
        SHA-256 of the input; see `Movie.fingerprint`.
    signal : str, optional
        Which of a file's signals was opened.
    steps : tuple of Step
        In the order they were run.
    versions : dict
        Versions of Python and the packages that computed it.
    """

    source: str
    fingerprint: str
    signal: str | None = None
    steps: tuple[Step, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_input(cls, source: str, fingerprint: str, signal: str | None = None) -> Provenance:
        """Start the record of a fresh input."""
        return cls(source, fingerprint, signal, versions=_versions())

    def then(self, step: Step) -> Provenance:
        """Return the record with one more step."""
        return dataclasses.replace(self, steps=(*self.steps, step), versions=_versions())

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Provenance:
        """Inverse of `to_dict`."""
        steps = tuple(Step(**step) for step in values.get("steps", ()))
        return cls(**{**values, "steps": steps})

    def to_json(self) -> str:
        """As indented JSON text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Provenance:
        """Inverse of `to_json`."""
        return cls.from_dict(json.loads(text))


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
