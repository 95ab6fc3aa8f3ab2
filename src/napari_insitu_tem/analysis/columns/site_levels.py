"""Levels: how much of a column every frame shows at every site, found there or not.

A detection is a yes or no, and at a low dose a column that stays is missed in every few frames.
The response of a filter matched to a column, taken at the site in every frame, keeps what the
frame says: weak evidence adds up over frames (see `occupancy`).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.columns.shared_motion import Motion

__all__ = ["divide_contrast", "levels_of", "response"]

_SIZE = 0.2
"""Standard deviation of a column's blob, in neighbour distances."""
_RATIO = 1.6
"""Width of the surround over that of the blob; a difference of Gaussians close to a Laplacian."""


def response(image: np.ndarray, spacing: float, *, bright: bool) -> np.ndarray:
    """Return a frame's response (y, x) to a filter matched to a column.

    Parameters
    ----------
    image : (y, x) array
        A frame.
    spacing : float
        Distance of neighbouring columns, px.
    bright : bool
        Whether columns are brighter than what lies between them.
    """
    pixels = np.nan_to_num(np.asarray(image, np.float32))
    size = _SIZE * spacing
    blob = ndimage.gaussian_filter(pixels, size, mode="nearest")
    surround = ndimage.gaussian_filter(pixels, _RATIO * size, mode="nearest")
    return (blob - surround) if bright else (surround - blob)


def levels_of(
    frames: Iterable[np.ndarray],
    motion: Motion,
    sites: np.ndarray,
    spacing: float,
    *,
    bright: bool,
) -> np.ndarray:
    """Return the response (t, s) of every frame at every site; NaN outside of the frame.

    Parameters
    ----------
    frames : iterable of (y, x) arrays
        In the order of time; one is held at a time.
    motion : Motion
        How every frame lies against the sites.
    sites : (s, 2) array
        y, x, px.
    spacing : float
        Distance of neighbouring columns, px.
    bright : bool
        Whether columns are bright.
    """
    rows = []
    for number, frame in enumerate(frames):
        at = motion.to_frame(number, sites).T
        filtered = response(frame, spacing, bright=bright)
        values = ndimage.map_coordinates(filtered, at, order=1, mode="nearest")
        height, width = filtered.shape
        beyond = (at[0] < 0) | (at[1] < 0) | (at[0] > height - 1) | (at[1] > width - 1)
        rows.append(np.where(beyond, np.nan, values).astype(np.float32))
    return np.array(rows, np.float32).reshape(len(rows), len(sites))


def divide_contrast(levels: np.ndarray) -> np.ndarray:
    """Divide out how much contrast every frame has: focus, thickness and tilt change it.

    The contrast of a frame is the slope of its levels against those of the whole movie. Frames
    with less than a quarter of the usual contrast show nothing, and become NaN.

    Parameters
    ----------
    levels : (t, s) array
        From `levels_of`.
    """
    usual = np.nanmedian(levels, axis=0) if len(levels) else np.zeros(levels.shape[1])
    usual = np.nan_to_num(usual)
    power = float(np.sum(usual**2))
    if power == 0 or levels.shape[1] < 4:
        return levels
    seen = np.isfinite(levels)
    along = np.sum(np.where(seen, levels, 0) * usual, axis=1)
    slope = along / np.maximum(np.sum(np.where(seen, usual**2, 0), axis=1), 1e-12 * power)
    slope = slope / max(float(np.median(slope)), 1e-12)
    return np.where(slope[:, np.newaxis] > 0.25, levels / np.maximum(slope, 0.25)[:, None], np.nan)
