"""Correct many frames at once: along a track, or by copying a mask from frame to frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from napari_insitu_tem.analysis.correction import CorrectionError, Edit

__all__ = ["along_track", "counterpart", "replace_particle"]

#: A particle is the same as a copied mask if they share this much of their union.
_SAME = 0.1


def along_track(
    frames: Iterable[tuple[int, np.ndarray]],
    track: int,
    correct: Callable[[np.ndarray], Edit],
) -> Iterator[tuple[int, Edit | None]]:
    """Apply one correction in every frame where a track is.

    Parameters
    ----------
    frames : iterable of (int, (y, x) integer array)
        Frame index and label image, in which labels are track numbers.
    track : int
        Which track.
    correct : callable
        Takes a label image and returns the edit; for example
        ``lambda labels: grow(labels, [track], pixels=2)``.

    Yields
    ------
    (int, Edit or None)
        For every frame; None where the track is not, or where the correction cannot be done.
    """
    for index, labels in frames:
        if not (labels == track).any():
            yield index, None
            continue
        try:
            yield index, correct(labels)
        except CorrectionError:
            yield index, None


def replace_particle(
    labels: np.ndarray, mask: np.ndarray, label: int, *, corner: tuple[int, int]
) -> Edit:
    """Give a particle another mask; what other particles cover stays theirs.

    Parameters
    ----------
    labels : (y, x) integer array
        The label image.
    mask : (h, w) bool array
        The new mask.
    label : int
        Whose; all that it covered before is background, and a label that was not in this
        image is added.
    corner : (y, x)
        Where the mask's first pixel lies.
    """
    old = labels == label
    rows, columns = (np.flatnonzero(old.any(axis=axis)) for axis in (1, 0))
    (top, left), (height, width) = corner, mask.shape
    bottom, right = top + height, left + width
    box_top, box_left = top, left
    if len(rows):
        box_top, box_left = min(top, int(rows[0])), min(left, int(columns[0]))
        bottom, right = max(bottom, int(rows[-1]) + 1), max(right, int(columns[-1]) + 1)
    box = (slice(box_top, bottom), slice(box_left, right))
    values = np.where(old[box], 0, labels[box]).astype(labels.dtype)
    inner = values[top - box_top :, left - box_left :][:height, :width]
    inner[mask & (inner == 0)] = label
    return Edit(box, values)


def counterpart(labels: np.ndarray, mask: np.ndarray, *, corner: tuple[int, int]) -> int | None:
    """Return the label that lies where a mask of another frame lies, or None.

    The one with the largest intersection over union, if that is at least a tenth.

    Parameters
    ----------
    labels : (y, x) integer array
        The label image.
    mask : (h, w) bool array
        The mask.
    corner : (y, x)
        Where the mask's first pixel lies.
    """
    (top, left), (height, width) = corner, mask.shape
    under = labels[top : top + height, left : left + width][mask]
    best, best_overlap = None, _SAME
    for label, shared in zip(*np.unique(under[under > 0], return_counts=True), strict=True):
        union = mask.sum() + (labels == label).sum() - shared
        if shared / union >= best_overlap:
            best, best_overlap = int(label), shared / union
    return best
