"""Means of blocks of pixels, and back to pixels."""

from __future__ import annotations

import numpy as np

__all__ = ["enlarge", "shrink"]


def shrink(image: np.ndarray, factor: int) -> np.ndarray:
    """Return means of blocks of `factor` × `factor` pixels; an incomplete last one is left out."""
    if factor <= 1:
        return image
    height, width = (size // factor for size in image.shape)
    cut = image[: height * factor, : width * factor]
    return cut.reshape(height, factor, width, factor).mean(axis=(1, 3))


def enlarge(small: np.ndarray, shape: tuple[int, ...], factor: int) -> np.ndarray:
    """Return block means on the grid of the pixels (`shape`) again, linearly interpolated."""
    if factor <= 1:
        return small
    out = small
    for axis, size in enumerate(shape):
        position = np.clip((np.arange(size) + 0.5) / factor - 0.5, 0, small.shape[axis] - 1)
        lower = np.minimum(position.astype(int), max(small.shape[axis] - 2, 0))
        part = (position - lower).astype(np.float32)
        upper = np.minimum(lower + 1, small.shape[axis] - 1)
        part = part[:, None] if axis == 0 else part[None, :]
        out = np.take(out, lower, axis) * (1 - part) + np.take(out, upper, axis) * part
    return out
