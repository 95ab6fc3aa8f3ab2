"""Columns and single atoms without a network: blobs of one size that stand out.

For clean images, in which a column is a bright (or dark) spot: annular dark-field STEM, single
heavy atoms, crystals of nanoparticles. The size of the spots is that scale of a Laplacian of a
Gaussian at which its maxima are strongest (Lindeberg, Int. J. Comput. Vision 30, 79, 1998): for
a Gaussian spot its own width, for fringes of the period p the scale 0.225 p.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage, spatial

from napari_insitu_tem.analysis.columns import ColumnsError
from napari_insitu_tem.analysis.columns.lattice_support import believed
from napari_insitu_tem.analysis.columns.peaks import local_maxima
from napari_insitu_tem.analysis.columns.regularity import continued
from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.noise import Noise, estimate_noise

__all__ = ["Spots", "find_spots", "look_for_spots"]

_FINEST, _STEP = 1.0, 2 ** (1 / 3)  # px; the scales that are tried
_COARSEST = 1 / 24  # of the frame's edge: a lattice of at least five spots across
_APART = 1.6  # scales: two spots closer than this would be one blob
_MAXIMA = 1.5 / (2 * math.pi) ** 1.5  # of noise after the filter, per square of the scale
_FALSE_DISCOVERIES = 0.05  # valleys as deep, over spots as high
_PERIODIC = 0.2  # of the squared heights, in maxima that go on as a lattice does
_BESIDE, _NEIGHBOURS = 2, 1.5  # sure spots beside a weak one; within so many spacings
_FAINTEST = 2.0  # of noise, where the lattice goes on
_DEFECT = (8.0, 4.0)  # times the noise; times what the brightest neighbour has


@dataclass(frozen=True)
class Spots:
    """What the spots of a movie look like.

    Parameters
    ----------
    scale : float
        Standard deviation of the Gaussian, px.
    bright : bool
        Whether they are brighter than what is around them.
    """

    scale: float
    bright: bool


def look_for_spots(
    frames: Sequence[np.ndarray], *, bright: bool | None = None, scale: float | None = None
) -> Spots:
    """Find size and polarity of the spots in a few frames.

    Parameters
    ----------
    frames : sequence of (y, x) arrays
        Spread over the movie.
    bright, scale : optional
        What is known already.

    Raises
    ------
    ColumnsError
        When nothing stands out of the noise at any scale.
    """
    images = [without_defects(fill_missing(frame)) for frame in frames]
    noises = [estimate_noise(image) for image in images]
    polarities = (True, False) if bright is None else (bright,)
    scales = [scale] if scale is not None else scales_of(images[0].shape)
    totals = {(each, polarity): 0.0 for polarity in polarities for each in scales}
    for each in scales:
        for image, noise in zip(images, noises, strict=True):
            response = _response(image, each)
            for polarity in polarities:
                signed = response if polarity else -response
                seen = _maxima(signed, each, noise)
                heights = seen.heights[seen.sure]
                beyond = np.maximum(heights - _highest_noise(response.size, each, noise), 0)
                totals[each, polarity] += float(np.sum(beyond**2))
    best = max(totals, key=lambda key: totals[key])
    if totals[best] <= 0:
        raise ColumnsError(
            "No spots stand out of the noise. Average frames, or denoise the movie first."
        )
    curve = {each: totals[each, best[1]] for each in scales}
    return Spots(_between(curve, best[0]), best[1])


def find_spots(
    frame: np.ndarray, spots: Spots, *, contrast: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """Find the spots of a frame.

    Parameters
    ----------
    frame : (y, x) array
        NaN where there is nothing.
    spots : Spots
        Their size and polarity.
    contrast : float
        What the weakest spot has, times that of the typical spot.

    Returns
    -------
    places : (n, 2) array
        Row and column, px; from the strongest.
    strength : (n,) array
        Contrast against the surroundings, times that of the typical spot.
    """
    image = without_defects(fill_missing(frame))
    response = _response(image, spots.scale)
    seen = _maxima(response if spots.bright else -response, spots.scale, estimate_noise(image))
    if not seen.sure.any():
        return seen.places[:0], seen.heights[:0]
    typical = _typical(seen.heights[seen.sure])
    high = seen.heights >= contrast * typical
    kept = high & seen.sure
    if seen.periodic:
        kept[high] = _of_the_lattice(seen.places[high], kept[high], seen.real[high])
    return seen.places[kept], seen.heights[kept] / typical


def without_defects(image: np.ndarray) -> np.ndarray:
    """Return an image in which single dead or hot pixels have the median of their neighbours."""
    values = np.asarray(image, np.float32)
    median = ndimage.median_filter(values, 3, mode="reflect")
    around = np.ones((3, 3), bool)
    around[1, 1] = False
    above = ndimage.maximum_filter(values, footprint=around) - median
    below = median - ndimage.minimum_filter(values, footprint=around)
    excess = values - median
    least, ratio = _DEFECT
    allowed = np.where(excess > 0, above, below) * ratio
    noise = estimate_noise(values).density
    return np.where(np.abs(excess) > np.maximum(allowed, least * noise), median, values)


def scales_of(shape: tuple[int, ...]) -> list[float]:
    """Return the scales (px) that are tried in frames of a shape."""
    coarsest = max(_COARSEST * min(shape), 2 * _FINEST)
    steps = int(math.log(coarsest / _FINEST) / math.log(_STEP)) + 1
    return [_FINEST * _STEP**number for number in range(steps)]


def _response(image: np.ndarray, scale: float) -> np.ndarray:
    """Return the scale-normalised Laplacian; positive where it is bright."""
    # SciPy's sampled kernel does not quite sum to zero, so a level would leak through.
    values = np.asarray(image, np.float32) - np.float32(np.mean(image))
    return -(scale**2) * ndimage.gaussian_laplace(values, scale, mode="reflect")


@dataclass(frozen=True)
class _Maxima:
    """Maxima from the highest; which are no noise, which no texture either; is it a lattice."""

    places: np.ndarray
    heights: np.ndarray
    real: np.ndarray
    sure: np.ndarray
    periodic: bool


def _maxima(response: np.ndarray, scale: float, noise: Noise) -> _Maxima:
    """Return the maxima of a response, and which of them are spots.

    Texture has valleys as deep as its hills are high, spots have not. A lattice may have, but
    lies regularly.
    """
    reach = _APART * scale
    floor = max(noise.of_blob_filter(scale), 1e-12)
    places, heights = local_maxima(response, least=floor, reach=reach)
    _, depths = local_maxima(-response, least=floor, reach=reach)
    cells = response.size / scale**2
    level = np.maximum(heights / floor, 1.0)
    lowest = _level(heights, cells * _MAXIMA * level * np.exp(-0.5 * level**2))
    # Nearer to the edge than its width, a spot merges with its mirror image.
    edge = np.minimum(places, np.array(response.shape) - 1 - places).min(axis=1, initial=np.inf)
    usable = (heights >= _FAINTEST * floor) & (edge >= scale)
    places, heights = places[usable], heights[usable]
    real = heights >= lowest
    deeper = len(depths) - np.searchsorted(np.sort(depths), heights)
    allowed = _FALSE_DISCOVERIES * np.arange(1, len(heights) + 1)
    rare = np.flatnonzero(real & (deeper <= allowed))
    sure = np.arange(len(heights)) < (rare[-1] + 1 if len(rare) else 0)
    regular = np.zeros(len(heights), bool)
    regular[real] = continued(places[real])
    in_lattice, total = np.sum(heights[regular] ** 2), np.sum(heights[real] ** 2)
    periodic = bool(in_lattice > _PERIODIC * total)
    return _Maxima(places, heights, real, sure | regular if periodic else sure, periodic)


def _of_the_lattice(places: np.ndarray, sure: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Tell which are sure, or real and beside sure ones, or continue the lattice of all these."""
    if np.count_nonzero(sure) < _BESIDE:
        return sure
    tree = spatial.cKDTree(places[sure])
    spacing = np.median(tree.query(places[sure], 2)[0][:, 1])
    beside = tree.query(places, _BESIDE)[0][:, -1] <= _NEIGHBOURS * spacing
    return believed(places, sure | (real & beside))


