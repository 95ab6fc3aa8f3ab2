"""Regions of unlike texture: whether there are any, how many, and where.

Features are measured in units of what they vary by, together, in a frame of even texture
(`heterogeneity_null`); in the directions in which they vary by more than that, k-means finds
regions, the same ones in all frames. How many is told by the gap statistic (R. Tibshirani, G.
Walther, T. Hastie, J. R. Stat. Soc. B 63 (2001) 411), with even texture as its reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.heterogeneity_features import FeatureSet

__all__ = ["Regions", "Yardstick", "find_regions"]

_SAMPLE = 12_000
_NULL_SAMPLE = 4_000
_STARTS = 4
_STICKS_OUT = 3.0
_EFFECT = 1.5
_FLOOR = 0.02
_MOST_AXES = 4
_ROUNDS = 40
_CLEARLY = 0.3
_BORDER = 1.5
_LEAST_INTERIOR = 0.4


@dataclass(frozen=True, eq=False)
class Yardstick:
    """What features vary by in frames of even texture.

    Parameters
    ----------
    middle : (n,) array
        Mean of the features of the movie.
    transform : (n, n) array
        Makes features with the covariance of even texture independent with unit variance.
    """

    middle: np.ndarray
    transform: np.ndarray

    @classmethod
    def of(cls, data: np.ndarray, even: Sequence[np.ndarray]) -> Yardstick:
        """Make one.

        Parameters
        ----------
        data : (m, n) array
            Features of the movie.
        even : sequence of (p, n) arrays
            Features of frames of even texture; each varies about its own mean.
        """
        around = np.concatenate([each - each.mean(axis=0) for each in even])
        covariance = around.T @ around / len(around)
        spread = np.sqrt(np.maximum(np.diag(covariance), 1e-30))
        values, vectors = np.linalg.eigh(covariance / np.outer(spread, spread))
        values = np.maximum(values, _FLOOR * values.mean())
        transform = (vectors / np.sqrt(values)) @ vectors.T / spread
        return cls(data.mean(axis=0), transform)

    def measured(self, features: np.ndarray) -> np.ndarray:
        """Return features (…, n) in units of what even texture varies by."""
        return (features - self.middle) @ self.transform.T


@dataclass(frozen=True, eq=False)
class Regions:
    """Kinds of texture that were found.

    Parameters
    ----------
    count : int
        1 where there is nothing to tell apart.
    heterogeneity : float
        Variance of the features over that of even texture, in the direction in which it is
        largest: about 1 where there is no structure.
    expected, spread : float
        The same for frames of even texture: mean and standard deviation.
    gaps : dict
        Gap statistic and its standard error by number of regions.
    yardstick : Yardstick
        Units of the features.
    axes : (n, d) array
        Directions in which regions differ.
    centres : (count, d) array
        Of the regions, along these.
    """

    count: int
    heterogeneity: float
    expected: float
    spread: float
    gaps: dict[int, tuple[float, float]]
    yardstick: Yardstick
    axes: np.ndarray
    centres: np.ndarray

    @property
    def structured(self) -> bool:
        """Whether features vary by more than even texture explains."""
        return self.heterogeneity > _limit(self.expected, self.spread)

    def label(self, features: np.ndarray, shape: tuple[int, int], step: int) -> np.ndarray:
        """Return the region (from 1) of every pixel; 0 everywhere where there is one only.

        Parameters
        ----------
        features : (rows, columns, n) array
            Features of a frame on its grid.
        shape : (height, width)
            Of the frame.
        step : int
            Of the grid.
        """
        if self.count == 1:
            return np.zeros(shape, np.uint8)
        place = (self.yardstick.measured(features) @ self.axes).astype(np.float32)
        rows, columns = ((np.arange(size, dtype=np.float32) - step // 2) / step for size in shape)
        at = np.meshgrid(rows, columns, indexing="ij")
        # Between the places of the grid features change evenly, so borders are smooth.
        full = [
            ndimage.map_coordinates(place[..., axis], at, order=1, mode="nearest")
            for axis in range(place.shape[-1])
        ]
        best = np.full(shape, np.inf, np.float32)
        labels = np.zeros(shape, np.uint8)
        for number, centre in enumerate(self.centres, start=1):
            distance = np.zeros(shape, np.float32)
            for values, middle in zip(full, centre, strict=True):
                distance += (values - np.float32(middle)) ** 2
            nearer = distance < best
            labels[nearer], best[nearer] = number, distance[nearer]
        return labels


def find_regions(
    frames: Sequence[np.ndarray],
    even: Sequence[np.ndarray],
    which: FeatureSet,
    *,
    count: int | None = None,
    most: int = 6,
    seed: int = 0,
) -> Regions:
    """Find kinds of texture.

    Parameters
    ----------
    frames : sequence of (rows, columns, n) arrays
        Features of a few frames of the movie.
    even : sequence of (rows, columns, n) arrays
        Features of frames of even texture made of them; at least three.
    which : FeatureSet
        What the features are.
    count : int, optional
        How many regions; found otherwise, and then possibly one.
    most : int
        No more than this many are looked for.
    seed : int
        Of the clustering's beginnings.

    Returns
    -------
    Regions
        Numbered by brightness (or, without it, by the first feature), darkest first.
    """
    rng = np.random.default_rng(seed)
    n = frames[0].shape[-1]
    data = np.concatenate([each.reshape(-1, n) for each in frames]).astype(np.float64)
    nulls = [each.reshape(-1, n).astype(np.float64) for each in even]
    yardstick = Yardstick.of(data, nulls)
    here = yardstick.measured(data)
    there = [yardstick.measured(each - each.mean(axis=0) + yardstick.middle) for each in nulls]
    values, axes = _directions(here)
    nothing = np.array([_directions(each)[0][0] for each in there])
    expected, spread = float(nothing.mean()), float(nothing.std(ddof=1))
    sticks_out = values > _limit(expected, spread)
    axes = axes[:, : max(1, min(int(sticks_out.sum()), _MOST_AXES))]
    grid = frames[0].shape[:2]
    within = np.concatenate(
        [
            _changes((part @ axes).reshape(*grid, -1), which.reach).ravel()
            for part in np.split(here, len(frames))
        ]
    )
    usual = np.concatenate(
        [_changes((each @ axes).reshape(*grid, -1), which.reach).ravel() for each in there]
    )
    points = _sampled((here @ axes)[_interior(within, usual)], _SAMPLE, rng)
    gaps: dict[int, tuple[float, float]] = {}
    if count is None:
        count = 1
        if sticks_out.any():
            gaps = _gaps(points, [_sampled(each @ axes, _NULL_SAMPLE, rng) for each in there],
                         most, rng)  # fmt: skip
            count = _chosen(gaps)
    centres = _clustered(points, count, rng)[0]
    # Back to the first feature's own units, whatever the direction.
    first = (centres @ axes.T) @ np.linalg.inv(yardstick.transform).T
    order = np.argsort(first[:, 0])
    return Regions(count, float(values[0]), expected, spread, gaps, yardstick, axes, centres[order])


def _limit(expected: float, spread: float) -> float:
    """Return the variance that a direction must exceed to count as structure."""
    return max(expected + _STICKS_OUT * spread, _EFFECT * expected)


def _directions(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return variances, largest first, and their directions."""
    centred = points - points.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    return values[::-1], vectors[:, ::-1]


