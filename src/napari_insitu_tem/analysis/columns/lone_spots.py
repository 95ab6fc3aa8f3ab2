"""Spots that lie in no lattice, such as single atoms on an uneven support.

What else is in the image (noise, and the texture of the support) has valleys as deep as its hills
are high, and is stronger in some places and at some scales than in others. So every maximum is
measured by how strong the valleys around it are, and every valley by the hills around it; then
maxima count as long as there are more than three of them for every valley that stands out as much.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.columns.peaks import local_maxima

__all__ = ["standing_out"]

_AROUND = 12.0  # scales to each side: wide enough for some tens of hills
_LEAST = 2.0  # of the spread around
_EACH = 3  # spots that one valley costs


def standing_out(
    response: np.ndarray, scale: float, *, least: float, reach: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the maxima that are rather spots than texture or noise.

    Parameters
    ----------
    response : (y, x) array
        Of a Laplacian of a Gaussian, positive where there may be spots.
    scale : float
        Its standard deviation, px.
    least : float
        Response that no weaker spot has.
    reach : float
        Distance (px) of different spots.

    Returns
    -------
    places : (n, 2) array
        Row and column, px; from the highest.
    heights : (n,) array
        Their response.
    over : (n,) array
        Their response over the spread around them; half of its squares' sum is by how much
        the image is likelier with the spots, in logarithms, if the texture were Gaussian.
    """
    places, heights = local_maxima(response, least=least, reach=reach)
    # Nearer to the edge than its width, a spot merges with its mirror image.
    edge = np.minimum(places, np.array(response.shape) - 1 - places).min(axis=1, initial=np.inf)
    places, heights = places[edge >= scale], heights[edge >= scale]
    valleys, depths = local_maxima(-response, least=_LEAST * _tiny(response), reach=reach)
    over = heights / _at(_spread(response, scale), places)
    deep = np.sort(depths / _at(_spread(-response, scale), valleys))
    order = np.argsort(-over, kind="stable")
    order = order[over[order] >= _LEAST]
    deeper = len(deep) - np.searchsorted(deep, over[order])
    gain = np.arange(1, len(order) + 1) - _EACH * deeper
    count = int(np.argmax(gain)) + 1 if len(gain) and gain.max() > 0 else 0
    kept = np.sort(order[:count])
    return places[kept], heights[kept], over[kept]


def _spread(response: np.ndarray, scale: float) -> np.ndarray:
    """Return the root mean square, around every pixel, of what is negative: no spots."""
    size = 2 * math.ceil(_AROUND * scale) + 1
    squares = ndimage.uniform_filter(np.minimum(response, 0) ** 2, size, mode="reflect")
    share = ndimage.uniform_filter((response < 0).astype(np.float32), size, mode="reflect")
    # Sums that run along a row round: a square may come out below zero, where all is alike.
    variance = np.maximum(squares, 0) / np.maximum(share, 1e-3)
    return np.maximum(np.sqrt(variance), _tiny(response))


def _tiny(response: np.ndarray) -> float:
    return max(1e-6 * float(np.max(np.abs(response), initial=0)), 1e-12)


def _at(image: np.ndarray, places: np.ndarray) -> np.ndarray:
    pixels = np.clip(np.rint(places).astype(int), 0, np.array(image.shape) - 1)
    return np.asarray(image[tuple(pixels.T)], float)
