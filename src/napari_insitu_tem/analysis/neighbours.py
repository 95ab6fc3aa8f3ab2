"""Every frame with those before and after it, mirrored in time at the movie's ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from napari_insitu_tem.analysis.denoise import windows

__all__ = ["mirrored", "with_neighbours"]


def with_neighbours(frames: Iterable[np.ndarray], reach: int) -> Iterator[np.ndarray]:
    """Yield every frame in the middle of its neighbours.

    Holds ``2 · reach + 1`` frames at a time, however long the movie is.

    Parameters
    ----------
    frames : iterable of (y, x) arrays
        In the order of time.
    reach : int
        Neighbours on either side. Where there are none, at the ends of the movie, those on the
        other side are taken, whose noise is independent of the frame's as well.

    Yields
    ------
    (2 · reach + 1, y, x) array
        One for each frame.
    """
    for window in windows(frames, reach, reach):
        last = len(window.frames) - 1
        places = range(window.centre - reach, window.centre + reach + 1)
        yield np.stack([window.frames[mirrored(place, window.centre, last)] for place in places])


def mirrored(place: int, centre: int, last: int) -> int:
    """Return a frame's number for a place that may lie beyond the movie's ends.

    Parameters
    ----------
    place : int
        Where a frame is wanted.
    centre : int
        The frame about which it is mirrored, so that it is never that frame itself if there is
        any other.
    last : int
        Number of the last frame; the first is 0.
    """
    if 0 <= place <= last:
        return place
    other = 2 * centre - place
    if 0 <= other <= last:
        return other
    nearest = min(max(place, 0), last)
    if nearest != centre:
        return nearest
    return centre - 1 if centre > 0 else min(centre + 1, last)
