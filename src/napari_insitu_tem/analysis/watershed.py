"""Splitting touching particles: watershed on the distance to the outline, scale-aware."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from napari_insitu_tem.job import Job

__all__ = ["merge_shallow_basins", "split_touching"]


def split_touching(
    mask: np.ndarray, *, strength: float, smoothing: float = 1.0, job: Job = Job()
) -> np.ndarray:
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
    job : Job
        Asked between steps whether to stop.

    Returns
    -------
    (y, x) int32 array
        Labels 1..n; 0 is background.
    """
    if strength <= 0 or not mask.any():
        return ndimage.label(mask, np.ones((3, 3)))[0].astype(np.int32)
    # Rugged outlines would make necks; beyond the border a particle goes on.
    reach = math.ceil(2 * smoothing)
    outline = np.pad(mask, reach, mode="edge").astype(np.float32)
    outline = ndimage.gaussian_filter(outline, 0.5 * smoothing, truncate=3) > 0.5
    distance = _distance(outline, mask, reach)
    job.check()
    smooth = ndimage.gaussian_filter(distance, min(smoothing, 2.0))
    tops = (ndimage.maximum_filter(smooth, 3) == smooth) & mask
    markers, _ = ndimage.label(tops, np.ones((3, 3)))
    job.check()
    basins = _basins(smooth, markers, mask)
    job.check()
    return merge_shallow_basins(basins, distance, strength=strength)


def _distance(outline: np.ndarray, mask: np.ndarray, reach: int) -> np.ndarray:
    """Return the distance to what is outside of an outline, within the mask only.

    The outline is wider than the mask by `reach` on every side.
    """
    nearest = ndimage.distance_transform_edt(outline, return_distances=False, return_indices=True)
    inside = np.flatnonzero(mask)  # far faster than nonzero
    y, x = np.divmod(inside, mask.shape[1])
    y += reach
    x += reach
    place = y * outline.shape[1] + x
    to_y, to_x = nearest[0].ravel()[place] - y, nearest[1].ravel()[place] - x
    distance = np.zeros(mask.size, np.float32)
    distance[inside] = np.sqrt((to_y * to_y + to_x * to_x).astype(float))
    return distance.reshape(mask.shape)


def _basins(smooth: np.ndarray, markers: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the basin of every marker: the watershed, where a piece has several markers."""
    from skimage.segmentation import watershed

    pieces, count = ndimage.label(mask, np.ones((3, 3)))
    piece_of = np.zeros(int(markers.max(initial=0)) + 1, np.int32)
    marked = np.flatnonzero(markers)
    piece_of[markers.ravel()[marked]] = pieces.ravel()[marked]
    tops = np.bincount(piece_of[1:], minlength=count + 1)
    only = np.zeros(count + 1, np.int32)
    only[piece_of[1:]] = np.arange(1, len(piece_of))
    only[tops != 1] = 0
    basins = only[pieces]
    several = (tops > 1)[pieces]
    if several.any():
        seeds = np.where(several, markers, 0)
        basins += watershed(-smooth, seeds, mask=several, connectivity=2)
    return basins


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
    inside = np.flatnonzero(basins)
    np.maximum.at(tops, basins.ravel()[inside], height.ravel()[inside])
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
    stride = basins.shape[1] + 2
    flat, levelled = (np.pad(image, 1).ravel() for image in (basins, height))
    here = np.flatnonzero(flat)
    for step in (1, stride - 1, stride, stride + 1):
        meet = here[(flat[here + step] != flat[here]) & (flat[here + step] > 0)]
        one, other = flat[meet].astype(np.int64), flat[meet + step].astype(np.int64)
        codes.append(np.minimum(one, other) * (count + 1) + np.maximum(one, other))
        levels.append(np.minimum(levelled[meet], levelled[meet + step]))
    code, level = np.concatenate(codes), np.concatenate(levels)
    pairs, index = np.unique(code, return_inverse=True)
    highest = np.zeros(len(pairs), height.dtype)
    np.maximum.at(highest, index, level)
    return pairs // (count + 1), pairs % (count + 1), highest
