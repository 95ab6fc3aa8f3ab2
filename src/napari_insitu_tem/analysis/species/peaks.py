"""Columns in the maps of a network: one place a column, and how much of each class lies there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = ["Columns", "find_columns", "spot_masses"]

#: In distances between neighbouring columns: least distance of two peaks, radius of the centre
#: of mass, and standard deviation of the Gaussian with which maps are summed around a place.
_APART, _RADIUS, _WIDTH = 0.55, 0.35, 0.18


@dataclass(frozen=True, eq=False)
class Columns:
    """Atomic columns as maps show them.

    Parameters
    ----------
    positions : (n, 2) array
        y, x in px of the maps.
    masses : (n, classes) array
        How much of each class's map lies there, in units of the typical column's sum.
    """

    positions: np.ndarray
    masses: np.ndarray

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self.positions)


def find_columns(maps: np.ndarray, *, bond: float, threshold: float) -> Columns:
    """Find columns in the sum of the classes' maps, to a fraction of a pixel.

    The sum has one peak a column, whatever the classes' shares, so that a column of which the
    network doubts the element is found once and not twice.

    Parameters
    ----------
    maps : (classes, y, x) array
        0 to 1; a spot around every column.
    bond : float
        Distance between neighbouring columns, px.
    threshold : float
        Least height of a peak in the sum.

    Returns
    -------
    Columns
        Ordered by position. None where nothing is above the threshold.
    """
    total = np.asarray(maps, np.float32).sum(axis=0)
    smooth = ndimage.gaussian_filter(total, 0.06 * bond)
    highest = ndimage.maximum_filter(smooth, footprint=_disc(_APART * bond))
    rows, columns = np.nonzero((smooth == highest) & (smooth >= threshold))
    positions = np.column_stack([rows, columns]).astype(float)
    positions = _apart(positions, smooth[rows, columns], _APART * bond)
    for _ in range(2):
        positions = _centred(total, positions, _RADIUS * bond)
    masses = spot_masses(maps, positions, bond=bond)
    typical = float(np.median(masses.sum(axis=1))) if len(masses) else 1.0
    return Columns(positions, masses / max(typical, 1e-12))


def spot_masses(maps: np.ndarray, positions: np.ndarray, *, bond: float) -> np.ndarray:
    """Return the (n, classes) sums of maps around places, weighted with a Gaussian."""
    blurred = [
        ndimage.gaussian_filter(np.asarray(each, np.float32), _WIDTH * bond) for each in maps
    ]
    if not len(positions):
        return np.zeros((0, len(blurred)))
    return np.column_stack(
        [ndimage.map_coordinates(each, positions.T, order=1, mode="nearest") for each in blurred]
    )


def _disc(radius: float) -> np.ndarray:
    reach = max(1, int(radius))
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(y**2 + x**2 <= radius**2)


def _apart(positions: np.ndarray, heights: np.ndarray, distance: float) -> np.ndarray:
    """Leave out peaks nearer to a higher one than a distance: plateaus have several maxima."""
    from scipy.spatial import cKDTree

    order = np.argsort(-heights, kind="stable")
    tree, kept = cKDTree(positions), np.ones(len(positions), bool)
    for at in order:
        if kept[at]:
            kept[tree.query_ball_point(positions[at], distance)] = False
            kept[at] = True
    return positions[kept]


def _centred(total: np.ndarray, positions: np.ndarray, radius: float) -> np.ndarray:
    """Return the centres of mass within a soft disc around every place."""
    reach = int(np.ceil(radius)) + 1
    padded = np.pad(total, reach)
    corners = np.round(positions).astype(int)
    offsets = np.arange(-reach, reach + 1)
    moved = positions.copy()
    for number, (corner, place) in enumerate(zip(corners, positions, strict=True)):
        part = padded[corner[0] : corner[0] + 2 * reach + 1, corner[1] : corner[1] + 2 * reach + 1]
        y, x = corner[0] + offsets - place[0], corner[1] + offsets - place[1]
        weight = part * np.clip(radius + 0.5 - np.hypot.outer(y, x), 0, 1)
        mass = float(weight.sum())
        if mass > 0:
            moved[number] += (float(weight.sum(1) @ y) / mass, float(weight.sum(0) @ x) / mass)
    return moved
