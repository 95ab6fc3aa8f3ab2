"""Where a residual holds structure, and where two halves of the data tell different tales.

Noise averages out over an area, structure does not. So the residual, in units of the noise
expected, is averaged with Gaussians of several widths; noise of unit strength gives values of unit
strength again, and what sticks out beyond any chance is structure.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = ["SCALES", "Significance", "disagreement", "limit_of_chance", "local_structure"]

SCALES = (1.0, 2.0, 4.0, 8.0)
_TRUNCATE = 4.0


@dataclass(frozen=True, eq=False)
class Significance:
    """A map in standard deviations of the noise.

    Parameters
    ----------
    values : (y, x) float32 array
        Of the width at which it is farthest from 0; with a sign where that has a meaning.
    limit : float
        What noise passes in one frame of a hundred, anywhere in it.
    """

    values: np.ndarray
    limit: float

    @property
    def marked(self) -> np.ndarray:
        """Pixels beyond the limit."""
        return np.abs(self.values) > self.limit

    @property
    def fraction(self) -> float:
        """Part of the frame that lies beyond the limit."""
        return float(self.marked.mean())


def limit_of_chance(pixels: int, scales: int, *, alarm: float = 0.01) -> float:
    """Return the standard deviations that noise passes anywhere with the probability `alarm`.

    Bonferroni's bound over pixels and widths; averaged pixels are not independent, so the true
    probability is below it.
    """
    from scipy.stats import norm

    return float(norm.isf(alarm / (2 * pixels * scales)))


def local_structure(residual: np.ndarray, *, scales: Sequence[float] = SCALES) -> Significance:
    """Return where a residual is no noise.

    Parameters
    ----------
    residual : (y, x) array
        In units of the noise expected at every pixel, and free of the noise's own correlation.
    scales : sequence of float
        Standard deviations of the Gaussians, in pixels.

    Returns
    -------
    Significance
        Positive where the data are brighter than the denoised frame.
    """
    residual = np.asarray(residual, np.float32)
    residual = residual - residual.mean()
    best = np.zeros(residual.shape, np.float32)
    for sigma in scales:
        smooth = averaged(residual, sigma)
        np.copyto(best, smooth, where=np.abs(smooth) > np.abs(best))
    return Significance(best, limit_of_chance(residual.size, len(scales)))


def disagreement(
    denoised: np.ndarray, raw: np.ndarray, *, scales: Sequence[float] = SCALES
) -> Significance:
    """Return where separately denoised halves differ by more than their noise can explain.

    A denoiser takes noise away, or at worst leaves it: averaged over any width, its two results
    differ by no more than the raw halves' noise does. Where they differ by more, it has made
    something out of noise. What the raw halves differ by at the same place (something moved) is
    taken off.

    Parameters
    ----------
    denoised, raw : (y, x) arrays
        Difference between the two denoised halves and between the raw ones, both in units of
        the noise expected of the raw difference, and whitened alike.
    scales : sequence of float
        Standard deviations of the Gaussians, in pixels.

    Returns
    -------
    Significance
        Not negative. What both halves invent alike (a bias of the denoiser) cannot be seen.
    """
    denoised, raw = (np.asarray(each, np.float32) for each in (denoised, raw))
    denoised, raw = denoised - denoised.mean(), raw - raw.mean()
    worst = np.zeros(denoised.shape, np.float32)
    for sigma in scales:
        beyond = np.abs(averaged(denoised, sigma)) - np.abs(averaged(raw, sigma))
        np.maximum(worst, beyond, out=worst)
    return Significance(worst, limit_of_chance(denoised.size, len(scales)))


def averaged(values: np.ndarray, sigma: float) -> np.ndarray:
    """Return a Gaussian average, scaled so that white noise of unit strength keeps it."""
    smooth = ndimage.gaussian_filter(values, sigma, mode="constant", truncate=_TRUNCATE)
    return smooth / _strength((values.shape[0], values.shape[1]), sigma)


@functools.lru_cache(maxsize=16)
def _strength(shape: tuple[int, int], sigma: float) -> np.ndarray:
    """Return the standard deviation of averaged white noise; at the edges, zeros are averaged."""
    reach = int(_TRUNCATE * sigma + 0.5)
    impulse = np.zeros(2 * reach + 1)
    impulse[reach] = 1
    squared = ndimage.gaussian_filter1d(impulse, sigma, truncate=_TRUNCATE) ** 2
    lines = [ndimage.convolve1d(np.ones(size), squared, mode="constant") for size in shape]
    strength = np.sqrt(np.outer(*lines)).astype(np.float32)
    strength.flags.writeable = False
    return strength
