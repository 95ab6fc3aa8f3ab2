"""Level sets around clicks: which of them is outlined best at one level of the pyramid.

The candidates are the connected regions brighter (or darker) than a grey value that hold the
clicks. Their score is the contrast across their rim, less what noise alone would make of the
best of many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = ["WINDOW", "Candidate", "Window", "cut_off"]

#: Edge of the window that is searched at each level of the pyramid, in its own pixels.
WINDOW = 160
_LEVELS = 28

#: Below this area in pixels the rim is taken one pixel wide, otherwise two.
_SMALL = 150

#: The rim must stand out by this many standard errors.
_SIGNIFICANT = 7.0


@dataclass(frozen=True, eq=False)
class Candidate:
    """A mask at one level of the pyramid, and how well its rim stands out."""

    mask: np.ndarray
    corner: tuple[int, int]
    factor: int
    score: float


@dataclass(frozen=True, eq=False)
class Window:
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
    def around(cls, image, blocked, inside, outside, factor: int) -> Window:
        """Cut the window around the clicks out of the image, and bin it."""
        half = WINDOW * factor // 2
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

    def best(self, *, bright: bool) -> Candidate | None:
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
                    best = Candidate(shape, self.corner, self.factor, score)
        return best

    def _without_outside(self, mask: np.ndarray) -> list[np.ndarray]:
        if not len(self.outside) or not mask[tuple(self.outside.T)].any():
            return [mask]
        return [cut_off(mask, self.inside, self.outside)]

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


def cut_off(mask: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Return the part of a mask that belongs to the inside clicks (seeded watershed)."""
    from skimage.segmentation import watershed

    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(mask), 1.0)
    markers = np.zeros(mask.shape, np.int32)
    markers[tuple(outside.T)] = 2
    markers[tuple(inside.T)] = 1
    return watershed(-depth, markers, mask=mask) == 1
