"""Forecasts without a network: what any forecast must beat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

__all__ = ["BASELINES", "MEAN_GREY", "baseline_forecasts"]

#: Nothing but the mean of all that came: the best forecast of pure noise.
MEAN_GREY = "mean grey"


def last_frame(given: np.ndarray, steps: int) -> np.ndarray:
    """Return the last frame, again and again (persistence)."""
    return np.repeat(given[-1:], steps, axis=0)


def mean_of_given(given: np.ndarray, steps: int) -> np.ndarray:
    """Return the mean of the given frames: less noise, and a blur of what moves."""
    return np.repeat(given.mean(axis=0, keepdims=True), steps, axis=0)


def linear(given: np.ndarray, steps: int) -> np.ndarray:
    """Return straight lines through every pixel's given values, by least squares."""
    if len(given) < 2:
        return last_frame(given, steps)
    time = np.arange(len(given)) - (len(given) - 1) / 2
    slope = np.tensordot(time, given, axes=1) / float(np.sum(time**2))
    ahead = time[-1] + np.arange(1, steps + 1)
    found = given.mean(axis=0) + ahead[:, np.newaxis, np.newaxis] * slope
    return found.astype(given.dtype)


def optical_flow(given: np.ndarray, steps: int) -> np.ndarray:
    """Return the last frame moved on along the flow between the given ones.

    Iterative Lucas and Kanade (scikit-image) between the first and the last given frame, which
    moved more against the noise than neighbours did; a smooth and steady motion is assumed.
    """
    from scipy import ndimage
    from skimage.registration import optical_flow_ilk

    if len(given) < 2:
        return last_frame(given, steps)
    half = max(1, len(given) // 2)
    early, late = given[:half].mean(axis=0), given[-half:].mean(axis=0)
    apart = len(given) - half
    flow = optical_flow_ilk(late, early, radius=9, gaussian=True) / -apart
    rows, columns = np.mgrid[: given.shape[1], : given.shape[2]]
    moved = [
        ndimage.map_coordinates(
            given[-1],
            [rows - step * flow[0], columns - step * flow[1]],
            order=1,
            mode="nearest",
        )
        for step in range(1, steps + 1)
    ]
    return np.stack(moved).astype(given.dtype)


#: From the given frames (n, y, x) and a number of steps to as many frames.
BASELINES: Mapping[str, Callable[[np.ndarray, int], np.ndarray]] = MappingProxyType(
    {
        "last frame": last_frame,
        "mean of given": mean_of_given,
        "linear": linear,
        "optical flow": optical_flow,
    }
)


def baseline_forecasts(
    given: np.ndarray, steps: int, *, past_mean: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return every baseline's forecast.

    Parameters
    ----------
    given : (n, y, x) float array
        What is known, evenly spaced in time.
    steps : int
        How many frames to go on for, equally spaced.
    past_mean : (y, x) array, optional
        Mean of all frames up to the present, which is a baseline of its own; so is its mean over
        the frame.

    Returns
    -------
    dict of (steps, y, x) arrays
        By name.
    """
    found = {name: forecast(given, steps) for name, forecast in BASELINES.items()}
    if past_mean is not None:
        found["mean of past"] = np.repeat(past_mean[np.newaxis], steps, axis=0)
        found[MEAN_GREY] = np.full_like(found["mean of past"], past_mean.mean())
    return found
