"""Splitting touching particles: watershed on the distance to the outline, scale-aware."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

__all__ = ["merge_shallow_basins", "split_touching"]


def split_touching(mask: np.ndarray, *, strength: float, smoothing: float = 1.0) -> np.ndarray:
    """Label the particles of a mask and split those that touch.

    Every maximum of the distance to the outline starts a basin (Beucher and Lantuéjoul,
    1979); basins are then merged again unless the neck between them is narrow compared with
    the particles themselves. Because only the ratio counts, the same strength serves
    particles of any size, and rods and irregular outlines stay whole.

    Parameters
    ----------
    mask : (y, x) bool array
        Foreground.
    strength : float
        0 never splits, 1 splits at every waist. A neck splits when its half-width is below
        ``strength`` times the half-width of the narrower particle.
    smoothing : float
        Detail of the outline, in pixels, that does not matter.

    Returns
    -------
    (y, x) int32 array
        Labels 1..n; 0 is background.
    """
    from skimage.segmentation import watershed

    if strength <= 0 or not mask.any():
        return ndimage.label(mask, np.ones((3, 3)))[0].astype(np.int32)
    # Rugged outlines would make necks; beyond the border a particle goes on.
    reach = math.ceil(2 * smoothing)
    outline = np.pad(mask, reach, mode="edge").astype(np.float32)
    outline = ndimage.gaussian_filter(outline, 0.5 * smoothing, truncate=3) > 0.5
    distance = ndimage.distance_transform_edt(outline)[reach:-reach, reach:-reach]
    distance = np.where(mask, distance, 0).astype(np.float32)
    smooth = ndimage.gaussian_filter(distance, min(smoothing, 2.0))
    tops = (ndimage.maximum_filter(smooth, 3) == smooth) & mask
    markers, _ = ndimage.label(tops, np.ones((3, 3)))
    basins = watershed(-smooth, markers, mask=mask, connectivity=2)
    return merge_shallow_basins(basins, distance, strength=strength)


def merge_shallow_basins(basins: np.ndarray, height: np.ndarray, *, strength: float) -> np.ndarray:
    """Merge neighbouring basins whose pass is nearly as high as the lower of their tops.

    Parameters
    ----------
    basins : (y, x) integer array
        Basins 1..n; 0 is background.
    height : (y, x) array
        What the basins were found on; positive inside.
    strength : float
        Basins stay apart when their pass is below ``strength`` times the lower top.

    Returns
    -------
    (y, x) int32 array
        Labels 1..m.
    """
    count = int(basins.max(initial=0))
    if count < 2:
        return basins.astype(np.int32)
    tops = np.zeros(count + 1, height.dtype)
    np.maximum.at(tops, basins.ravel(), height.ravel())
    first, second, passes = _passes(basins, height, count)
    parent = np.arange(count + 1)

    def root(label: int) -> int:
        while parent[label] != label:
            parent[label] = parent[parent[label]]
            label = int(parent[label])
        return label

    # The highest passes first: a rod grows together before its ends are judged.
    for i in np.argsort(-passes):
        one, other = root(int(first[i])), root(int(second[i]))
        if one == other or passes[i] < strength * min(tops[one], tops[other]):
            continue
        if tops[one] < tops[other]:
            one, other = other, one
        parent[other] = one
    roots = np.array([root(label) for label in range(count + 1)])
    used, numbers = np.unique(roots, return_inverse=True)
    return numbers.astype(np.int32)[basins] if used[0] == 0 else (numbers + 1)[basins]


def _passes(
    basins: np.ndarray, height: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every pair of neighbouring basins and the highest point between them."""
    codes, levels = [], []
    whole = slice(None)
    ahead, behind = slice(1, None), slice(None, -1)
    for here, there in (
        ((ahead, whole), (behind, whole)),
        ((whole, ahead), (whole, behind)),
        ((ahead, ahead), (behind, behind)),
        ((ahead, behind), (behind, ahead)),
    ):
        one, other = basins[here], basins[there]
        meet = np.flatnonzero((one != other) & (one > 0) & (other > 0))
        one, other = one.ravel()[meet].astype(np.int64), other.ravel()[meet].astype(np.int64)
        codes.append(np.minimum(one, other) * (count + 1) + np.maximum(one, other))
        levels.append(np.minimum(height[here].ravel()[meet], height[there].ravel()[meet]))
    code, level = np.concatenate(codes), np.concatenate(levels)
    pairs, index = np.unique(code, return_inverse=True)
    highest = np.zeros(len(pairs), height.dtype)
    np.maximum.at(highest, index, level)
    return pairs // (count + 1), pairs % (count + 1), highest
