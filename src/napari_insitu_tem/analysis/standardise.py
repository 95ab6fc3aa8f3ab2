"""Frames as networks take them: zero mean, unit standard deviation, whatever the camera."""

from __future__ import annotations

import numpy as np

__all__ = ["standardise"]

_OUTLIERS = (0.1, 99.9)
_FARTHEST = 6.0


def standardise(frame: np.ndarray) -> np.ndarray:
    """Return a frame with zero mean and unit standard deviation, outliers clipped.

    Per-image z-scores are what Qian et al. use; hot pixels and burned-in writing do not count
    here, and pixels that are not finite become the mean.

    Parameters
    ----------
    frame : (y, x) array
        Real-valued pixels.

    Returns
    -------
    (y, x) float32 array
        Zero everywhere for a constant frame.
    """
    values = np.asarray(frame, np.float32)
    finite = np.isfinite(values)
    if not finite.all():
        values = np.where(finite, values, values[finite].mean() if finite.any() else 0)
    step = max(1, values.size // 200_000)
    low, high = np.percentile(values.ravel()[::step], _OUTLIERS)
    typical = np.clip(values, low, high)
    deviation = float(typical.std())
    if deviation <= 1e-12 * max(abs(float(low)), abs(float(high)), 1e-30):
        return np.zeros_like(values)
    result: np.ndarray = np.clip((values - typical.mean()) / deviation, -_FARTHEST, _FARTHEST)
    return result.astype(np.float32)
