"""From a network's maps to particles: cores start a watershed within the foreground."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_insitu_tem.job import Job

__all__ = ["core_of", "instances_from_probability", "without_cut"]

#: A core is what lies deeper than this part of a particle's largest depth.
CORE_DEPTH = 0.4
#: What lies closer than this to the border of the frame may go on beyond it (px).
_BEYOND = 8


def core_of(labels: np.ndarray, *, depth: float = CORE_DEPTH) -> np.ndarray:
    """Return the inner part of every particle, which no two particles share.

    Parameters
    ----------
    labels : (y, x) int array
        Label image; 0 is background.
    depth : float
        What is farther from a particle's outline than this part of its largest such distance
        is core.

    Returns
    -------
    (y, x) bool array
        True within cores.
    """
    if not labels.any():
        return np.zeros(labels.shape, bool)
    padded = np.pad(labels, _BEYOND, mode="edge")
    inside = padded > 0
    # Where two particles touch, each one's outline runs half-way between their pixels.
    for axis in (0, 1):
        one = [slice(None)] * 2
        other = [slice(None)] * 2
        one[axis], other[axis] = slice(1, None), slice(None, -1)
        differ = padded[tuple(one)] != padded[tuple(other)]
        inside[tuple(one)] &= ~differ
        inside[tuple(other)] &= ~differ
    distance = ndimage.distance_transform_edt(inside) + 0.5
    distance = distance[_BEYOND:-_BEYOND, _BEYOND:-_BEYOND]
    deepest = np.zeros(int(labels.max()) + 1)
    np.maximum.at(deepest, labels.ravel(), distance.ravel())
    # Slivers are all rim; their deepest pixels are their core all the same.
    least = np.maximum(depth * deepest, np.minimum(0.6, deepest))
    return (labels > 0) & (distance >= least[labels])


def instances_from_probability(
    foreground: np.ndarray,
    core: np.ndarray | None,
    *,
    threshold: float = 0.5,
    core_threshold: float = 0.5,
    split: float = 0.8,
    smallest_area: float = 6.0,
    certainty: float = 0.0,
    job: Job = Job(),
) -> np.ndarray:
    """Return the particles that a network's maps show.

    Parameters
    ----------
    foreground : (y, x) array
        Probability that a pixel belongs to a particle.
    core : (y, x) array, optional
        Probability that it belongs to a particle's core. Every connected core starts one
        particle; foreground without any core is one particle where it is connected. Without
        this map, particles are split at necks (`splitting.split_touching`).
    threshold, core_threshold : float
        Probability above which pixels count.
    split : float
        Only without cores: how readily necks split.
    smallest_area : float
        Smaller particles are left out (px²).
    certainty : float
        Particles whose largest probability is lower are left out.
    job : Job
        Asked between steps whether to stop.

    Returns
    -------
    (y, x) int32 array
        Labels 1..n; 0 is background.
    """
    from skimage.segmentation import watershed

    from napari_insitu_tem.analysis.watershed import split_touching

    mask = foreground > threshold
    if not mask.any():
        return np.zeros(mask.shape, np.int32)
    if core is None:
        labels = split_touching(mask, strength=split, job=job)
    else:
        seeds, count = ndimage.label((core > core_threshold) & mask)
        pieces, _ = ndimage.label(mask)
        seeded = np.zeros(int(pieces.max()) + 1, bool)
        seeded[pieces[seeds > 0]] = True
        job.check()
        lonely = mask & ~seeded[pieces]
        seeds[lonely] = count + pieces[lonely]
        # Where each piece has one seed there is nothing to share out.
        labels = watershed(-core, seeds, mask=mask) if count else seeds
    job.check()
    return _kept(labels, foreground, smallest_area, certainty)


def without_cut(labels: np.ndarray) -> np.ndarray:
    """Leave out particles that the border of the frame cuts; number the rest 1..n."""
    keep = np.ones(int(labels.max(initial=0)) + 1, bool)
    for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        keep[side] = False
    keep[0] = False
    return np.where(keep, np.cumsum(keep), 0).astype(np.int32)[labels]


def _kept(
    labels: np.ndarray, foreground: np.ndarray, smallest_area: float, certainty: float
) -> np.ndarray:
    """Leave out what is too small or too uncertain; number the rest 1..n, holes filled."""
    area = np.bincount(labels.ravel())
    top = np.zeros(len(area), foreground.dtype)
    np.maximum.at(top, labels.ravel(), foreground.ravel())
    keep = (area >= smallest_area) & (top >= certainty)
    keep[0] = False
    numbers = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return numbers[labels]
