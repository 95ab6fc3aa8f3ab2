"""Detections: particles of all frames as plain arrays, with the track of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

__all__ = ["Detections"]


@dataclass(eq=False)
class Detections:
    """Particles of all frames, sorted by frame, on their way to tracks.

    Parameters
    ----------
    frame : (n,) int array
        Frame of every particle, ascending.
    position : (n, 2) array
        (y, x) in pixels, without the drift that all share.
    area : (n,) array
        Area in pixels.
    reach : (n,) array
        Half the longest extent in pixels: how far the outline may be from the centroid.
    track : (n,) int array
        Number of its track (negative: none).
    n_frames : int
        Frames of the movie.
    """

    frame: np.ndarray
    position: np.ndarray
    area: np.ndarray
    reach: np.ndarray
    track: np.ndarray
    n_frames: int

    def __post_init__(self) -> None:
        self.starts = np.searchsorted(self.frame, np.arange(self.n_frames + 1))

    def rows_at(self, frame: int) -> np.ndarray:
        """Rows of one frame."""
        return np.arange(self.starts[frame], self.starts[frame + 1])

    def edges(
        self, edges: Iterable[tuple[tuple[int, int], tuple[int, int]]] | None
    ) -> list[tuple[int, int]] | None:
        """Turn pairs of (frame, index in the frame) into pairs of rows."""
        if edges is None:
            return None
        first = self.starts.tolist()
        return [(first[f1] + i1, first[f2] + i2) for (f1, i1), (f2, i2) in edges]

    def tracks(self) -> dict[int, np.ndarray]:
        """Rows of every track, in the order of frames."""
        if not len(self.track):
            return {}
        order = np.argsort(self.track, kind="stable")
        numbers, first = np.unique(self.track[order], return_index=True)
        rows = np.split(order, first[1:])
        return {int(t): r for t, r in zip(numbers, rows, strict=True) if t >= 0}

    def reversed(self) -> Detections:
        """Return the same, run backwards in time; row i becomes row n − 1 − i."""
        return Detections(
            self.n_frames - 1 - self.frame[::-1],
            self.position[::-1],
            self.area[::-1],
            self.reach[::-1],
            self.track[::-1],
            self.n_frames,
        )
