"""Images of a focal series laid over each other, though defocus turns their contrast round.

The transform of an image of a thin object is that of the object times a real transfer function
that depends on the spatial frequency and the defocus alone (weak-phase imaging; Williams and
Carter, *Transmission Electron Microscopy*, ch. 28). Between two images it changes by a real
factor, which may be negative, and by the phase ramp of their shift. So frequencies are taken in
rings, in each of which the factor is free: the sum over rings of ``-N log(1 - ρ²)``, with ρ the
correlation coefficient of the ring's N frequencies, is the logarithm of the profile likelihood of
a shift, whatever the signs.

A perfect lattice looks the same when it is shifted by a lattice vector. What lies between its
reflections, from vacancies, edges and dirt, decides; so reflections count little. Where it cannot
decide, the smallest shift is taken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from scipy import ndimage

__all__ = ["Shift", "find_shift", "register_series"]

#: Frequencies that count, cycles per nm: above slow illumination, below what lenses transfer.
_LOWEST, _HIGHEST = 1.5, 11.0
#: Width of a ring; Bragg reflections of a lattice fall into different ones.
_RING = 0.75
#: Steps in nm of the search, and of the refinement.
_STEP, _FINE = 0.015, 0.0025
#: What shifts are expected to be like, nm. Shifts within so many nats of the best are as likely;
#: the smallest wins.
_USUAL, _NATS = 0.15, 5.0
#: Peaks of the coarse search that are looked at closely.
_MOST = 12
#: Times a ring's median power above which a frequency belongs to a Bragg reflection, and what
#: share of its evidence counts: aberrations and strong scattering are not in the model.
_BRAGG, _TRUST = 25.0, 0.1
_TAPER = 0.1
#: Neighbouring frequencies over which power is averaged.
_SMOOTH = 3


@dataclass(frozen=True, eq=False)
class Shift:
    """How an image lies against another.

    Parameters
    ----------
    pixels : (2,) array
        Where a point of the reference lies in the image, minus where it lies in the reference
        (y, x), px.
    evidence : float
        Logarithm of the likelihood ratio of this shift against images that have nothing in
        common, reflections with a tenth of theirs.
    others : int
        Other shifts (by a lattice vector, say) that are as likely; this is the smallest.
    """

    pixels: np.ndarray
    evidence: float
    others: int = 0


def register_series(
    images: Sequence[np.ndarray], *, pixel_size: float, largest: float = 0.6
) -> list[Shift]:
    """Find how the images of a focal series lie against the first one.

    Parameters
    ----------
    images : sequence of (y, x) arrays
        Of one size; finite.
    pixel_size : float
        nm.
    largest : float
        Shifts are looked for up to this many nm along y and x.

    Returns
    -------
    list of Shift
        One an image; that of the first is zero.

    Raises
    ------
    ValueError
        When the images are not of one size.
    """
    first, *others = images
    zero = Shift(np.zeros(2), np.inf)
    return [
        zero,
        *(find_shift(image, first, pixel_size=pixel_size, largest=largest) for image in others),
    ]


def find_shift(
    image: np.ndarray, reference: np.ndarray, *, pixel_size: float, largest: float = 0.6
) -> Shift:
    """Find how an image lies against a reference of another defocus; see `register_series`."""
    if image.shape != reference.shape:
        raise ValueError(
            f"Images of {image.shape} and {reference.shape} px cannot be laid over each other."
        )
    spectra = _Spectra.of(image, reference, pixel_size)
    lattice, rest = spectra.rings(spectra.bragg), spectra.rings(~spectra.bragg)
    steps = max(3, round(largest / _STEP))
    coarse = np.arange(-steps, steps + 1) * _STEP / pixel_size
    whole, apart = lattice.score(coarse, coarse), rest.score(coarse, coarse)
    score = _TRUST * whole + apart
    reach = np.hypot.outer(coarse, coarse) * pixel_size
    rows, columns = np.nonzero(score == ndimage.maximum_filter(score, 7))
    likely = score[rows, columns] - _doubt(reach[rows, columns])
    chosen = np.argsort(-likely)[:_MOST]
    refined = [
        _refined(lattice, rest, np.array([coarse[rows[at]], coarse[columns[at]]]), pixel_size)
        for at in chosen
    ]
    best = max(evidence for _, evidence in refined)
    equal = [each for each in refined if each[1] >= best - _NATS]
    moved, evidence = min(equal, key=lambda each: float(np.hypot(*each[0])))
    return Shift(moved, evidence, len(equal) - 1)


def _doubt(distance: np.ndarray) -> np.ndarray:
    """Return the nats that speak against shifts of so many nm beforehand."""
    return np.asarray(0.5 * np.square(distance / _USUAL))


def _refined(
    lattice: _Rings, rest: _Rings, start: np.ndarray, pixel_size: float
) -> tuple[np.ndarray, float]:
    """Return the maximum near a grid point, and the evidence there."""
    around = np.arange(-5, 6) * _FINE / pixel_size
    down, across = start[0] + around, start[1] + around
    fine = _TRUST * lattice.score(down, across) + rest.score(down, across)
    row, column = (int(at) for at in np.unravel_index(int(np.argmax(fine)), fine.shape))
    moved = np.array([down[row], across[column]])
    moved += _vertex(fine, (row, column)) * _FINE / pixel_size
    return moved, float(fine.max())


@dataclass(frozen=True, eq=False)
class _Spectra:
    """Spectra of two images at the frequencies that count, 1/nm."""

    first: np.ndarray
    second: np.ndarray
    y: np.ndarray
    x: np.ndarray
    radius: np.ndarray
    bragg: np.ndarray

    @classmethod
    def of(cls, image: np.ndarray, reference: np.ndarray, pixel_size: float) -> _Spectra:
        first, second = (_spectrum(each) for each in (image, reference))
        y = scipy.fft.fftfreq(image.shape[0])
        x = scipy.fft.rfftfreq(image.shape[1])
        radius = np.hypot.outer(y, x) / pixel_size
        highest = min(_HIGHEST, 0.45 / pixel_size)
        rows, columns = np.abs(y) / pixel_size <= highest, x / pixel_size <= highest
        keep = np.ix_(rows, columns)
        found = cls(first[keep], second[keep], y[rows], x[columns], radius[keep], radius[keep] < 0)
        power = np.abs(found.first * found.second)
        bragg = np.zeros(power.shape, bool)
        for inside in found.inside():
            bragg[inside] = power[inside] > _BRAGG * np.median(power[inside])
        spots = ndimage.binary_opening(ndimage.binary_dilation(bragg, iterations=2))
        return dataclasses.replace(found, bragg=spots)

    def inside(self) -> Iterator[np.ndarray]:
        """Yield the frequencies of every ring."""
        highest = float(self.radius.max()) / np.sqrt(2)
        for low in np.arange(_LOWEST, highest, _RING):
            inside = (self.radius >= low) & (self.radius < min(low + _RING, highest))
            if inside.sum() >= 8:
                yield inside

    def rings(self, which: np.ndarray) -> _Rings:
        """Return the rings with some of the frequencies."""
        weights = np.sqrt(self._signal(self.first) * self._signal(self.second)) * which
        cross, energy, count = [], [], []
        for inside in self.inside():
            share = np.where(inside, weights, 0)
            powers = [float(np.sum(share * np.abs(e) ** 2)) for e in (self.first, self.second)]
            if share.sum() < 2 or min(powers) <= 0:
                continue
            cross.append(share * self.first * self.second.conj())
            energy.append(float(np.sqrt(powers[0] * powers[1])))
            count.append(float(share.sum()))
        return _Rings(self.y, self.x, cross, energy, count)

    def _signal(self, spectrum: np.ndarray) -> np.ndarray:
        """Return what share of the power at every frequency is not noise.

        Noise is the lowest median power of a ring: at high frequencies lenses transfer nothing.
        """
        power = np.abs(spectrum) ** 2
        medians = [float(np.median(power[inside])) for inside in self.inside()]
        noise = min(medians, default=0.0) / np.log(2)
        smooth = ndimage.uniform_filter(power, _SMOOTH, mode="nearest")
        return np.clip(1 - noise / np.maximum(smooth, 1e-30), 0, 1)


@dataclass(frozen=True, eq=False)
class _Rings:
    """Cross spectrum of two images, ring by ring."""

    y: np.ndarray
    x: np.ndarray
    cross: list[np.ndarray]
    energy: list[float]
    count: list[float]

    def score(self, down: np.ndarray, across: np.ndarray) -> np.ndarray:
        """Return the log-likelihood ratio of every shift (down, across), px."""
        rows = np.exp(2j * np.pi * np.outer(down, self.y))
        columns = np.exp(2j * np.pi * np.outer(self.x, across))
        total = np.zeros((len(down), len(across)))
        for cross, energy, count in zip(self.cross, self.energy, self.count, strict=True):
            correlation = (rows @ cross @ columns).real / energy
            total -= count * np.log(np.maximum(1 - np.square(correlation), 1e-9))
        return total


def _spectrum(image: np.ndarray) -> np.ndarray:
    values = np.asarray(image, np.float32) - np.float32(np.mean(image))
    for axis, length in enumerate(values.shape):
        ramp = np.clip((0.5 + np.arange(length)) / max(1, round(_TAPER * length)), 0, 1)
        window = 0.5 - 0.5 * np.cos(np.pi * np.minimum(ramp, ramp[::-1]))
        values = values * window.astype(np.float32).reshape((-1, 1) if axis == 0 else (1, -1))
    return np.asarray(scipy.fft.rfft2(values))


def _vertex(score: np.ndarray, best: tuple[int, int]) -> np.ndarray:
    """Return where between grid points a parabola through the highest has its vertex."""
    offset = np.zeros(2)
    for axis in (0, 1):
        at, other = best[axis], best[1 - axis]
        line = score[:, other] if axis == 0 else score[other]
        if 0 < at < len(line) - 1:
            left, middle, right = line[at - 1 : at + 2]
            curvature = left - 2 * middle + right
            if curvature < 0:
                offset[axis] = float(np.clip(0.5 * (left - right) / curvature, -0.5, 0.5))
    return offset
