"""Uneven illumination: a smooth surface under the particles, found without them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.blocks import enlarge, shrink

__all__ = ["fit_polynomial", "smooth_background"]


def _axes(shape: tuple[int, ...], factor: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of (block) centres, -1 to 1 over the frame."""
    axes = []
    for size in shape:
        count = size // factor
        axes.append((2 * (np.arange(count) + 0.5) * factor / size - 1).astype(np.float32))
    return axes[0], axes[1]


def _terms(y: np.ndarray, x: np.ndarray, degree: int) -> np.ndarray:
    y, x = np.meshgrid(y, x, indexing="ij")
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    return np.stack([y.ravel() ** i * x.ravel() ** j for i, j in powers], axis=1)


def fit_polynomial(image: np.ndarray, *, degree: int = 2, rounds: int = 12) -> np.ndarray:
    """Fit a polynomial surface to the level that most of the frame has.

    Iteratively reweighted least squares with Tukey's biweight, so that particles count as
    outliers whichever side they lie on.

    Parameters
    ----------
    image : (y, x) array
        A frame.
    degree : int
        Total degree of the polynomial.
    rounds : int
        Reweightings.

    Returns
    -------
    (y, x) float32 array
        The surface.
    """
    factor = max(1, min(image.shape) // 64)
    small = shrink(np.asarray(image, np.float32), factor)
    y, x = _axes(image.shape, factor)
    terms = _terms(y, x, degree).astype(np.float64)
    values = small.ravel().astype(np.float64)
    weights: np.ndarray = np.ones_like(values)
    ridge = 1e-6 * len(values) * np.eye(terms.shape[1])
    solution: np.ndarray = np.zeros(terms.shape[1])
    for _ in range(rounds):
        weighted = terms * weights[:, None]
        solution = np.linalg.solve(weighted.T @ weighted + ridge, weighted.T @ (weights * values))
        residual = values - terms @ solution
        scale = 1.4826 * np.median(np.abs(residual - np.median(residual)))
        if scale <= 0:
            break
        weights = np.clip(1 - (residual / (4.0 * scale)) ** 2, 0, None)
    y, x = _axes(image.shape)
    powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
    surface = np.zeros(image.shape, np.float32)
    for coefficient, (i, j) in zip(solution, powers, strict=True):
        surface += np.float32(coefficient) * (y**i)[:, None] * (x**j)[None, :]
    return surface


def smooth_background(
    image: np.ndarray, foreground: np.ndarray, scale: float, prior: np.ndarray
) -> np.ndarray:
    """Interpolate what lies around the particles under them.

    Normalised convolution (Knutsson and Westin, CVPR 1993): a Gaussian mean over background
    pixels only, drawn to `prior` where there are few.

    Parameters
    ----------
    image : (y, x) array
        A frame.
    foreground : (y, x) bool array
        Pixels to leave out.
    scale : float
        Standard deviation of the Gaussian in pixels; well above the particles' size.
    prior : (y, x) array
        Surface where nothing better is known, for example from `fit_polynomial`.

    Returns
    -------
    (y, x) float32 array
        The background.
    """
    factor = max(1, int(scale / 4))
    weight = np.where(foreground, np.float32(0), np.float32(1))
    residual = (image - prior) * weight
    small_weight, small_residual = shrink(weight, factor), shrink(residual, factor)
    sigma = scale / factor
    total = ndimage.gaussian_filter(small_weight, sigma, mode="reflect", truncate=3)
    mean = ndimage.gaussian_filter(small_residual, sigma, mode="reflect", truncate=3)
    mean /= total + 0.05
    return prior + enlarge(mean, image.shape, factor)
