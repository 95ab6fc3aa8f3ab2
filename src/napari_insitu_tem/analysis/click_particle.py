"""A new particle from a few clicks: its size, contrast and polarity are found from the image.

Around the clicks, every level set of the image that holds them is a candidate outline, on a
pyramid of ever coarser images, for dark and for bright particles (the component tree of
maximally stable extremal regions; Matas et al. 2002). The winner is the one whose rim differs
most from what lies just outside it, measured in standard deviations of the noise, less the
uncertainty of that figure, so that specks of noise do not win. Clicks that say "not this"
cut off, by a seeded watershed, what hangs on the particle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.correction import CorrectionError, Edit, add

__all__ = ["outline_from_clicks", "particle_from_clicks"]

#: Edge of the window that is searched at each level of the pyramid, in its own pixels.
_WINDOW = 160
_LEVELS = 28

#: Below this area in pixels the rim is taken one pixel wide, otherwise two.
_SMALL = 150

#: The rim must stand out by this many standard errors.
_SIGNIFICANT = 7.0

#: What is within this share of the best score counts as equally good; the finest is taken.
_EQUALLY_GOOD = 0.7


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A mask at one level of the pyramid, and how well its rim stands out."""

    mask: np.ndarray
    corner: tuple[int, int]
    factor: int
    score: float


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
    candidates: list[_Candidate] = []
    spread = int(np.ptp(inside, axis=0).max()) + 1 if len(inside) else 1
    factor = 1
    while spread > _WINDOW / 2 * factor:
        factor *= 2
    while True:
        window = _Window.around(image, blocked, inside, outside, factor)
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


@dataclass(frozen=True, eq=False)
class _Window:
    """The surroundings of the clicks, binned by a factor."""

    binned: np.ndarray
    image: np.ndarray
    blocked: np.ndarray
    inside: np.ndarray
    outside: np.ndarray
    corner: tuple[int, int]
    factor: int
    whole: bool
    noise: float
    open_sides: np.ndarray

    @classmethod
    def around(cls, image, blocked, inside, outside, factor: int) -> _Window:
        half = _WINDOW * factor // 2
        centre = (inside.min(axis=0) + inside.max(axis=0)) // 2
        start = np.maximum(0, (centre - half) // factor * factor)
        stop = np.minimum(image.shape, centre + half)
        size = np.maximum((stop - start) // factor, 1)
        stop = start + np.minimum(size * factor, np.array(image.shape) - start)
        box = (slice(start[0], stop[0]), slice(start[1], stop[1]))
        binned = _binned(np.asarray(image[box], np.float32), factor)
        smooth = ndimage.gaussian_filter(binned, 1.0)
        # The noise of the smoothed image, from its finest details (Donoho's median estimator).
        detail = binned - ndimage.uniform_filter(binned, 3)
        noise = float(np.median(np.abs(detail)) * 1.4826 / np.sqrt(8 / 9))
        local = [
            np.minimum((points - start) // factor, np.array(binned.shape) - 1)
            for points in (inside, outside)
        ]
        within = np.all((outside >= start) & (outside < stop), axis=1)
        # A component that leaves the window is not closed; the image's own edge closes it.
        open_sides = np.zeros(binned.shape, bool)
        open_sides[0] |= start[0] > 0
        open_sides[-1] |= stop[0] < image.shape[0] - factor
        open_sides[:, 0] |= start[1] > 0
        open_sides[:, -1] |= stop[1] < image.shape[1] - factor
        return cls(
            binned,
            smooth,
            _binned(np.asarray(blocked[box], np.float32), factor) > 0.5,
            local[0],
            local[1][within],
            (int(start[0]), int(start[1])),
            factor,
            not open_sides.any(),
            max(noise, 1e-6 * float(np.ptp(binned)) + 1e-12),
            open_sides,
        )

    def best(self, *, bright: bool) -> _Candidate | None:
        """Return the level set around the clicks whose rim stands out most."""
        image = self.image if bright else -self.image
        seeds = tuple(self.inside.T)
        highest = float(image[seeds].min())
        below = image[(image < highest) & ~self.blocked]
        if below.size < 16:
            return None
        levels = np.quantile(below, np.linspace(0.999, 0.02, _LEVELS))
        levels = np.concatenate([np.linspace(highest, levels[0], 4)[:-1], levels])
        best = None
        previous = -1
        for level in levels:
            regions, _ = ndimage.label((image >= level) & ~self.blocked)
            numbers = np.unique(regions[seeds])
            numbers = numbers[numbers > 0]
            mask = regions == numbers[0] if len(numbers) == 1 else np.isin(regions, numbers)
            if (mask & self.open_sides).any():
                break
            area = int(mask.sum())
            if area == previous:
                continue
            previous = area
            if area < 4 or area > 0.6 * mask.size:
                continue
            mask = ndimage.binary_fill_holes(mask) & ~self.blocked
            for shape in self._without_outside(mask):
                score = self._score(shape, 1 if bright else -1)
                if score is not None and (best is None or score > best.score):
                    best = _Candidate(shape, self.corner, self.factor, score)
        return best

    def _without_outside(self, mask: np.ndarray) -> list[np.ndarray]:
        if not len(self.outside) or not mask[tuple(self.outside.T)].any():
            return [mask]
        return [_cut_off(mask, self.inside, self.outside)]

    def _score(self, mask: np.ndarray, sign: int) -> float | None:
        """Contrast across the rim, less what noise alone would make of the best of many."""
        rim = 1 if mask.sum() < _SMALL else 2
        inner = mask & ~ndimage.binary_erosion(mask, iterations=rim, border_value=1)
        outer = ndimage.binary_dilation(mask, iterations=rim + 1)
        outer &= ~ndimage.binary_dilation(mask) & ~self.blocked
        count = min(int(inner.sum()), int(outer.sum()))
        if count < 4:
            return None
        step = sign * float(self.binned[inner].mean() - self.binned[outer].mean())
        error = self.noise * np.sqrt(2 / count)
        return step - 5 * error if step > _SIGNIFICANT * error else None


def _binned(image: np.ndarray, factor: int) -> np.ndarray:
    if factor == 1:
        return image
    height, width = (max(1, size // factor) for size in image.shape)
    if min(image.shape) < factor:
        return image[:height, :width]
    image = image[: height * factor, : width * factor]
    return image.reshape(height, factor, width, factor).mean(axis=(1, 3))


def _cut_off(mask: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return the part of a mask that belongs to the inside clicks (seeded watershed)."""
    from skimage.segmentation import watershed

    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 1.0)
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(outside.T)] = 2
    markers[tuple(inside.T)] = 1
    return watershed(-depth, markers, mask=mask) == 1


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
    candidate: _Candidate,
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
        mask = _cut_off(mask, seeds, away)
    return mask, (int(start[0]), int(start[1]))
