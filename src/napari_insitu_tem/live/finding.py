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

    The first picture decides on size and polarity, for all that follow; after a resize they
    are found anew. (Segmenting is a task, and tasks lie above this: hence the two callables.)

    Parameters
    ----------
    propose, segment : callable
        As `tasks.segment.propose_settings` and `tasks.segment.segment`.
    settings : Settings
        What they start from.
    is_stopped : callable
        Asked again and again; what is under way then ends with `Cancelled`.
    """

    def __init__(
        self,
        propose: Callable[[Movie, S, Job], S],
        segment: Callable[[Movie, S, Job], _Segmented],
        settings: S,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._propose, self._segment, self._given = propose, segment, settings
        self._job = Job(
            on_progress=lambda _: None,
            on_log=lambda _: None,
            is_cancelled=is_stopped,
            workers=1,
        )
        self._shape: tuple[int, ...] = ()
        self._found: S = settings

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """Return labels 1..n of the particles of a picture (y, x), 0 elsewhere."""
        movie = Movie(picture)
        if picture.shape != self._shape:
            self._found = self._propose(movie, self._given, self._job)
            self._shape = picture.shape
        return np.asarray(self._segment(movie, self._found, self._job).labels[0])
