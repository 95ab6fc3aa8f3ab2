"""Convex hulls of many particles at once, without a loop over particles."""

from __future__ import annotations

import numpy as np

__all__ = ["convex_areas"]


def convex_areas(
    group: np.ndarray, row: np.ndarray, left: np.ndarray, right: np.ndarray, n_groups: int
) -> np.ndarray:
    """Area of the convex hull of every particle, from its runs of pixels.

    A pixel is taken as the diamond of its four edge midpoints, as in scikit-image's
    ``convex_hull_image``. The hull of rows of pixels is bounded by one chain on the left and
    one on the right; every chain is thinned from all sides at once until it is convex: a
    point that lies on or inside the line between its two neighbours is no corner of the hull.

    Parameters
    ----------
    group, row : (n,) int arrays
        Particle (0 … n_groups − 1) and row of every run of neighbouring pixels.
    left, right : (n,) int arrays
        First and last column of the run.
    n_groups : int
        Number of particles.

    Returns
    -------
    (n_groups,) float array
        Areas in square pixels; 0 for particles without runs.
    """
    if not len(group):
        return np.zeros(n_groups)
    order = np.lexsort((row, group))
    group, row, left, right = group[order], row[order], left[order], right[order]
    fresh = np.flatnonzero(np.diff(group, prepend=-1) | np.diff(row, prepend=-1))
    low = np.minimum.reduceat(left, fresh).astype(float)
    high = np.maximum.reduceat(right, fresh).astype(float)
    group, row = group[fresh], row[fresh]
    area = _chain_area(group, row, high, n_groups) + _chain_area(group, row, -low, n_groups)
    return np.asarray(area)


def _chain_area(group: np.ndarray, row: np.ndarray, reach: np.ndarray, n: int) -> np.ndarray:
    """Integral over y of the concave majorant of the reach of every group's diamonds."""
    # Doubled rows, so that upper corner, side corner and lower corner are integers.
    g = np.concatenate((group, group, group))
    y = np.concatenate((2 * row - 1, 2 * row, 2 * row + 1))
    x = np.concatenate((reach, reach + 0.5, reach))
    order = np.lexsort((x, y, g))
    g, y, x = g[order], y[order], x[order]
    last = np.append((np.diff(g) != 0) | (np.diff(y) != 0), True)
    g, y, x = g[last], y[last] / 2, x[last]
    while len(g) > 2:
        inner = (g[:-2] == g[1:-1]) & (g[1:-1] == g[2:])
        line = x[:-2] + (x[2:] - x[:-2]) * (y[1:-1] - y[:-2]) / np.where(inner, y[2:] - y[:-2], 1.0)
        drop = np.zeros(len(g), bool)
        drop[1:-1] = inner & (x[1:-1] <= line + 1e-9)
        if not drop.any():
            break
        g, y, x = g[~drop], y[~drop], x[~drop]
    same = g[1:] == g[:-1]
    strips = np.where(same, (y[1:] - y[:-1]) * (x[1:] + x[:-1]) / 2, 0.0)
    return np.bincount(g[1:], strips, minlength=n)
