"""The spot of a column that comes and goes, learnt from the sites that change.

What a column adds to an image depends on focus and thickness, and may be a ring as well as a
spot. Where a site is full in some frames and empty in others, the difference of their means is
just that, and the best filter for telling both apart in white noise (the matched filter). The
differences of all sites that change are taken together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.columns.shared_motion import Motion

__all__ = ["LearntSpot", "learn_spot", "learnt_levels"]

_REACH = 0.6
"""Radius of the filter, in neighbour distances: no farther, for neighbours change as well."""
_SHOWN = 1.4
"""Radius to which the spot is learnt, in the same: what a column shows in filters near it."""
_SURE = 0.95
_ENOUGH = 40.0
"""Pairs of a full and an empty frame from which on a spot can be learnt."""


@dataclass(frozen=True, eq=False)
class LearntSpot:
    """A filter around a site.

    Parameters
    ----------
    offsets : (k, 2) array
        Points (y, x) around the site, px.
    weights : (k,) array
        Of the image at these points; their sum is zero, so that a level does not count.
    radii, profile : (r,) arrays
        What a column adds to the image at distances (px) from its site.
    """

    offsets: np.ndarray
    weights: np.ndarray
    radii: np.ndarray
    profile: np.ndarray

    def shown(self, away: np.ndarray) -> np.ndarray:
        """Return what the filter shows (n,) of columns that are `away` (n, 2), px; 1 of its own."""
        far = np.hypot(*(self.offsets[np.newaxis] - away[:, np.newaxis]).transpose(2, 0, 1))
        return np.interp(far, self.radii, self.profile) @ self.weights


def learn_spot(
    frames: Iterable[np.ndarray],
    motion: Motion,
    sites: np.ndarray,
    probability: np.ndarray,
    spacing: float,
) -> LearntSpot | None:
    """Learn the difference between full and empty sites.

    Parameters
    ----------
    frames : iterable of (y, x) arrays
        In the order of time.
    motion : Motion
        How every frame lies against the sites.
    sites : (s, 2) array
        Those that change.
    probability : (t, s) array
        Of their being occupied.
    spacing : float
        Distance of neighbouring columns, px.

    Returns
    -------
    LearntSpot or None
        None where too few frames show the change.
    """
    reach, farthest = _REACH * spacing, _SHOWN * spacing
    whole = int(np.ceil(farthest))
    offsets = np.mgrid[-whole : whole + 1, -whole : whole + 1].reshape(2, -1).T
    radius = np.hypot(*offsets.T)
    offsets, radius = offsets[radius <= farthest].astype(float), radius[radius <= farthest]
    full, empty = (probability > _SURE).astype(float), (probability < 1 - _SURE).astype(float)
    counts = np.stack([empty.sum(0), full.sum(0)])
    worth = counts.prod(0) / np.maximum(counts.sum(0), 1)
    if worth.sum() < _ENOUGH:
        return None
    sums = np.zeros((2, len(sites), len(offsets)))
    for number, frame in enumerate(frames):
        around = _patches(frame, motion.to_frame(number, sites), offsets)
        sums[0] += empty[number][:, None] * around
        sums[1] += full[number][:, None] * around
    means = sums / np.maximum(counts, 1)[..., None]
    spot = np.average(means[1] - means[0], axis=0, weights=worth)
    ring = np.round(2 * radius).astype(int)  # rings of half a pixel
    radii = np.unique(ring)
    profile = np.bincount(ring, spot)[radii] / np.bincount(ring)[radii]
    offsets, radius = offsets[radius <= reach], radius[radius <= reach]
    even = np.interp(np.round(2 * radius), radii, profile)
    taper = 0.5 + 0.5 * np.cos(np.pi * np.clip((radius / reach - 0.7) / 0.3, 0, 1))
    weights = even * taper
    weights = weights - taper * weights.sum() / taper.sum()
    size = float(np.sum(weights * even))
    if size <= 0:
        return None
    return LearntSpot(offsets, weights / size, radii / 2, profile)


def learnt_levels(
    frames: Iterable[np.ndarray], motion: Motion, sites: np.ndarray, spot: LearntSpot
) -> np.ndarray:
    """Return how much of the spot (t, s) every frame shows at every site; 1 is all of it.

    NaN where a site lies outside of the frame.
    """
    rows = []
    for number, frame in enumerate(frames):
        at = motion.to_frame(number, sites)
        last = np.array(frame.shape) - 1
        beyond = np.any((at < 0) | (at > last), axis=1)
        values = _patches(frame, at, spot.offsets) @ spot.weights
        rows.append(np.where(beyond, np.nan, values).astype(np.float32))
    return np.array(rows, np.float32).reshape(len(rows), len(sites))


def _patches(frame: np.ndarray, points: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return the image (s, k) at offsets around points."""
    at = points[:, np.newaxis] + offsets[np.newaxis]
    pixels = np.nan_to_num(np.asarray(frame, np.float32))
    return np.asarray(ndimage.map_coordinates(pixels, at.reshape(-1, 2).T, order=1, mode="nearest")
                      ).reshape(len(points), len(offsets))  # fmt: skip