def _highest_noise(pixels: int, scale: float, noise: Noise) -> float:
    """Return the height that about one maximum of noise in a frame has."""
    return math.sqrt(2 * math.log(max(pixels / scale**2, 4))) * noise.of_blob_filter(scale)


def _level(heights: np.ndarray, chance: np.ndarray) -> float:
    """Return the height from which on a maximum is rather a spot than chance.

    Parameters
    ----------
    heights : (n,) array
        Of all maxima, from the highest.
    chance : (n,) array
        How many maxima chance has that are as high as the highest, the second highest, …

    Notes
    -----
    Noise of the standard deviation s has ``1.5 / (2 pi)**1.5 · (h / s) · exp(-h² / 2 s²)``
    maxima above h per square of the scale (Adler, The Geometry of Random Fields, 1981; 1.5
    follows from the filter). Down to the level, every step brings more than twice as many
    maxima as chance does.
    """
    gain = np.arange(1, len(heights) + 1) - 2 * chance
    if not len(heights) or gain.max() <= 0:
        return math.inf
    return float(heights[int(np.argmax(gain))])


def _typical(heights: np.ndarray) -> float:
    """Return the height of a typical spot: the median, weighted by the square of the height.

    Noise and texture make many low maxima, which would draw a plain median down.
    """
    order = np.argsort(heights)
    total = np.cumsum(heights[order] ** 2)
    return float(heights[order][np.searchsorted(total, 0.5 * total[-1])])


def _between(totals: dict[float, float], best: float) -> float:
    """Return the best scale, between those tried, by a parabola."""
    scales = sorted(totals)
    place = scales.index(best)
    if not 0 < place < len(scales) - 1:
        return best
    low, middle, high = (totals[scales[place + step]] for step in (-1, 0, 1))
    bend = low - 2 * middle + high
    shift = 0.5 * (low - high) / bend if bend < 0 else 0.0
    return float(best * _STEP ** np.clip(shift, -0.5, 0.5))
