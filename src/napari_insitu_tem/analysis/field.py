"""Detections: particles of all frames as plain arrays, with the track of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
        Number of its track; filled by linking, changed by repairs.
    n_frames : int
        Frames of the movie.
    fused : (n,) bool array
        Particles that are several touching ones under one label.
    """

    frame: np.ndarray
    position: np.ndarray
    area: np.ndarray
    reach: np.ndarray
    track: np.ndarray
    n_frames: int
    fused: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))

    def __post_init__(self) -> None:
        if len(self.fused) != len(self.frame):
            self.fused = np.zeros(len(self.frame), bool)
        self.starts = np.searchsorted(self.frame, np.arange(self.n_frames + 1))

    @classmethod
    def of_table(
        cls, table: Mapping[str, np.ndarray], track: np.ndarray, drift: np.ndarray
    ) -> Detections:
        """Take them from columns ``frame, y, x, area, major_axis`` and a (t, 2) drift."""
        frame = np.asarray(table["frame"])
        position = np.column_stack((table["y"], table["x"])) - drift[frame]
        reach = np.asarray(table["major_axis"]) / 2
        return cls(frame, position, np.asarray(table["area"]), reach, track.copy(), len(drift))

    def rows_at(self, frame: int) -> np.ndarray:
        """Rows of one frame."""
        return np.arange(self.starts[frame], self.starts[frame + 1])

    def tracks(self) -> dict[int, np.ndarray]:
        """Rows of every track, in the order of frames."""
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
            self.fused[::-1],
        )
