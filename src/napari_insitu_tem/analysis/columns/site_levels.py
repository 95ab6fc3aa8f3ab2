"""Levels: how much of a column every frame shows at every site, found there or not.

A detection is a yes or no, and at a low dose a column that stays is missed in every few frames.
The response of a filter matched to a column, taken at the site in every frame, keeps what the
frame says: weak evidence adds up over frames (see `occupancy`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.columns.shared_motion import Motion

__all__ = ["divide_contrast", "known_medians", "levels_of", "response", "spot_size"]

_SIZES = (0.08, 0.1, 0.125, 0.16, 0.2, 0.26)
"""Standard deviations of a spot that are tried, in neighbour distances."""
_OTHER = 1.3
_FINEST = 0.7
"""The finest filter, px: a pixel itself is a spot of 0.3."""
_RATIO = 1.6
"""Width of the surround over that of the blob; a difference of Gaussians close to a Laplacian."""


def response(image: np.ndarray, size: float, *, bright: bool) -> np.ndarray:
    """Return a frame's response (y, x) to a filter matched to a column.

    Parameters
    ----------
    image : (y, x) array
        A frame.
    size : float
        Standard deviation of the spot of a column, px.
    bright : bool
        Whether columns are brighter than what lies between them.
    """
    pixels = np.nan_to_num(np.asarray(image, np.float32))
    blob = ndimage.gaussian_filter(pixels, size, mode="nearest")
    surround = ndimage.gaussian_filter(pixels, _RATIO * size, mode="nearest")
    return (blob - surround) if bright else (surround - blob)


def spot_size(
    frames: Sequence[tuple[int, np.ndarray]],
    motion: Motion,
    sites: np.ndarray,
    spacing: float,
    *,
    bright: bool,
) -> tuple[float, bool]:
    """Return the size of the filter (px) in which the sites stand out most, and the polarity.

    The width of a spot comes from the microscope's resolution, not from the lattice, so it is
    looked for between 0.08 and 0.26 of the spacing.

    Parameters
    ----------
    frames : sequence of (int, (y, x) array)
        Some frames, with their numbers; neighbouring ones, from which noise is told.
    motion, sites, spacing
        As in `levels_of`.
    bright : bool
        Whether columns are thought to be bright: a network that knows both may not have said.
        The other polarity is taken where its spots stand out 1.3 times as much.
    """
    best, chosen = -np.inf, (_SIZES[-2] * spacing, bright)
    for part in _SIZES:
        size = part * spacing
        if size < _FINEST:
            continue
        levels = [
            _at(response(frame, size, bright=bright), motion.to_frame(number, sites))
            for number, frame in frames
        ]
        course = np.array(levels)
        noise = np.nanmedian(np.abs(np.diff(course, axis=0))) + 1e-12
        strength = float(np.nanmedian(course.mean(0)) / noise)
        if max(strength, -strength / _OTHER) > best:
            best = max(strength, -strength / _OTHER)
            chosen = size, bright if strength > 0 else not bright
    return chosen


def levels_of(
    frames: Iterable[np.ndarray],
    motion: Motion,
    sites: np.ndarray,
    size: float,
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
    size : float
        Of the filter, px; see `spot_size`.
    bright : bool
        Whether columns are bright.
    """
    rows = []
    for number, frame in enumerate(frames):
        at = motion.to_frame(number, sites)
        rows.append(_at(response(frame, size, bright=bright), at))
    return np.array(rows, np.float32).reshape(len(rows), len(sites))


def _at(filtered: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return values (n,) of a frame at points (n, 2), NaN outside of it."""
    values = ndimage.map_coordinates(filtered, points.T, order=1, mode="nearest")
    last = np.array(filtered.shape) - 1
    beyond = np.any((points < 0) | (points > last), axis=1)
    return np.where(beyond, np.nan, values).astype(np.float32)


def divide_contrast(levels: np.ndarray) -> np.ndarray:
    """Divide out how much contrast every frame has: focus, thickness and tilt change it.

    The contrast of a frame is the slope of its levels against those of the whole movie. Frames
    with less than a quarter of the usual contrast show nothing, and become NaN.

    Parameters
    ----------
    levels : (t, s) array
        From `levels_of`.
    """
    usual = np.nan_to_num(known_medians(levels))
    power = float(np.sum(usual**2))
    if power == 0 or levels.shape[1] < 4:
        return levels
    seen = np.isfinite(levels)
    along = np.sum(np.where(seen, levels, 0) * usual, axis=1)
    slope = along / np.maximum(np.sum(np.where(seen, usual**2, 0), axis=1), 1e-12 * power)
    slope = slope / max(float(np.median(slope)), 1e-12)
    return np.where(slope[:, np.newaxis] > 0.25, levels / np.maximum(slope, 0.25)[:, None], np.nan)


def known_medians(levels: np.ndarray) -> np.ndarray:
    """Return the median (s,) of every site over the frames (t, s) that show it, NaN if none."""
    known = np.isfinite(levels).any(axis=0)
    medians = np.full(levels.shape[1], np.nan)
    if known.any():
        medians[known] = np.nanmedian(levels[:, known], axis=0)
    return medians
