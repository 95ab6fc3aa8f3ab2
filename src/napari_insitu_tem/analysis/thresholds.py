"""Where particles end: thresholds on a flattened frame in which particles are positive."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.blocks import enlarge, shrink

__all__ = ["edge_level", "global_threshold", "local_edge_levels"]


def edge_weights(flat: np.ndarray, noise_of_gradient: float) -> np.ndarray:
    """Return squared gradients, zero where noise alone could make them.

    Parameters
    ----------
    flat : (y, x) float array
        Smoothed, flattened frame.
    noise_of_gradient : float
        Standard deviation of a gradient component from noise.

    Returns
    -------
    (y, x) float32 array
        Weights.
    """
    squared = squared_gradient(flat)
    # Noise gradients are Rayleigh distributed; a few pixels of the frame may pass.
    limit = 2 * math.log(max(squared.size / 3, 10))
    squared[squared < limit * noise_of_gradient**2] = 0
    return squared


def squared_gradient(flat: np.ndarray) -> np.ndarray:
    """Return the squared gradient by central differences; across the border it is 0."""
    along_y = np.empty_like(flat)
    along_y[1:-1] = (flat[2:] - flat[:-2]) / 2
    along_y[0], along_y[-1] = 0, 0
    along_x = np.empty_like(flat)
    along_x[:, 1:-1] = (flat[:, 2:] - flat[:, :-2]) / 2
    along_x[:, 0], along_x[:, -1] = 0, 0
    return along_y**2 + along_x**2


def edge_level(flat: np.ndarray, weights: np.ndarray) -> float | None:
    """Return the mean level of the edges, or None where there are none.

    The robust automatic threshold selection of Kittler, Illingworth and Föglein (Comput.
    Vision Graph. Image Process. 30, 125, 1985): it lies half-way up the edges whatever part
    of the frame the particles cover.
    """
    # Only rising edges count: a Fresnel fringe around a particle lies below the background.
    weights = np.where(flat > 0, weights, 0)
    total = float(weights.sum(dtype=np.float64))
    if total <= 0:
        return None
    return float((weights * flat).sum(dtype=np.float64)) / total


def local_edge_levels(
    flat: np.ndarray, weights: np.ndarray, level: float, scale: float
) -> np.ndarray:
    """Return the level of the edges nearby, drawn to `level` where there are none.

    A faint particle among strong ones so gets its own half-way level. It stays within 0.4
    and 1.25 times `level`.

    Parameters
    ----------
    flat, weights : (y, x) arrays
        As in `edge_level`.
    level : float
        Level of the whole frame.
    scale : float
        Standard deviation of the neighbourhood in pixels.

    Returns
    -------
    (y, x) float32 array
        Levels.
    """
    weights = np.where(flat > 0, weights, 0)
    factor = max(1, int(scale / 3))
    mass = shrink(weights, factor)
    moment = shrink(weights * flat, factor)
    sigma = scale / factor
    mass = ndimage.gaussian_filter(mass, sigma, mode="reflect", truncate=3)
    moment = ndimage.gaussian_filter(moment, sigma, mode="reflect", truncate=3)
    prior = 0.02 * float(mass.max(initial=0)) + 1e-30
    levels = (moment + prior * level) / (mass + prior)
    return enlarge(np.clip(levels, 0.4 * level, 1.25 * level), flat.shape, factor)


def global_threshold(flat: np.ndarray, method: str) -> float:
    """Return a classical threshold of the whole frame.

    Parameters
    ----------
    flat : (y, x) float array
        Flattened frame.
    method : {"otsu", "li", "triangle", "minimum_error"}
        scikit-image's `threshold_otsu`, `threshold_li` and `threshold_triangle`, or Kittler
        and Illingworth's minimum error (Pattern Recognition 19, 41, 1986).
    """
    from skimage import filters

    low, high = np.percentile(flat, [0.01, 99.99])
    if not high > low:
        return float(high)
    clipped = np.clip(flat, low, high)
    if method == "otsu":
        return float(filters.threshold_otsu(clipped))
    if method == "li":
        return float(filters.threshold_li(clipped))
    if method == "triangle":
        return float(filters.threshold_triangle(clipped))
    if method == "minimum_error":
        return _minimum_error(clipped)
    raise ValueError(f"There is no threshold '{method}'.")


def _minimum_error(values: np.ndarray) -> float:
    counts, edges = np.histogram(values, 256)
    p = counts / counts.sum()
    x = (edges[:-1] + edges[1:]) / 2
    below, above = np.cumsum(p), 1 - np.cumsum(p)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_below = np.cumsum(p * x) / below
        mean_above = (np.sum(p * x) - np.cumsum(p * x)) / above
        var_below = np.cumsum(p * x**2) / below - mean_below**2
        var_above = (np.sum(p * x**2) - np.cumsum(p * x**2)) / above - mean_above**2
        cost = (
            1
            + below * np.log(var_below)
            + above * np.log(var_above)
            - 2 * (below * np.log(below) + above * np.log(above))
        )
    usable = np.isfinite(cost) & (below > 1e-4) & (above > 1e-4)
    smallest = (edges[1] - edges[0]) ** 2
    usable &= (var_below > smallest) & (var_above > smallest)
    return float(x[np.argmin(np.where(usable, cost, np.inf))]) if usable.any() else float(x[-1])
