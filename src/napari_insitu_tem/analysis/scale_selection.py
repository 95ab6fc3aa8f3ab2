"""Which size and which polarity the particles have: blobs over all scales at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.blocks import shrink
from napari_insitu_tem.analysis.illumination import fit_polynomial
from napari_insitu_tem.analysis.noise import Noise, estimate_noise, quiet_spread
from napari_insitu_tem.job import Job

__all__ = ["Blobs", "Look", "Proposal", "best_of_overlapping", "find_blobs", "look_at", "propose"]

# The scale-normalised Laplacian of a Gaussian at the centre of a disc of contrast 1 is
# largest, 2/e, at sigma = radius / sqrt(2) (Lindeberg, Int. J. Comput. Vision 30, 79, 1998).
_DISC_RESPONSE = 2 / math.e
_PER_OCTAVE = (1.77, 2.5)
_AT_MOST = 1000
# Between counting particles and weighing their areas: neither dust nor one patch decides.
_SIZE_POWER = 1.3


@dataclass(frozen=True)
class Blobs:
    """Blobs of a frame; arrays with one entry a blob.

    Parameters
    ----------
    y, x, diameter : array
        Centre and diameter of the disc that would give the response, in pixels.
    contrast : array
        Its contrast against its surroundings in counts; negative for dark ones.
    significance : array
        Response over the noise of the response.
    certain : array
        Contrast that is left when as much as noise could make is taken off; positive.
    """

    y: np.ndarray
    x: np.ndarray
    diameter: np.ndarray
    contrast: np.ndarray
    significance: np.ndarray
    certain: np.ndarray

    def __len__(self) -> int:
        return len(self.y)

    def take(self, index: np.ndarray) -> Blobs:
        """Return some of them."""
        return Blobs(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def _lowest_significance(n_pixels: int, sigma: float) -> float:
    """Level that noise alone exceeds at this scale in one frame of a thousand."""
    cells = max(n_pixels / sigma**2, 4)
    return math.sqrt(2 * math.log(cells / 0.001))


def find_blobs(flat: np.ndarray, noise: Noise, *, largest: float, job: Job = Job()) -> Blobs:
    """Find significant dark and bright blobs of any size in one frame.

    Parameters
    ----------
    flat : (y, x) float array
        A frame from which slow illumination has been taken out.
    noise : Noise
        Its noise.
    largest : float
        Largest diameter to look for, in pixels.
    job : Job
        Asked between scales whether to stop.

    Returns
    -------
    Blobs
        Of every scale, overlapping; see `best_of_overlapping`.
    """
    parts: list[tuple[np.ndarray, ...]] = []
    level, factor = flat, 1
    while True:
        scales = (1.25, *_PER_OCTAVE) if factor == 1 else _PER_OCTAVE
        for sigma in scales:
            full = sigma * factor
            if 2 * math.sqrt(2) * full > largest:
                break
            job.check()
            parts.append(_extrema(level, sigma, factor, noise))
        if 2 * math.sqrt(2) * _PER_OCTAVE[0] * factor * 2 > largest or min(level.shape) < 16:
            break
        level, factor = shrink(level, 2), factor * 2
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Blobs(*columns)


def _extrema(level: np.ndarray, sigma: float, factor: int, noise: Noise) -> tuple[np.ndarray, ...]:
    response = -(sigma**2) * ndimage.gaussian_laplace(level, sigma, mode="reflect")
    full = sigma * factor
    sd = max(noise.of_blob_filter(full), 1e-12)
    if factor == 1:
        # Noise that is correlated in another way than assumed shows at these scales.
        sd = min(max(sd, quiet_spread(response)), 2 * sd)
    lowest = _lowest_significance(level.size * factor**2, full)
    size = 2 * max(1, round(sigma)) + 1
    magnitude = np.abs(response)
    peaks = (ndimage.maximum_filter(magnitude, size) == magnitude) & (magnitude > lowest * sd)
    y, x = np.nonzero(peaks)
    value = response[y, x]
    if len(y) > _AT_MOST:
        best = np.argsort(-np.abs(value))[:_AT_MOST]
        y, x, value = y[best], x[best], value[best]
    diameter = np.full(len(y), 2 * math.sqrt(2) * full)
    centre = (factor - 1) / 2
    return (
        y * factor + centre,
        x * factor + centre,
        diameter,
        value / _DISC_RESPONSE,
        np.abs(value) / sd,
        (np.abs(value) - lowest * sd) / _DISC_RESPONSE,
    )


def best_of_overlapping(blobs: Blobs) -> Blobs:
    """Return, of blobs that overlap, the one with the highest contrast."""
    order = np.argsort(-blobs.certain)
    blobs = blobs.take(order)
    free = np.ones(len(blobs), bool)
    chosen = []
    for i in range(len(blobs)):
        if not free[i]:
            continue
        chosen.append(i)
        distance = np.hypot(blobs.y - blobs.y[i], blobs.x - blobs.x[i])
        # A centre inside the other's disc is the same thing seen at another scale.
        free &= distance > 0.5 * np.maximum(blobs.diameter, blobs.diameter[i])
    return blobs.take(np.array(chosen, int))


@dataclass(frozen=True)
class Proposal:
    """What a movie's particles look like.

    Parameters
    ----------
    bright : bool
        Whether they are brighter than their background.
    diameter : float
        Typical diameter (of rods, width) in pixels.
    contrast : float
        Typical contrast in counts, positive.
    noise : Noise
        Typical noise.
    coverage : float
        Part of the frame that their discs cover, roughly.
    found : bool
        Whether anything stood out of the noise; if not, the other values are guesses.
    """

    bright: bool
    diameter: float
    contrast: float
    noise: Noise
    coverage: float
    found: bool

    @property
    def smoothing(self) -> float:
        """Smoothing that lifts an edge of this contrast to six times the noise.

        At scale s a step of contrast c has a gradient of ``c / (s sqrt(2 pi))`` and noise of
        density n one of ``n / (s**2 sqrt(8 pi))``, so their ratio is ``2 s c / n``.
        """
        # The necks between small particles would not survive as much as large ones bear.
        return self._smoothing(3.0, 8 if self.diameter < 20 else 5)

    @property
    def edge_smoothing(self) -> float:
        """Smoothing at which the level of the edges is found: more certain, less exact."""
        return max(self.smoothing, self._smoothing(6.0, 10))

    def _smoothing(self, factor: float, part: float) -> float:
        needed = factor * self.noise.density / max(self.contrast, 1e-12)
        sigma = math.sqrt(max(needed**2 - self.noise.correlation**2, 0.0))
        sigma = min(sigma, max(self.diameter / part, 0.7))
        return 0.0 if sigma < 0.4 else sigma


@dataclass(frozen=True)
class Look:
    """What a first look at a frame finds: its blobs, its noise and its number of pixels."""

    every_scale: Blobs
    best: Blobs
    noise: Noise
    pixels: int


def look_at(frame: np.ndarray, job: Job = Job()) -> Look:
    """Find the noise of a frame and the blobs that stand out of it, dark and bright."""
    frame = np.nan_to_num(np.asarray(frame, np.float32))
    noise = estimate_noise(frame)
    job.check()
    flat = frame - fit_polynomial(frame)
    blobs = find_blobs(flat, noise, largest=min(frame.shape) / 2, job=job)
    job.check()
    return Look(blobs, best_of_overlapping(blobs), noise, frame.size)


def propose(
    looks: list[Look], *, bright: bool | None = None, diameter: float | None = None
) -> Proposal:
    """Find size, polarity and contrast of the particles from some frames together.

    Parameters
    ----------
    looks : list of Look
        One of each frame.
    bright, diameter : optional
        What is known of the particles.
    """
    noise = Noise(
        float(np.median([look.noise.density for look in looks])),
        float(np.median([look.noise.correlation for look in looks])),
    )
    blobs = _together([look.best for look in looks])
    evidence = blobs.certain**2 * blobs.diameter**_SIZE_POWER
    if len(blobs):
        # Weak blobs are gaps between particles, their texture or the film they lie on.
        strong = blobs.certain >= 0.5 * _weighted_quantile(blobs.certain, evidence, 0.9)
        blobs, evidence = blobs.take(strong), evidence[strong]
    if bright is None:
        bright = bool(np.sum(evidence * np.sign(blobs.contrast)) > 0)
    right = (blobs.contrast > 0) == bright
    if not right.any():
        return Proposal(bright, diameter or 20.0, 5 * noise.density, noise, 0.0, False)
    blobs, evidence = blobs.take(right), evidence[right]
    known = diameter
    if diameter is None:
        diameter = _weighted_quantile(blobs.diameter, evidence, 0.5)
    contrast = _weighted_quantile(np.abs(blobs.contrast), evidence, 0.5)
    if known is not None:
        # Film and liquid may have stronger blobs of other sizes.
        every = _together([look.every_scale for look in looks])
        near = np.abs(np.log(every.diameter / known)) < math.log(1.3)
        near &= (every.contrast > 0) == bright
        if near.any():
            size = np.abs(every.contrast[near])
            contrast = _weighted_quantile(size, every.certain[near] ** 2, 0.5)
    pixels = sum(look.pixels for look in looks)
    coverage = 0.25 * math.pi * float(np.sum(blobs.diameter**2)) / pixels
    return Proposal(bright, diameter, contrast, noise, coverage, True)


def _together(parts: list[Blobs]) -> Blobs:
    names = Blobs.__dataclass_fields__
    return Blobs(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _weighted_quantile(values: np.ndarray, weights: np.ndarray, part: float) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, part * total[-1])])
