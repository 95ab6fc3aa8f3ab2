"""Variance stabilisation: counted electrons made to carry the same noise everywhere.

A pixel reads ``gain * electrons + offset + readout noise``, with Poisson-distributed electrons.
The generalised Anscombe transform [1]_ turns it into a value whose noise is 1 at every
brightness, which is what total variation, non-local means and wavelets assume. Its algebraic
inverse is biased at low counts; the exact unbiased inverse [2]_ is not.

References
----------
.. [1] J.-L. Starck, F. Murtagh, A. Bijaoui, "Image Processing and Data Analysis", Cambridge
   University Press 1998.
.. [2] M. Mäkitalo, A. Foi, "Optimal inversion of the generalized Anscombe transformation for
   Poisson-Gaussian noise", IEEE Trans. Image Process. 22 (2013) 91, equation 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["CountingNoise", "estimate_counting_noise", "noise_level"]

_TILE = 16
_BINS = 12
_MAX_TABLE = 400.0


@dataclass(frozen=True)
class CountingNoise:
    """How a camera's readings follow from electrons.

    Parameters
    ----------
    gain : float
        Reading per electron.
    offset : float
        Reading without electrons.
    readout : float
        Standard deviation of the readout noise, in readings.
    """

    gain: float
    offset: float = 0.0
    readout: float = 0.0

    @property
    def _relative_readout(self) -> float:
        return self.readout / self.gain

    def stabilise(self, values: np.ndarray) -> np.ndarray:
        """Return values with noise of unit variance; generalised Anscombe transform."""
        electrons = (np.asarray(values, np.float32) - np.float32(self.offset)) / np.float32(
            self.gain
        )
        shifted = electrons + np.float32(0.375 + self._relative_readout**2)
        return np.asarray(2 * np.sqrt(np.maximum(shifted, 0)), np.float32)

    def restore(self, values: np.ndarray) -> np.ndarray:
        """Return the expected reading for stabilised values; exact unbiased inverse."""
        electrons, transformed = self._table
        values = np.asarray(values, np.float32)
        exact = np.interp(values, transformed, electrons)
        # Far above the table, the algebraic inverse with its asymptotic correction.
        far = 0.25 * values.astype(np.float64) ** 2 - 0.125 - self._relative_readout**2
        found = np.where(values > transformed[-1], far, exact)
        return np.asarray(found * self.gain + self.offset, np.float32)

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean numbers of electrons, and the mean of the transform for each."""
        from scipy.stats import poisson

        means = np.concatenate([[0.0], np.geomspace(0.01, _MAX_TABLE, 400)])
        counts = np.arange(int(_MAX_TABLE + 10 * np.sqrt(_MAX_TABLE)) + 20)
        nodes, weights = np.polynomial.hermite_e.hermegauss(31)
        weights = weights / weights.sum()
        noisy = counts[:, None] + self._relative_readout * nodes
        shifted = np.maximum(noisy + 0.375 + self._relative_readout**2, 0)
        given = 2 * np.sqrt(shifted) @ weights
        return means, poisson.pmf(counts[None, :], means[:, None]) @ given


def noise_level(frame: np.ndarray) -> float:
    """Return the standard deviation of a frame's noise, from its finest diagonal details.

    Median absolute deviation of the diagonal Haar coefficients (D. L. Donoho, I. M. Johnstone,
    Biometrika 81 (1994) 425); for readings of few counts, where that is 0, their mean square.
    """
    details = _diagonal_details(np.asarray(frame, np.float32))
    if details.size == 0:
        return 0.0
    robust = float(np.median(np.abs(details))) / 0.6745
    return robust if robust > 0 else float(np.sqrt(np.mean(details**2)))


def estimate_counting_noise(frames: Sequence[np.ndarray]) -> CountingNoise | None:
    """Estimate gain and offset from how the noise grows with brightness.

    The variance of the diagonal details in small tiles, against the tiles' means, is fitted by
    a line. What it is at zero reading cannot be told apart into offset and readout noise: a
    positive rest is taken for readout noise, a negative one for an offset.

    Parameters
    ----------
    frames : sequence of (y, x) arrays
        A few frames.

    Returns
    -------
    CountingNoise or None
        None when the noise does not grow with brightness; it is then the same everywhere
        already.
    """
    means, variances = (np.concatenate(part) for part in zip(*map(_tiles, frames), strict=True))
    if means.size < 4 * _BINS or not variances.any():
        return None
    edges = np.quantile(means, np.linspace(0, 1, _BINS + 1))
    which = np.clip(np.searchsorted(edges, means, side="right") - 1, 0, _BINS - 1)
    members = [which == number for number in range(_BINS)]
    members = [member for member in members if member.sum() >= 4]
    if len(members) < 4:
        return None
    x = np.array([means[member].mean() for member in members])
    # Edges of particles raise the variance of some tiles; the lower half is noise alone.
    y = np.array([np.quantile(variances[member], 0.4) for member in members])
    weight = 1 / np.maximum(y, 0.1 * np.median(y) + 1e-12)
    (slope, rest), covariance = np.polyfit(x, y, 1, w=weight, cov="unscaled")
    scatter = float(np.sqrt(np.mean((weight * (y - slope * x - rest)) ** 2)))
    if slope <= 0 or slope < 3 * scatter * np.sqrt(covariance[0, 0]):
        return None
    if slope * (x.max() - x.min()) < 0.1 * float(np.median(y)):
        return None
    if rest >= 0:
        return CountingNoise(float(slope), 0.0, float(np.sqrt(rest)))
    return CountingNoise(float(slope), float(-rest / slope), 0.0)


def _diagonal_details(frame: np.ndarray) -> np.ndarray:
    height, width = (size // 2 * 2 for size in frame.shape)
    even = frame[0:height:2, 0:width:2] - frame[0:height:2, 1:width:2]
    odd = frame[1:height:2, 0:width:2] - frame[1:height:2, 1:width:2]
    return (even - odd) / 2


def _tiles(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and noise variance of every tile."""
    frame = np.asarray(frame, np.float32)
    rows, columns = (size // _TILE for size in frame.shape)
    if rows == 0 or columns == 0:
        return np.zeros(0), np.zeros(0)
    cut = frame[: rows * _TILE, : columns * _TILE]
    means = cut.reshape(rows, _TILE, columns, _TILE).mean(axis=(1, 3))
    half = _TILE // 2
    details = _diagonal_details(cut) ** 2
    variances = details.reshape(rows, half, columns, half).mean(axis=(1, 3))
    return means.ravel().astype(float), variances.ravel().astype(float)
