"""What was taken out of a movie: how strong it is, how it is spread over frequencies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

from napari_insitu_tem.analysis.transfer import spatial_frequency

__all__ = ["ResidualFigures", "radial_power", "residual_figures", "standardised"]


@dataclass(frozen=True)
class ResidualFigures:
    """How a residual compares with the noise expected, and with what is left of the signal.

    Parameters
    ----------
    deviation, expected_deviation : float
        Standard deviation of the residual and of the noise expected, in counts.
    variance_ratio : float
        Variance in units of that expected at every pixel: below 1, noise was left in the denoised
        frame; above 1, more than noise was taken out.
    correlation : float
        Correlation of the residual with the denoised frame. Above 0, contrast was taken away;
        below 0, noise was left in the denoised frame, or contrast added.
    signal_to_noise_db : float
        Variance of the raw frame beyond the noise, over that of the noise; −inf where none is.
    """

    deviation: float
    expected_deviation: float
    variance_ratio: float
    correlation: float
    signal_to_noise_db: float


def standardised(residual: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return a residual in units of the noise expected, without its mean."""
    values = np.asarray(residual, np.float32) / np.sqrt(variance)
    return values - values.mean()


def residual_figures(
    raw: np.ndarray, denoised: np.ndarray, variance: np.ndarray
) -> ResidualFigures:
    """Return the figures of a frame's residual.

    Parameters
    ----------
    raw, denoised : (y, x) arrays
        In the same units.
    variance : (y, x) array
        Of the noise expected in `raw`.
    """
    raw, denoised = np.asarray(raw, np.float64), np.asarray(denoised, np.float64)
    residual = raw - denoised
    expected = float(np.mean(variance))
    ratio = float(standardised(residual, variance).var())
    spread = residual.std() * denoised.std()
    shared = float(np.mean((residual - residual.mean()) * (denoised - denoised.mean())))
    signal = float(raw.var()) - expected
    return ResidualFigures(
        float(residual.std()),
        float(np.sqrt(expected)),
        ratio,
        shared / spread if spread > 0 else 0.0,
        float(10 * np.log10(signal / expected)) if signal > 0 else float("-inf"),
    )


def radial_power(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (frequency in cycles per pixel, mean power) over rings, up to Nyquist.

    Parameters
    ----------
    values : (y, x) array
        White noise of the variance v has the power v everywhere. A Hann window keeps the edges
        from leaking.
    """
    lines = [
        0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size) for size in values.shape
    ]
    taper = np.outer(*lines)
    centred = np.asarray(values, np.float64) - np.mean(values)
    power = np.abs(scipy.fft.rfft2(centred * taper)) ** 2 / np.sum(taper**2)
    side = min(values.shape)
    ring = np.rint(spatial_frequency((values.shape[0], values.shape[1])) * side).astype(int)
    # The columns stand for their opposites as well, but for the first and the last.
    weight = np.full(ring.shape, 2.0)
    weight[:, 0] = 1
    if values.shape[1] % 2 == 0:
        weight[:, -1] = 1
    rings = side // 2
    use = (ring > 0) & (ring <= rings)
    total = np.bincount(ring[use], weight[use], rings + 1)[1:]
    mean = np.bincount(ring[use], (weight * power)[use], rings + 1)[1:] / np.maximum(total, 1)
    return np.arange(1, rings + 1) / side, mean
