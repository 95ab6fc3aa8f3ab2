"""Particles in the live picture, with settings that are found once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie

__all__ = ["ParticleFinder"]

S = TypeVar("S")


class _Segmented(Protocol):
    @property
    def labels(self) -> Any: ...


class ParticleFinder(Generic[S]):
    """Finds the particles of one picture after the other.

    The first pictures decide on size and polarity, for all that follow; after a resize they
    are found anew. (Segmenting is a task, and tasks lie above this: hence the two callables.)

    Parameters
    ----------
    propose, segment : callable
        As `tasks.segment.propose_settings` and `tasks.segment.segment`.
    settings : Settings
        What they start from.
    job : Job
        Cancel; it reports to nobody.
    first : int
        How many pictures are looked at first. With each of them, what was found so far is
        used.
    """

    def __init__(
        self,
        propose: Callable[[Movie, S, Job], S],
        segment: Callable[[Movie, S, Job], _Segmented],
        settings: S,
        job: Job | None = None,
        *,
        first: int = 3,
    ) -> None:
        self._propose, self._segment, self._given = propose, segment, settings
        self._job = job or Job(on_progress=lambda _: None, on_log=lambda _: None, workers=1)
        self._first = first
        self._seen: list[np.ndarray] = []
        self._found: S | None = None

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """Return labels 1..n of the particles of a picture (y, x), 0 elsewhere."""
        if self._seen and self._seen[0].shape != picture.shape:
            self._seen = []
        if len(self._seen) < self._first:
            self._seen.append(picture)
            self._found = self._propose(Movie(np.stack(self._seen)), self._given, self._job)
        assert self._found is not None
        return np.asarray(self._segment(Movie(picture), self._found, self._job).labels[0])
