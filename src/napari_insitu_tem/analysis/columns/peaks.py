"""Local maxima of maps, to a fraction of a pixel."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, spatial

__all__ = ["local_maxima", "squeezed", "well_apart"]

_TINY = 1e-6
_AROUND = 6
_OPPOSITE = np.cos(np.radians(130))


def local_maxima(image: np.ndarray, *, least: float, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Find the local maxima of a map, each once.

    The place within a pixel is the vertex of a parabola through the logarithms of three
    neighbours along each axis, which is exact for Gaussian bumps on nothing.

    Parameters
    ----------
    image : (y, x) array
        For example probabilities; 0 and less count as nothing.
    least : float
        The lowest value of a maximum.
    reach : float
        Of two maxima closer than this (px), the higher one counts.

    Returns
    -------
    places : (n, 2) array
        Row and column, px; sorted from the highest.
    values : (n,) array
        The map's values at the pixels of the maxima.
    """
    values = np.asarray(image)
    size = 2 * max(1, int(reach)) + 1
    highest = (ndimage.maximum_filter(values, size) == values) & (values >= least)
    # A plateau, as of saturated pixels or of equal neighbours, is one maximum.
    plateaus, count = ndimage.label(highest, np.ones((3, 3), int))
    pixels = np.argwhere(highest)
    if not count:
        return np.empty((0, 2)), np.empty(0)
    number = plateaus[highest] - 1
    size_of = np.bincount(number, minlength=count)
    sums = np.column_stack(
        [np.bincount(number, weights=pixels[:, axis], minlength=count) for axis in (0, 1)]
    )
    centres = sums / size_of[:, None]
    heights = np.empty(count)
    heights[number] = values[highest]
    # Across a row of equal pixels, as along both axes of a single one, a parabola has a vertex.
    first = np.zeros((count, 2), int)
    first[number] = pixels
    spread = np.zeros((count, 2))
    np.maximum.at(spread, number, np.abs(pixels - first[number]))
    centres += np.where(spread == 0, _vertices(values, first), 0)
    order = np.argsort(-heights, kind="stable")
    kept = order[well_apart(centres[order], reach)]
    return centres[kept], heights[kept]


def well_apart(places: np.ndarray, distance: float) -> np.ndarray:
    """Tell which places to keep so that none is closer than `distance` to an earlier kept one."""
    kept = np.ones(len(places), bool)
    if len(places) < 2:
        return kept
    pairs = spatial.cKDTree(places).query_pairs(distance * (1 - 1e-9), output_type="ndarray")
    for first, second in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]:
        if kept[first]:
            kept[second] = False
    return kept


def squeezed(places: np.ndarray, values: np.ndarray, distance: float) -> np.ndarray:
    """Tell which maxima lie between two higher ones that are close on opposite sides.

    Parameters
    ----------
    places : (n, 2) array
        Row and column, px.
    values : (n,) array
        Their heights.
    distance : float
        How close both are, px.

    Returns
    -------
    (n,) bool array
    """
    count = min(_AROUND + 1, len(places))
    if count < 3:
        return np.zeros(len(places), bool)
    off, index = spatial.cKDTree(places).query(places, count, distance_upper_bound=distance)
    # The nearest is the maximum itself; places that are too far have an index past the end.
    near, others = off[:, 1:] < np.inf, np.minimum(index[:, 1:], len(places) - 1)
    higher = near & (values[others] > values[:, None])
    towards = places[others] - places[:, None]
    towards = towards / np.maximum(np.linalg.norm(towards, axis=-1, keepdims=True), _TINY)
    cosine = np.einsum("nix,njx->nij", towards, towards)
    both = higher[:, :, None] & higher[:, None, :] & (cosine < _OPPOSITE)
    return both.any(axis=(1, 2))


def _vertices(values: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return by how much (n, 2) the vertices of parabolas lie off the pixels."""
    off = np.zeros(pixels.shape)
    tops = values[tuple(pixels.T)].astype(float)
    floor = np.maximum(tops * _TINY, 1e-300)
    middle = np.log(np.maximum(tops, floor))
    for axis in (0, 1):
        length = values.shape[axis]
        inside = (pixels[:, axis] > 0) & (pixels[:, axis] < length - 1)
        sides = []
        for step in (-1, 1):
            beside = pixels.copy()
            beside[:, axis] = np.clip(beside[:, axis] + step, 0, length - 1)
            sides.append(np.log(np.maximum(values[tuple(beside.T)].astype(float), floor)))
        bend = sides[0] - 2 * middle + sides[1]
        usable = inside & (bend < 0)
        shift = 0.5 * (sides[0] - sides[1]) / np.where(usable, bend, -1)
        off[:, axis] = np.where(usable, np.clip(shift, -0.5, 0.5), 0)
    return off
