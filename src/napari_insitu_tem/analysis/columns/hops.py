"""Events: moves of columns that the frames make likelier than not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.columns.moves import Moves

__all__ = ["Event", "find_events"]

_AROUND = 3
"""Frames before and after the likeliest one in which the same move is the same event."""
_LIKELY = 0.5


@dataclass(frozen=True, order=True)
class Event:
    """A column hops from a site to another, or appears at one, or disappears from one.

    Parameters
    ----------
    frame : int
        First frame of the new state.
    left, taken : int
        Index of the site; −1 where the column comes from, or goes to, none.
    confidence : float
        Probability that this happened within three frames of the frame.
    """

    frame: int
    left: int
    taken: int
    confidence: float

    def of(self, sites: np.ndarray) -> Event:
        """Return the event with the sites' numbers in a larger set, `sites` (s,)."""
        left, taken = (int(sites[site]) if site >= 0 else -1 for site in (self.left, self.taken))
        return Event(self.frame, left, taken, self.confidence)


def find_events(moved: np.ndarray, moves: Moves) -> list[Event]:
    """Find the moves that are likelier than not, at their likeliest frame.

    Parameters
    ----------
    moved : (t, m) array
        Probability of every move between the frame before and this one.
    moves : Moves
        Which sites are left and taken.

    Returns
    -------
    list of Event
        Sorted by frame.
    """
    window = np.ones(2 * _AROUND + 1)
    found = []
    for move in np.flatnonzero(moved.sum(0) > _LIKELY):
        course = moved[:, move].astype(float)
        while True:
            within = ndimage.convolve1d(course, window, mode="constant")
            if within.max() < _LIKELY:
                break
            frame = int(np.argmax(np.where(within < _LIKELY, -1, course + 1e-3 * within)))
            sure = min(1.0, float(within[frame]))
            found.append(Event(frame, int(moves.left[move]), int(moves.taken[move]), sure))
            course[max(0, frame - _AROUND) : frame + _AROUND + 1] = 0
    return sorted(found)