def _changes(place: np.ndarray, reach: int) -> np.ndarray:
    """Return by how much the features (rows, columns, d) differ within a place's window."""
    size = (2 * reach + 1, 2 * reach + 1, 1)
    return np.linalg.norm(
        ndimage.maximum_filter(place, size) - ndimage.minimum_filter(place, size), axis=-1
    )


def _interior(changes: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Return which places do not lie on a border.

    The window mixes what lies on both sides of a border, and the mixtures would be taken for
    regions of their own.
    """
    limit = _BORDER * np.quantile(usual, 0.95)
    return changes <= max(limit, np.quantile(changes, _LEAST_INTERIOR))


def _sampled(points: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    return points if len(points) <= most else points[rng.choice(len(points), most, replace=False)]


def _clustered(
    points: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, float]:
    """Return the centres of the best of a few k-means clusterings, and what is left within."""
    if count == 1:
        centre = points.mean(axis=0, keepdims=True)
        return centre, float(((points - centre) ** 2).sum(axis=1).mean())
    from scipy.cluster.vq import kmeans2

    best = None
    for _ in range(_STARTS):
        centres, which = kmeans2(points, count, iter=_ROUNDS, minit="++", rng=rng)
        within = float(((points - centres[which]) ** 2).sum(axis=1).mean())
        if best is None or within < best[1]:
            best = centres, within
    assert best is not None
    return best


def _gaps(
    points: np.ndarray, nulls: Sequence[np.ndarray], most: int, rng: np.random.Generator
) -> dict[int, tuple[float, float]]:
    """Return how much better k regions describe the data than even texture, with errors."""
    gaps = {}
    one = np.log(_clustered(points, 1, rng)[1])
    ones = np.array([np.log(_clustered(each, 1, rng)[1]) for each in nulls])
    for count in range(1, most + 2):
        here = np.log(max(_clustered(points, count, rng)[1], 1e-30)) - one
        there = np.array([np.log(max(_clustered(each, count, rng)[1], 1e-30)) for each in nulls])
        there = there - ones
        error = float(there.std() * np.sqrt(1 + 1 / len(there)))
        gaps[count] = (float(there.mean() - here), error)
    return gaps


def _chosen(gaps: dict[int, tuple[float, float]]) -> int:
    """Return the smallest number that one more would not make clearly better.

    By the gap's error, as its authors have it, and by a quarter less left within regions: regions
    of coarse texture, of which a window holds few grains, are uneven by themselves.
    """
    most = max(gaps) - 1
    for count in range(2, most + 1):
        gap, (following, error) = gaps[count][0], gaps[count + 1]
        if gap >= following - max(error, _CLEARLY):
            return count
    return most
