"""Whether a residual is white: autocorrelation against what white noise of that size gives.

The correlations of N independent values at different distances are independent themselves, with
mean 0 and variance 1/N; N times the sum of their squares is chi-squared distributed (G. E. P. Box,
D. A. Pierce, J. Am. Stat. Assoc. 65 (1970) 1509, here in two dimensions).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft

__all__ = ["Whiteness", "autocorrelation", "whiteness", "whiteness_of_movie"]

REACH = 5


@dataclass(frozen=True, eq=False)
class Whiteness:
    """Outcome of the whiteness test.

    Parameters
    ----------
    correlation : (reach + 1, 2 reach + 1) array
        Correlation by distance: rows 0 … reach down, columns −reach … reach to the right; of
        distance 0 it is 1. Half of the plane, since the other half is the same.
    pixels : float
        Number of pixels it was taken over.
    statistic, freedom : float
        N times the sum of squared correlations, and the number of distances.
    """

    correlation: np.ndarray
    pixels: float
    statistic: float
    freedom: int

    @property
    def p_value(self) -> float:
        """Probability that white noise looks at least this correlated."""
        from scipy.stats import chi2

        return float(chi2.sf(self.statistic, self.freedom))

    @property
    def largest(self) -> float:
        """The correlation farthest from 0, with its sign."""
        values = self.correlation[_half_plane(len(self.correlation) - 1)]
        return float(values[np.argmax(np.abs(values))])

    @property
    def mean(self) -> float:
        """Mean correlation over the distances: positive where structure wider than noise is left.

        What is left of noise in the denoised movie makes near ones negative instead.
        """
        return float(self.correlation[_half_plane(len(self.correlation) - 1)].mean())

    def beside(self) -> float:
        """Return the correlation of neighbours (the mean of the two directions)."""
        reach = len(self.correlation) - 1
        return float((self.correlation[0, reach + 1] + self.correlation[1, reach]) / 2)


def autocorrelation(values: np.ndarray, *, reach: int = REACH) -> np.ndarray:
    """Return the correlation between pixels by their distance.

    Parameters
    ----------
    values : (y, x) array
        Finite, larger than `reach` on both sides. Its mean is taken out.
    reach : int
        Largest distance, in pixels.

    Returns
    -------
    (reach + 1, 2 reach + 1) array
        As `Whiteness.correlation`; zeros (but for distance 0) of a constant.
    """
    values = np.asarray(values, np.float64)
    values = values - values.mean()
    padded = tuple(scipy.fft.next_fast_len(size + reach, real=True) for size in values.shape)
    spectrum = np.abs(scipy.fft.rfft2(values, s=padded)) ** 2
    covariance = scipy.fft.irfft2(spectrum, s=padded)
    down, right = np.arange(reach + 1), np.arange(-reach, reach + 1)
    pairs = np.outer(values.shape[0] - down, values.shape[1] - np.abs(right))
    found = covariance[np.ix_(down, right)] / pairs
    variance = found[0, reach]
    if variance <= 0:
        found = np.zeros_like(found)
    else:
        found /= variance
    found[0, reach] = 1.0
    return found


def whiteness(values: np.ndarray, *, reach: int = REACH) -> Whiteness:
    """Test whether a residual is white.

    Parameters
    ----------
    values : (y, x) array
        The residual in units of the noise expected at every pixel, and freed from the camera's
        own correlation (`ExpectedNoise.whitened`).
    reach : int
        Distances tested, in pixels; structure that is wider correlates near pixels as well.

    Returns
    -------
    Whiteness
        Of independent values, `p_value` is evenly distributed between 0 and 1.
    """
    return _tested([autocorrelation(values, reach=reach)], [values.shape])


def whiteness_of_movie(correlations: Sequence[np.ndarray], shape: tuple[int, int]) -> Whiteness:
    """Return the test of all frames together.

    Parameters
    ----------
    correlations : sequence of (reach + 1, 2 reach + 1) arrays
        Of every frame.
    shape : (height, width)
        Of a frame.
    """
    return _tested(correlations, [shape] * len(correlations))


def _tested(correlations: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]]) -> Whiteness:
    mean = np.mean(correlations, axis=0)
    reach = len(mean) - 1
    down, right = np.arange(reach + 1), np.arange(-reach, reach + 1)
    pairs = sum(np.outer(shape[0] - down, shape[1] - np.abs(right)) for shape in shapes)
    half = _half_plane(reach)
    statistic = float(np.sum((np.asarray(pairs) * mean**2)[half]))
    pixels = float(sum(shape[0] * shape[1] for shape in shapes))
    return Whiteness(mean, pixels, statistic, int(half.sum()))


def _half_plane(reach: int) -> np.ndarray:
    """Distances without their opposites, and without 0."""
    half = np.ones((reach + 1, 2 * reach + 1), bool)
    half[0, : reach + 1] = False
    return half
