"""Simulators of training samples, by name."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_insitu_tem.learning.samples import Sample, SampleError
from napari_insitu_tem.settings import Settings

__all__ = ["SIMULATORS", "Simulator", "settings_type"]

#: Name to ``module:function``; the function is ``draw(settings) -> (rng) -> Sample``, with
#: `settings` annotated as a `Settings` class (or a mapping, if it has none).
SIMULATORS: dict[str, str] = {
    "particles": "napari_insitu_tem.learning.sets_particles:draw",
    "layers": "napari_insitu_tem.learning.sets_layers:draw",
    "hrtem": "napari_insitu_tem.learning.sets_hrtem:draw",
    "clips": "napari_insitu_tem.learning.sets_clips:draw",
    "low dose": "napari_insitu_tem.learning.sets_low_dose:draw",
    "movies": "napari_insitu_tem.learning.sets_movies:draw",
    "lattice": "napari_insitu_tem.learning.sets_lattice:draw",
    "species": "napari_insitu_tem.learning.sets_species:draw",
    "columns": "napari_insitu_tem.learning.sets_columns:draw",
}


@dataclass(frozen=True)
class Simulator:
    """Draws samples from a simulator by its name; can be sent to another process.

    Parameters
    ----------
    name : str
        A key of `SIMULATORS`.
    settings : mapping
        Its settings, as in a recipe.

    Raises
    ------
    SampleError
        When there is no such simulator; `SettingsError` when its settings are wrong.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    path: str = ""

    def __post_init__(self) -> None:
        if self.name not in SIMULATORS and not self.path:
            raise SampleError(
                f"There is no simulator '{self.name}'. There are: {', '.join(SIMULATORS)}."
            )
        # The path goes along to other processes, whose list may be shorter.
        object.__setattr__(self, "path", self.path or SIMULATORS[self.name])
        object.__setattr__(self, "settings", dict(self.settings))
        object.__setattr__(self, "_draw", None)
        self._make()

    def __call__(self, rng: np.random.Generator) -> Sample:
        """Draw a sample."""
        draw = self.__dict__["_draw"]
        if draw is None:
            draw = self._make()
            object.__setattr__(self, "_draw", draw)
        return draw(rng)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_draw": None}

    def _make(self) -> Callable[[np.random.Generator], Sample]:
        function = _load(self.path)
        kind = settings_type(function)
        return function(self.settings if kind is None else kind.from_dict(dict(self.settings)))


def settings_type(function: Callable[..., Any] | str) -> type[Settings] | None:
    """Return the settings class of a simulator (or of one by name), if it has one."""
    if isinstance(function, str):
        function = _load(SIMULATORS[function])
    first = next(iter(inspect.signature(function).parameters))
    kind = typing.get_type_hints(function).get(first)
    return kind if isinstance(kind, type) and issubclass(kind, Settings) else None


def _load(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found
