"""Correct one label image by hand: delete, merge, fill, smooth, grow, shrink, add.

Every function looks at one (y, x) label image, leaves it as it is, and returns an `Edit`: a
box and the new labels inside it. What lies outside the box does not change, so that a window
need not copy or redraw a whole frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = [
    "CorrectionError",
    "Edit",
    "add",
    "crop_to",
    "delete",
    "fill_holes",
    "grow",
    "merge",
    "relabel",
    "shrink",
    "smooth",
]

_EIGHT = np.ones((3, 3), bool)


class CorrectionError(ValueError):
    """A correction would do nothing or cannot be done; one plain sentence for the user."""


@dataclass(frozen=True, eq=False)
class Edit:
    """A change of one label image.

    Parameters
    ----------
    box : (slice, slice)
        Rows and columns outside of which nothing changes.
    values : (h, w) integer array
        The new labels inside the box.
    """

    box: tuple[slice, slice]
    values: np.ndarray

    def apply(self, labels: np.ndarray) -> np.ndarray:
        """Return the changed copy of the (y, x) label image that the edit was made for."""
        changed = np.array(labels)
        changed[self.box] = self.values
        return changed


def delete(labels: np.ndarray, chosen: Iterable[int]) -> Edit:
    """Remove particles.

    Parameters
    ----------
    labels : (y, x) integer array
        The label image.
    chosen : iterable of int
        Which labels.

    Raises
    ------
    CorrectionError
        If a label is not in the image.
    """
    chosen = _present(labels, chosen)
    box, crop = crop_to(labels, chosen)
    return Edit(box, np.where(np.isin(crop, chosen), 0, crop).astype(labels.dtype))


def merge(labels: np.ndarray, chosen: Iterable[int], *, gap: int = 0) -> Edit:
    """Make several particles one; it keeps the label that was chosen first.

    Parameters
    ----------
    labels : (y, x) integer array
        The label image.
    chosen : iterable of int
        Two or more labels.
    gap : int
        Background between the parts, up to about this many pixels wide, is closed as well.

    Raises
    ------
    CorrectionError
        If there are fewer than two labels, or one is not in the image.
    """
    chosen = _present(labels, chosen)
    if len(chosen) < 2:
        raise CorrectionError("Choose at least two particles to merge.")
    box, crop = crop_to(labels, chosen, margin=gap + 1)
    union = np.isin(crop, chosen)
    values = np.where(union, chosen[0], crop).astype(labels.dtype)
    if gap > 0:
        padded = np.pad(union, gap + 1)
        closed = _within(_within(padded, (gap + 1) / 2 + 0.01), (gap + 1) / 2 + 0.01, inverse=True)
        closed = closed[gap + 1 : -gap - 1, gap + 1 : -gap - 1]
        values[closed & (crop == 0)] = chosen[0]
    return Edit(box, values)


def fill_holes(labels: np.ndarray, chosen: Iterable[int] | None = None) -> Edit:
    """Fill the background enclosed by particles; a particle inside another stays.

    Parameters
    ----------
    labels : (y, x) integer array
        The label image.
    chosen : iterable of int, optional
        Which labels; all otherwise.

    Raises
    ------
    CorrectionError
        If there is no hole.
    """
    chosen = _present(labels, chosen)
    box, crop = crop_to(labels, chosen)
    values = crop.copy()
    for label in chosen:
        inside = ndimage.binary_fill_holes(crop == label)
        values[inside & (crop == 0)] = label
    if np.array_equal(values, crop):
        raise CorrectionError(f"There is no hole to fill in {_words(chosen)}.")
    return Edit(box, values)


def smooth(labels: np.ndarray, chosen: Iterable[int], *, radius: float = 2.0) -> Edit:
    """Smooth outlines, keeping every particle's area and not touching its neighbours.

    The mask is blurred with a Gaussian, and as many of the highest pixels are taken as it had
    before (motion by curvature that conserves area; Merriman, Bence and Osher 1992).

    Parameters
    ----------
    labels : (y, x) integer array
        The label image.
    chosen : iterable of int
        Which labels.
    radius : float
        Standard deviation of the Gaussian in pixels; details smaller than this disappear.
    """
    chosen = _present(labels, chosen)
    box, crop = crop_to(labels, chosen, margin=int(4 * radius) + 1)
    values = crop.copy()
    for label in chosen:
        mask = values == label
        free = mask | (values == 0)
        blurred = ndimage.gaussian_filter(mask.astype(np.float32), radius, mode="nearest")
        # Ties go to pixels that belonged to the particle, so that the result is repeatable.
        rank = np.where(free, blurred + 1e-6 * mask, -1.0).ravel()
        area = int(mask.sum())
        kept = np.argsort(-rank, kind="stable")[:area]
        values[mask] = 0
        values.ravel()[kept] = label
    return Edit(box, values)


def grow(labels: np.ndarray, chosen: Iterable[int], *, pixels: float = 1) -> Edit:
    """Grow particles into the background by a distance; neighbours are not eaten.

    Where two chosen particles grow into the same background, each gets what is nearer to it.

    Parameters
    ----------
    labels : (y, x) integer array
        The label image.
    chosen : iterable of int
        Which labels.
    pixels : float
        By how much.
    """
    chosen = _present(labels, chosen)
    box, crop = crop_to(labels, chosen, margin=int(np.ceil(pixels)) + 1)
    mask = np.isin(crop, chosen)
    distance, nearest = ndimage.distance_transform_edt(~mask, return_indices=True)
    reach = (distance <= pixels) & (crop == 0)
    values = crop.copy()
    values[reach] = crop[tuple(index[reach] for index in nearest)]
    for label in chosen:
        # What lies behind a thin neighbour is near, but cannot be grown into.
        bodies, _ = ndimage.label(values == label, _EIGHT)
        kept = np.unique(bodies[crop == label])
        values[(values == label) & ~np.isin(bodies, kept)] = 0
    return Edit(box, values)


def shrink(labels: np.ndarray, chosen: Iterable[int], *, pixels: float = 1) -> Edit:
    """Shrink particles by a distance from their outline; the frame's edge is no outline.

    Parameters
    ----------
    labels : (y, x) integer array
        The label image.
    chosen : iterable of int
        Which labels.
    pixels : float
        By how much.

    Raises
    ------
    CorrectionError
        If nothing would be left of a particle.
    """
    chosen = _present(labels, chosen)
    box, crop = crop_to(labels, chosen, margin=1)
    values = crop.copy()
    for label in chosen:
        mask = crop == label
        kept = mask & ~_within(~mask, pixels)
        if not kept.any():
            raise CorrectionError(
                f"Shrinking by {pixels:g} px would leave nothing of particle {label}; "
                "delete it instead."
            )
        values[mask & ~kept] = 0
    return Edit(box, values)


def relabel(labels: np.ndarray, old: int, new: int) -> Edit:
    """Give a particle another number.

    Raises
    ------
    CorrectionError
        If the new number is not positive or is taken in this frame.
    """
    (old,) = _present(labels, [old])
    if new < 1:
        raise CorrectionError("A particle's number is 1 or more.")
    if new != old and (labels == new).any():
        raise CorrectionError(
            f"Number {new} is taken in this frame; merge {old} into it, or choose another."
        )
    box, crop = crop_to(labels, [old])
    return Edit(box, np.where(crop == old, new, crop).astype(labels.dtype))


def add(labels: np.ndarray, mask: np.ndarray, label: int, *, corner: tuple[int, int]) -> Edit:
    """Add a mask as a particle where there is background; other particles stay.

    Parameters
    ----------
    labels : (y, x) integer array
        The label image.
    mask : (h, w) bool array
        The particle.
    label : int
        Its label; pixels that it has already stay.
    corner : (y, x)
        Where the mask's first pixel lies.

    Raises
    ------
    CorrectionError
        If other particles cover all of it.
    """
    (top, left), (height, width) = corner, mask.shape
    box = (slice(top, top + height), slice(left, left + width))
    crop = labels[box]
    free = mask & (crop == 0)
    if not free.any():
        raise CorrectionError("There is no free place for this particle: others cover it.")
    return Edit(box, np.where(free, label, crop).astype(labels.dtype))


def _within(mask: np.ndarray, distance: float, *, inverse: bool = False) -> np.ndarray:
    """Return what lies within a distance of the mask, or what lies that far inside of it."""
    if inverse:
        return ~_within(~mask, distance)
    if not mask.any():
        return mask
    return ndimage.distance_transform_edt(~mask) <= distance


def _present(labels: np.ndarray, chosen: Iterable[int] | None) -> list[int]:
    if chosen is None:
        return [int(label) for label in np.unique(labels) if label]
    chosen = [int(label) for label in dict.fromkeys(chosen)]
    if not chosen or 0 in chosen:
        raise CorrectionError("There is no particle here; click on one.")
    for label in chosen:
        if not (labels == label).any():
            raise CorrectionError(f"There is no particle {label} in this frame.")
    return chosen


def crop_to(
    labels: np.ndarray, chosen: Iterable[int], *, margin: int = 0
) -> tuple[tuple[slice, slice], np.ndarray]:
    """Return the box around some labels, with a margin, and the labels inside it.

    The box is empty when none of them is in the image.
    """
    chosen = list(chosen)
    mask = labels == chosen[0] if len(chosen) == 1 else np.isin(labels, chosen)
    if not mask.any():
        return (slice(0, 0), slice(0, 0)), labels[:0, :0]
    spans = []
    for axis, size in enumerate(labels.shape):
        used = np.flatnonzero(mask.any(axis=1 - axis))
        spans.append(slice(max(0, used[0] - margin), min(size, used[-1] + 1 + margin)))
    box = (spans[0], spans[1])
    return box, labels[box]


def _words(chosen: list[int]) -> str:
    if len(chosen) == 1:
        return f"particle {chosen[0]}"
    return f"{len(chosen)} particles"
