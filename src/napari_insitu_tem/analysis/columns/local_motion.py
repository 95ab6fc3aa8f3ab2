"""Motion of parts of a frame against each other: what scanning and flexing do to a lattice."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

__all__ = ["local_displacement"]

_NEIGHBOURS = 9
_PRIOR = 2.0
"""Columns that the shared motion is worth against the columns near by."""


def local_displacement(
    found: np.ndarray, sites: np.ndarray, points: np.ndarray, spacing: float
) -> np.ndarray:
    """Return how far the lattice around points lies off its sites in a frame.

    Parameters
    ----------
    found : (n, 2) array
        Columns of the frame (y, x), px, with the shared motion taken off.
    sites : (s, 2) array
        Where they usually are.
    points : (m, 2) array
        Where the displacement is wanted.
    spacing : float
        Distance of neighbouring columns, px.

    Returns
    -------
    (m, 2) array
        Displacement (y, x), px: the median over the nearest nine columns that have a site, within
        four spacings, drawn towards none where there are few.
    """
    moved = np.zeros((len(points), 2))
    if not len(found) or not len(sites) or not len(points):
        return moved
    distance, which = cKDTree(sites).query(found)
    held = distance < 0.35 * spacing
    if not held.any():
        return moved
    at, off = found[held], (found - sites[which])[held]
    count = min(_NEIGHBOURS, len(at))
    away, rows = cKDTree(at).query(points, count)
    away, rows = away.reshape(len(points), count), rows.reshape(len(points), count)
    for index in range(len(points)):
        near = rows[index][away[index] < 4 * spacing]
        if len(near):
            moved[index] = np.median(off[near], axis=0) * len(near) / (len(near) + _PRIOR)
    return moved
