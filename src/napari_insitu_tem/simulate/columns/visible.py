"""Which columns an image shows: short in projection, and with a spot of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from napari_insitu_tem.simulate.columns.settings import ColumnsSettings

__all__ = ["Seen", "find_spots", "readable"]

#: A spot belongs to a column that lies so near (Å).
WITHIN = 0.5
#: The surroundings out of which a spot stands: a Gaussian of this standard deviation (Å).
SURROUNDINGS = 1.0


@dataclass(frozen=True)
class Seen:
    """What an image without noise shows of its columns.

    Parameters
    ----------
    readable : (n,) bool array
        Whether a column has a spot of its own.
    bright : bool
        Whether these spots are brighter than their surroundings.
    """

    readable: np.ndarray
    bright: bool


def readable(
    intensity: np.ndarray,
    positions: np.ndarray,
    smear: np.ndarray,
    settings: ColumnsSettings,
    *,
    spacing: float,
) -> Seen:
    """Return which columns an image without noise shows, and whether bright or dark.

    Of both polarities it is the one in which more columns have a spot (the one whose spots stand
    out more, where these are as many). A readable column is short in projection, has no other
    within `settings.nearest`, and is the nearest to a spot, which is the nearest to it, within
    0.5 Å.

    Parameters
    ----------
    intensity : (y, x) array
        Image without noise, 1 in vacuum.
    positions : (n, 2) array
        Of all columns, (y, x) in px.
    smear : (n,) array
        Length of their projections, Å.
    settings : ColumnsSettings
        How short, how far apart, how strong.
    spacing : float
        Edge of a pixel, Å.
    """
    able = (smear <= settings.longest_smear) & _apart(positions, settings.nearest / spacing)
    best: tuple[tuple[int, float], Seen] | None = None
    for bright in (True, False):
        spots, strength = find_spots(intensity if bright else -intensity, spacing)
        stand_out = strength >= settings.least_contrast
        spots, strength = spots[stand_out], strength[stand_out]
        mine = _own_spot(positions, spots, WITHIN / spacing)
        shown = able & (mine >= 0)
        score = int(shown.sum()), float(strength[mine[shown]].sum())
        if best is None or score > best[0]:
            best = score, Seen(shown, bright)
    assert best is not None
    return best[1]


def find_spots(image: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the maxima of an image to a part of a pixel, and how far they stand out.

    Parameters
    ----------
    image : (y, x) array
        Without noise.
    spacing : float
        Edge of a pixel, Å.

    Returns
    -------
    (n, 2) array
        (y, x), px: the top of a parabola through the neighbours of the brightest pixel.
    (n,) array
        Height above the surroundings.
    """
    highest = ndimage.maximum_filter(image, size=3)
    surroundings = ndimage.gaussian_filter(image, SURROUNDINGS / spacing)
    pixels = np.argwhere(image == highest)
    inside = ((pixels > 0) & (pixels < np.array(image.shape) - 1)).all(axis=1)
    y, x = pixels[inside].T
    here = image[y, x]
    moved = [
        _top(image[y - 1, x], here, image[y + 1, x]),
        _top(image[y, x - 1], here, image[y, x + 1]),
    ]
    return np.stack([y, x], axis=1) + np.stack(moved, axis=1), here - surroundings[y, x]


def _top(before: np.ndarray, here: np.ndarray, after: np.ndarray) -> np.ndarray:
    bend = before - 2 * here + after
    return np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1), 0)


def _apart(positions: np.ndarray, distance: float) -> np.ndarray:
    """Return which of the positions have no other nearer than a distance."""
    if len(positions) < 2:
        return np.ones(len(positions), bool)
    to_next = cKDTree(positions).query(positions, k=2)[0][:, 1]
    return to_next >= distance


def _own_spot(positions: np.ndarray, spots: np.ndarray, within: float) -> np.ndarray:
    """Return the index of the spot of every position: each other's nearest; -1 for none."""
    if not len(positions) or not len(spots):
        return np.full(len(positions), -1)
    distance, nearest = cKDTree(spots).query(positions)
    _, back = cKDTree(positions).query(spots)
    mutual = back[nearest] == np.arange(len(positions))
    return np.where(mutual & (distance <= within), nearest, -1)
