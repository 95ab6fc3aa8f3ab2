"""The noise of a frame, apart from what it shows: strength and correlation between pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.blocks import shrink

__all__ = ["Noise", "estimate_noise", "quiet_spread"]

_TILE = 24
_FINE, _COARSE = 0.7, 1.0
_WIDEST_CORRELATION = 1.0
_STEEPEST = 2.2
_SMALLEST = 64  # px a side, of frames whose noise is looked for at twice the scale


@dataclass(frozen=True)
class Noise:
    """Gaussian noise with the strength it would have if its pixels were independent.

    Parameters
    ----------
    density : float
        Square root of the noise power at low frequencies, in counts per pixel; for
        independent pixels this is their standard deviation.
    correlation : float
        Standard deviation, in pixels, of the blur that correlates neighbouring pixels (the
        camera's modulation transfer function); 0 for independent pixels.
    """

    density: float
    correlation: float = 0.0

    def after_smoothing(self, sigma: float) -> float:
        """Return the standard deviation after a Gaussian of `sigma` pixels."""
        # A blur of s leaves 1 / (2 s sqrt(pi)) of independent noise, and never more than all.
        width = math.hypot(sigma, self.correlation)
        return self.density / max(1.0, 2 * width * math.sqrt(math.pi))

    def of_gradient(self, sigma: float) -> float:
        """Return the standard deviation of each gradient component at scale `sigma`."""
        width = max(math.hypot(sigma, self.correlation), 0.5)
        return self.density / (math.sqrt(8 * math.pi) * width**2)

    def of_blob_filter(self, sigma: float) -> float:
        """Return the standard deviation of the scale-normalised Laplacian at `sigma`."""
        width = max(math.hypot(sigma, self.correlation), 0.5)
        return self.density * sigma**2 / (math.sqrt(2 * math.pi) * width**3)


@lru_cache
def _gain(sigma: float) -> float:
    """Noise gain of the Laplacian of a Gaussian as SciPy samples it."""
    impulse = np.zeros((33, 33), np.float32)
    impulse[16, 16] = 1
    return float(np.sqrt(np.sum(ndimage.gaussian_laplace(impulse, sigma) ** 2)))


def _tiles(response: np.ndarray) -> np.ndarray:
    height, width = (max(size // _TILE, 1) for size in response.shape)
    tile_y, tile_x = (min(_TILE, size) for size in response.shape)
    cut = response[: height * tile_y, : width * tile_x]
    tiles = cut.reshape(height, tile_y, width, tile_x).swapaxes(1, 2).reshape(height * width, -1)
    # SciPy's sampled Laplacian does not quite sum to zero, so a level leaks through.
    return tiles - tiles.mean(axis=1, keepdims=True)


def _responses(frame: np.ndarray, sigma: float) -> np.ndarray:
    """Laplacian of a Gaussian; of large frames, on a third of it: one tile row in three."""
    if frame.shape[0] < 16 * _TILE:
        return ndimage.gaussian_laplace(frame, sigma)
    margin, width = 4, frame.shape[1]
    pitch, height = 3 * _TILE, _TILE + 2 * margin
    count = frame.shape[0] // pitch
    bands = frame[: count * pitch].reshape(count, pitch, width)[:, :height]
    filtered = ndimage.gaussian_laplace(bands.reshape(-1, width), sigma)
    return filtered.reshape(count, height, width)[:, margin:-margin].reshape(-1, width)


def quiet_spread(response: np.ndarray) -> float:
    """Return the robust standard deviation of a filter's response in the quieter tiles."""
    spread = 1.4826 * np.median(np.abs(_tiles(response)), axis=1)
    quiet = (spread >= np.quantile(spread, 0.1)) & (spread <= np.quantile(spread, 0.45))
    return float(np.mean(spread[quiet]))


def estimate_noise(frame: np.ndarray) -> Noise:
    """Estimate the noise of one frame from its quietest tiles.

    The Laplacian of a Gaussian at two fine scales takes out what varies slowly; in the
    quieter tiles its spread (median absolute deviation) is noise. The ratio of the two scales
    gives the correlation between pixels, unless the responses are not Gaussian, that is,
    unless small particles everywhere are what they show.

    Parameters
    ----------
    frame : (y, x) array
        Counts.

    Returns
    -------
    Noise
        Density and correlation.
    """
    frame = np.asarray(frame, np.float32)
    fine = _tiles(_responses(frame, _FINE))
    coarse = _tiles(_responses(frame, _COARSE))
    spread = 1.4826 * np.median(np.abs(fine), axis=1)
    # The very quietest may be saturated or dead, the loud ones hold particles.
    quiet = (spread >= np.quantile(spread, 0.1)) & (spread <= np.quantile(spread, 0.45))
    density_fine = float(np.mean(spread[quiet])) / _gain(_FINE)
    density_coarse = float(np.mean(1.4826 * np.median(np.abs(coarse[quiet]), axis=1)))
    density_coarse /= _gain(_COARSE)
    # No frame is known better than its numbers are rounded.
    rounding = 1e-4 * float(np.max(np.abs(frame), initial=0)) + 1e-12
    if density_fine <= rounding:
        return Noise(rounding)
    sample = coarse[quiet] - coarse[quiet].mean()
    square = sample**2  # products, because powers above 2 are slow
    variance = float(np.mean(square))
    kurtosis = float(np.mean(square**2)) / variance**2 if variance > 0 else 3.0
    skewness = float(np.mean(square * sample)) / variance**1.5 if variance > 0 else 0.0
    ratio = density_coarse / density_fine
    # Crowded small particles also make neighbours alike, but more so than a camera does, and
    # not like Gaussian noise.
    gaussian = 2.8 < kurtosis < 3.5 and abs(skewness) < 0.3
    if gaussian and ratio >= _STEEPEST and min(frame.shape) >= 2 * _SMALLEST:
        # Frames that were denoised or enlarged have no noise in their finest details; what is left
        # of it is coarser.
        halved = estimate_noise(shrink(frame, 2))
        return Noise(2 * halved.density, 2 * halved.correlation)
    if not gaussian or not 1.0 < ratio < _STEEPEST:
        return Noise(density_fine)
    growth = ratio ** (2 / 3)
    # N(s) = density (1 + c^2 / s^2)^(-3/2) for noise blurred by c; solved for c^2.
    steep = 1 / _FINE**2
    squared = (growth - 1) / max(steep - growth, 1e-6)
    squared = min(squared, _WIDEST_CORRELATION**2)
    return Noise(density_fine * (1 + squared * steep) ** 1.5, math.sqrt(squared))
