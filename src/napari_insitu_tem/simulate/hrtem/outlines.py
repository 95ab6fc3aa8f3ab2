"""The truth: which pixels belong to which particle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

__all__ = ["outline", "paint"]

# Atoms closer than this many nearest-neighbour distances have no gap between them.
BRIDGED = 1.5


def outline(
    positions: np.ndarray, neighbour_distance: float, spacing: float
) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the projected outline of a particle as a mask.

    It goes half a nearest-neighbour distance outside the outermost atoms; the gaps between
    columns of atoms are filled (a morphological closing with a disc).

    Parameters
    ----------
    positions : (n, 2) array
        Atoms as (y, x), Å.
    neighbour_distance : float
        Of the crystal, Å.
    spacing : float
        Edge of a pixel, Å; pixel (0, 0) has its centre at 0.

    Returns
    -------
    (h, w) bool array
        The mask, just large enough.
    (int, int)
        Which pixel its first one is; may lie outside the frame.
    """
    reach = BRIDGED * neighbour_distance / spacing
    inward = reach - 0.5 * neighbour_distance / spacing
    pixels = positions / spacing
    margin = int(np.ceil(reach)) + 2
    first = np.floor(pixels.min(axis=0)).astype(int) - margin
    size = np.ceil(pixels.max(axis=0)).astype(int) + margin + 1 - first
    nearest = np.rint(pixels - first).astype(int)
    free = np.ones(size, bool)
    free[nearest[:, 0], nearest[:, 1]] = False
    grown = ndimage.distance_transform_edt(free) <= reach
    mask = ndimage.distance_transform_edt(grown) > inward
    return ndimage.binary_fill_holes(mask), (int(first[0]), int(first[1]))


def paint(
    masks: Sequence[tuple[np.ndarray, tuple[int, int]]], shape: tuple[int, int]
) -> np.ndarray:
    """Paint masks into one frame; where they overlap, the later one is on top.

    Parameters
    ----------
    masks : sequence of (mask, first pixel)
        As `outline` returns them.
    shape : (int, int)
        Of the frame.

    Returns
    -------
    (y, x) int32 array
        0 is background, i + 1 the i-th mask.
    """
    labels = np.zeros(shape, np.int32)
    for number, (mask, first) in enumerate(masks, start=1):
        low = [max(f, 0) for f in first]
        high = [min(f + m, s) for f, m, s in zip(first, mask.shape, shape, strict=True)]
        if low[0] >= high[0] or low[1] >= high[1]:
            continue
        inside = mask[
            low[0] - first[0] : high[0] - first[0], low[1] - first[1] : high[1] - first[1]
        ]
        labels[low[0] : high[0], low[1] : high[1]][inside] = number
    return labels
