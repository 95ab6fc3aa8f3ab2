"""Cells of a polar spectrum over their background, and how well rings of a lens explain them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from napari_insitu_tem.analysis.fourier.thon import PolarSpectrum
from napari_insitu_tem.analysis.fourier.thon_model import (
    Lens,
    Optics,
    background_basis,
    envelope_basis,
    turned,
)
from napari_insitu_tem.analysis.fourier.window import FourierError

__all__ = ["RingCells"]

_GROUPS = 9  # of sectors, for the error by jackknife


@dataclass(frozen=True, eq=False)
class RingCells:
    """Cells of a spectrum over its background, and how well a lens explains them.

    Parameters
    ----------
    spectrum, optics, pixel_size
        As of `fit_rings`.
    level : (rings,) array
        Background, by a smooth fit of the radial average.
    ratio, weight : (SECTORS, rings) arrays
        Power over that, minus 1, and the inverse of its variance.
    smooth, hats : (rings, k) arrays
        Curves of the background and of the rings' depth.
    """

    spectrum: PolarSpectrum
    optics: Optics
    pixel_size: float
    level: np.ndarray
    ratio: np.ndarray
    weight: np.ndarray
    smooth: np.ndarray
    hats: np.ndarray

    @classmethod
    def of(cls, spectrum: PolarSpectrum, optics: Optics, pixel_size: float) -> RingCells:
        """Divide a spectrum by its background.

        Raises
        ------
        FourierError
            When too few frequencies are left.
        """
        smooth = background_basis(spectrum.frequency)
        counted = spectrum.weight.sum(axis=0)
        known = (counted > 0) & (spectrum.radial > 0)
        if np.count_nonzero(known) < 3 * smooth.shape[1]:
            raise FourierError(
                "Too few frequencies are left to fit rings to. Draw a larger region, or choose a "
                "larger window."
            )
        root = np.sqrt(counted[known])[:, np.newaxis]
        target = root[:, 0] * np.log(spectrum.radial[known])
        parts = np.linalg.lstsq(root * smooth[known], target, rcond=None)[0]
        level = np.exp(smooth @ parts)
        level_of_cell = level * _square(spectrum, level, smooth)
        ratio = np.where(spectrum.weight > 0, spectrum.power / level_of_cell - 1, 0)
        # A mean power scatters in proportion to itself, so bright rings count less than dark.
        expected = np.maximum(spectrum.radial / level, 0.2)
        return cls(spectrum, optics, pixel_size, level, ratio, spectrum.weight / expected**2,
                   smooth, envelope_basis(spectrum.frequency))  # fmt: skip

    @property
    def frequency(self) -> np.ndarray:
        """1/nm."""
        return self.spectrum.frequency / self.pixel_size

    # -- the whole fit ---------------------------------------------------------------------

    def normal(self, wave: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the normal equations of background and depth for an oscillation."""
        one, two = (weight * wave).sum(axis=0), (weight * wave**2).sum(axis=0)
        smooth, hats = self.smooth, self.hats
        cross = smooth.T @ (one[:, np.newaxis] * hats)
        matrix = np.block(
            [
                [smooth.T @ (weight.sum(axis=0)[:, np.newaxis] * smooth), cross],
                [cross.T, hats.T @ (two[:, np.newaxis] * hats)],
            ]
        )
        target = np.concatenate(
            [
                smooth.T @ (weight * self.ratio).sum(axis=0),
                hats.T @ (weight * wave * self.ratio).sum(axis=0),
            ]
        )
        return matrix, target

    def misfit(self, vector: np.ndarray, weight: np.ndarray | None = None) -> float:
        """Return the sum of squares that a lens leaves, negative depths forbidden."""
        weight = self.weight if weight is None else weight
        matrix, target = self.normal(self.wave(Lens.of_vector(vector)), weight)
        _, gain = _solved(matrix, target, self.smooth.shape[1])
        return float((weight * self.ratio**2).sum() - gain)

    def wave(self, lens: Lens) -> np.ndarray:
        """Return the oscillation (SECTORS, rings)."""
        return turned(self.spectrum, self.optics, lens, self.pixel_size)

    def refine(
        self, lens: Lens, weight: np.ndarray | None = None, *, tries: int = 200
    ) -> tuple[float, np.ndarray]:
        """Return the least misfit near a lens, and where it is."""
        step = self.period
        start = lens.vector
        simplex = start + np.vstack([np.zeros(3), step * np.eye(3)])
        best = optimize.minimize(
            self.misfit,
            start,
            args=(weight,),
            method="Nelder-Mead",
            options={
                "initial_simplex": simplex, "maxfev": tries, "xatol": 0.01 * step, "fatol": 1e-3
            },
        )  # fmt: skip
        return float(best.fun), np.asarray(best.x)

    @property
    def period(self) -> float:
        """Defocus (nm) that moves the phase at half of the highest frequency by a quarter turn."""
        return float(1 / (8 * self.optics.wavelength * (self.frequency[-1] / 2) ** 2))

    def significance(self, misfit: float, trials: float) -> float:
        """Return the decadic logarithm of the chance that noise leaves as little."""
        weight = self.weight
        matrix = self.smooth.T @ (weight.sum(axis=0)[:, np.newaxis] * self.smooth)
        target = self.smooth.T @ (weight * self.ratio).sum(axis=0)
        plain = float(
            (weight * self.ratio**2).sum() - target @ np.linalg.lstsq(matrix, target, rcond=None)[0]
        )
        extra = self.hats.shape[1] + 3
        free = np.count_nonzero(weight) - self.smooth.shape[1] - extra
        # Weights stand for what neighbours in a Hann window share, which single cells do not
        # show: their scatter counts only where it is larger than that.
        ratio = max(plain - misfit, 0) / extra / max(misfit / free, 1.0)
        return float(min((stats.f.logsf(ratio, extra, free) + np.log(trials)) / np.log(10), 0))

    def jackknife(self, vector: np.ndarray) -> np.ndarray:
        """Return the covariance (3, 3), from leaving out a ninth of the sectors each time."""
        found = []
        for group in range(_GROUPS):
            weight = self.weight.copy()
            weight[group::_GROUPS] = 0
            found.append(self.refine(Lens.of_vector(vector), weight, tries=90)[1])
        away = np.array(found) - np.mean(found, axis=0)
        return (_GROUPS - 1) / _GROUPS * away.T @ away

    # -- along curves of equal phase -------------------------------------------------------

    def curve(self, lens: Lens) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return the measured and fitted ratio, its ground, and the depth of rings, (n,) each."""
        wave = self.wave(lens)
        count = self.smooth.shape[1]
        parts, _ = _solved(*self.normal(wave, self.weight), count)
        ground, depth = 1 + self.smooth @ parts[:count], self.hats @ parts[count:]
        place = self._equal_phase(lens)
        measured, fitted = (
            _rebinned(place, values, self.weight, len(ground))
            for values in ((1 + self.ratio) / ground, 1 + depth * wave / ground)
        )
        return measured, fitted, ground, depth

    def _equal_phase(self, lens: Lens) -> np.ndarray:
        """Return for every cell the ring (float) at which the mean defocus has its phase."""
        frequency = self.frequency
        mean = self.optics.phase(frequency, lens.defocus)
        own = self.optics.phase(frequency[np.newaxis], lens.along(self.spectrum.angle)[:, None])
        slope = self.optics.slope(frequency, lens.defocus)
        safe = np.where(np.abs(slope) < 1e-9, np.inf, slope)
        shift = (own - mean) / safe / (frequency[1] - frequency[0])
        limit = np.arange(len(frequency))
        return limit + np.clip(shift, -0.5 * limit - 5, 0.5 * limit + 5)

    def minima(self, lens: Lens, depth: np.ndarray) -> int:
        """Return how many minima lie where rings of that depth show."""
        # What each frequency adds to the evidence: rings show where most of it comes from.
        gain = (depth**2 * (self.weight * self.wave(lens) ** 2).sum(axis=0)).cumsum()
        at = np.flatnonzero((gain > 0.01 * gain[-1]) & (gain < 0.99 * gain[-1]) & (depth > 0))
        if not len(at):
            return 0
        turns = np.floor(self.optics.phase(self.frequency, lens.defocus) / np.pi)
        return int(np.count_nonzero(np.diff(turns[at[0] : at[-1] + 1])))


def _square(spectrum: PolarSpectrum, level: np.ndarray, smooth: np.ndarray) -> np.ndarray:
    """Return by how much the background (SECTORS, rings) is another along the diagonals.

    Square pixels make that; two-fold astigmatism does not.
    """
    four = np.cos(4 * spectrum.angle)
    weight = spectrum.weight / np.maximum(spectrum.radial / level, 0.2) ** 2
    ratio = np.where(spectrum.weight > 0, (spectrum.power - spectrum.radial) / level, 0)
    along = (weight * four[:, np.newaxis] ** 2).sum(axis=0)
    target = (weight * four[:, np.newaxis] * ratio).sum(axis=0)
    matrix = smooth.T @ (along[:, np.newaxis] * smooth)
    parts = np.linalg.lstsq(matrix, smooth.T @ target, rcond=None)[0]
    return np.maximum(1 + np.outer(four, smooth @ parts), 0.2)


def _solved(matrix: np.ndarray, target: np.ndarray, smooth: int) -> tuple[np.ndarray, float]:
    """Solve normal equations whose parts behind `smooth` must not be negative; and the gain."""
    free = np.ones(len(target), bool)
    matrix = matrix + np.eye(len(target)) * 1e-9 * np.trace(matrix) / len(target)
    for _ in range(len(target)):
        parts = np.zeros(len(target))
        parts[free] = np.linalg.solve(matrix[np.ix_(free, free)], target[free])
        wrong = parts < 0
        wrong[:smooth] = False
        if not wrong.any():
            break
        free &= ~wrong
    return parts, float(parts @ target)


def _rebinned(place: np.ndarray, values: np.ndarray, weight: np.ndarray, count: int) -> np.ndarray:
    low = np.floor(place).astype(int)
    total, norm = np.zeros(count), np.zeros(count)
    for at, share in ((low, 1 - (place - low)), (low + 1, place - low)):
        inside = (at >= 0) & (at < count)
        total += np.bincount(at[inside], (share * weight * values)[inside], count)
        norm += np.bincount(at[inside], (share * weight)[inside], count)
    known = norm > 0
    return np.interp(np.arange(count), np.flatnonzero(known), total[known] / norm[known])
