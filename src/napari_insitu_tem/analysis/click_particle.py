"""A new particle from a few clicks: its size, contrast and polarity are found from the image.

Around the clicks, every level set of the image that holds them is a candidate outline, on a
pyramid of ever coarser images, for dark and for bright particles (the component tree of
maximally stable extremal regions; Matas et al. 2002). The winner is the one whose rim differs
most from what lies just outside it, measured in standard deviations of the noise, less the
uncertainty of that figure, so that specks of noise do not win. Clicks that say "not this"
cut off, by a seeded watershed, what hangs on the particle.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.correction import CorrectionError, Edit, add
from napari_insitu_tem.analysis.level_sets import WINDOW, Candidate, Window, cut_off

__all__ = ["outline_from_clicks", "particle_from_clicks"]

#: What is within this share of the best score counts as equally good; the finest is taken.
_EQUALLY_GOOD = 0.7


def particle_from_clicks(
    image: np.ndarray,
    labels: np.ndarray,
    inside: np.ndarray,
    *,
    outside: np.ndarray | None = None,
    label: int | None = None,
) -> Edit:
    """Add the particle that was clicked on.

    Parameters
    ----------
    image : (y, x) array
        The frame; dark or bright particles, any scale.
    labels : (y, x) integer array
        Its label image; existing particles are not touched.
    inside : (n, 2) array
        Clicks (y, x) on the particle, in pixels.
    outside : (m, 2) array, optional
        Clicks on what does not belong to it.
    label : int, optional
        Its label; one above the largest otherwise.

    Raises
    ------
    CorrectionError
        If a click lies on an existing particle or beside the image, or if nothing stands out.
    """
    inside = _inside_image(inside, labels.shape)
    if not len(inside):
        raise CorrectionError("Click inside the image.")
    taken = labels[inside[:, 0], inside[:, 1]]
    if taken.any():
        raise CorrectionError(
            f"There is a particle here already (number {int(taken[taken > 0][0])}); "
            "split or grow it, or delete it first."
        )
    mask, corner = outline_from_clicks(image, inside, outside=outside, blocked=labels > 0)
    if label is None:
        label = int(labels.max(initial=0)) + 1
    return add(labels, mask, label, corner=corner)


def outline_from_clicks(
    image: np.ndarray,
    inside: np.ndarray,
    *,
    outside: np.ndarray | None = None,
    blocked: np.ndarray | None = None,
) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the mask of the particle that was clicked on, and the (y, x) of its first pixel.

    Parameters
    ----------
    image : (y, x) array
        The frame.
    inside, outside : (n, 2) array
        Clicks (y, x) on the particle, and on what does not belong to it.
    blocked : (y, x) bool array, optional
        Pixels that belong to others.

    Raises
    ------
    CorrectionError
        If nothing stands out at the clicks.
    """
    inside = _inside_image(inside, image.shape)
    outside = _inside_image(np.empty((0, 2)) if outside is None else outside, image.shape)
    if blocked is None:
        blocked = np.zeros(image.shape, bool)
    candidates: list[Candidate] = []
    spread = int(np.ptp(inside, axis=0).max()) + 1 if len(inside) else 1
    factor = 1
    while spread > WINDOW / 2 * factor:
        factor *= 2
    while True:
        window = Window.around(image, blocked, inside, outside, factor)
        for bright in (False, True):
            best = window.best(bright=bright)
            if best is not None:
                candidates.append(best)
        if window.whole or factor >= 32:
            break
        factor *= 2
    if not candidates:
        raise CorrectionError(
            "No particle stands out here; click nearer its middle, or paint it with the brush."
        )
    top = max(candidate.score for candidate in candidates)
    good = [candidate for candidate in candidates if candidate.score >= _EQUALLY_GOOD * top]
    chosen = min(good, key=lambda candidate: (candidate.factor, -candidate.score))
    return _at_full_resolution(chosen, image, blocked, inside, outside)


def _inside_image(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    points = np.round(np.asarray(points, float).reshape(-1, 2)).astype(int)
    return points[np.all((points >= 0) & (points < shape), axis=1)]


def _at_half_height(
    mask: np.ndarray, image: np.ndarray, blocked: np.ndarray, factor: int
) -> np.ndarray:
    """Move the outline, by little, to where the image is half way from inside to outside."""
    outward, inward = ndimage.distance_transform_edt(~mask), ndimage.distance_transform_edt(mask)
    reach = factor + 1
    around = (outward > reach) & (outward <= 3 * reach) & ~blocked
    core = mask & (inward > reach)
    if not around.any():
        return mask
    inner = float(np.median(image[core if core.any() else mask]))
    outer = float(np.median(image[around]))
    smooth = ndimage.gaussian_filter(image, max(0.8, 0.6 * factor))
    beyond_half = (smooth - (inner + outer) / 2) * np.sign(inner - outer) >= 0
    return (beyond_half & (outward <= reach)) | core


def _at_full_resolution(
    candidate: Candidate,
    image: np.ndarray,
    blocked: np.ndarray,
    inside: np.ndarray,
    outside: np.ndarray,
) -> tuple[np.ndarray, tuple[int, int]]:
    """Redraw a coarse outline on the image itself, at the same level."""
    factor = candidate.factor
    coarse = np.kron(candidate.mask, np.ones((factor, factor), bool))
    margin = 3 * factor + 4
    rows, columns = (np.flatnonzero(coarse.any(axis=axis)) for axis in (1, 0))
    top, left = (
        int(used[0]) + corner
        for used, corner in zip((rows, columns), candidate.corner, strict=True)
    )
    bottom, right = (
        int(used[-1]) + 1 + corner
        for used, corner in zip((rows, columns), candidate.corner, strict=True)
    )
    start = np.maximum(0, (top - margin, left - margin))
    stop = np.minimum(image.shape, (bottom + margin, right + margin))
    box = (slice(start[0], stop[0]), slice(start[1], stop[1]))
    mask = np.zeros(stop - start, bool)
    offset = np.array([top, left]) - start
    part = coarse[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = np.minimum(part.shape, np.array(mask.shape) - offset)
    mask[offset[0] : offset[0] + height, offset[1] : offset[1] + width] = part[:height, :width]
    mask = _at_half_height(mask, np.asarray(image[box], np.float32), blocked[box], factor)
    mask &= ~blocked[box]
    seeds = inside - start
    mask[tuple(seeds.T)] = True
    regions, _ = ndimage.label(mask)
    mask = np.isin(regions, np.unique(regions[tuple(seeds.T)]))
    mask = ndimage.binary_fill_holes(mask) & ~blocked[box]
    away = outside[np.all((outside >= start) & (outside < stop), axis=1)] - start
    if len(away) and mask[tuple(away.T)].any():
        mask = cut_off(mask, seeds, away)
    return mask, (int(start[0]), int(start[1]))
