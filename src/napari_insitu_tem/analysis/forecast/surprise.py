"""Surprise: how far what came was from what was expected, against how far it might have been."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Surprise", "frame_difference", "surprise"]

#: Standard deviation (px) of the window that the map is averaged over.
_WINDOW = 3.0
#: Part of the pixels that count for the peak: those of the largest local surprise.
_TOP = 0.05


@dataclass(frozen=True)
class Surprise:
    """The surprise at one frame.

    Parameters
    ----------
    map : (y, x) float32 array
        Squared error over its expected variance, averaged locally; 1 is as expected.
    error, expected : float
        Mean squared error, and what was expected of it.
    mean, peak : float
        Of the map; the peak is over the most surprising twentieth of the frame.
    """

    map: np.ndarray
    error: float
    expected: float
    mean: float
    peak: float


def surprise(truth: np.ndarray, predicted: np.ndarray, spread: np.ndarray) -> Surprise:
    """Compare a frame with its forecast.

    Parameters
    ----------
    truth, predicted, spread : (y, x) arrays
        What came, what was foreseen, and its standard deviation.
    """
    from scipy import ndimage

    squared = (np.asarray(truth, float) - predicted) ** 2
    variance = np.maximum(np.asarray(spread, float) ** 2, 1e-12)
    score = ndimage.gaussian_filter(squared / variance, _WINDOW, mode="reflect")
    count = max(1, round(_TOP * score.size))
    largest = np.partition(score.ravel(), -count)[-count:]
    return Surprise(
        score.astype(np.float32),
        float(squared.mean()),
        float(variance.mean()),
        float(score.mean()),
        float(largest.mean()),
    )


def frame_difference(frame: np.ndarray, before: np.ndarray) -> float:
    """Return the mean squared difference of two frames, with which surprise is compared."""
    return float(np.mean((np.asarray(frame, float) - before) ** 2))
