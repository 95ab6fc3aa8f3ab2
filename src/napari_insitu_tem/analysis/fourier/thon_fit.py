"""Defocus and astigmatism from Thon rings: a coarse search by sectors, then a fit of all cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, stats

from napari_insitu_tem.analysis.fourier.thon import SECTORS, PolarSpectrum
from napari_insitu_tem.analysis.fourier.thon_model import (
    Lens,
    Optics,
    background_basis,
    envelope_basis,
    oscillation,
    turned,
)
from napari_insitu_tem.analysis.fourier.window import FourierError

__all__ = ["Search", "ThonFit", "fit_rings"]

_COARSE = 12  # sectors of the search
_PART = SECTORS // _COARSE
_DIRECTIONS = 12
_GROUPS = 9  # of sectors, for the error by jackknife
_FEWEST_RINGS = 2
_LOOKED_AT, _STARTS = 40, 4
_ALIKE = 0.02
_CONTRAST_ERROR = 0.03


@dataclass(frozen=True)
class Search:
    """Between which values defocus and astigmatism are looked for.

    Parameters
    ----------
    lowest, highest : float
        Defocus, nm.
    astigmatism : float
        The largest, nm.
    false_alarm : float
        How probable it may be that noise alone passes for rings.
    """

    lowest: float = 20.0
    highest: float = 1500.0
    astigmatism: float = 100.0
    false_alarm: float = 0.001


@dataclass(frozen=True, eq=False)
class ThonFit:
    """Rings that were found.

    Parameters
    ----------
    lens : Lens
        Defocus and astigmatism.
    defocus_error, astigmatism_error, angle_error : float
        Standard errors; nm, nm and degrees: from the scatter between sectors, and for the defocus
        from an amplitude contrast that is uncertain by 0.03.
    score : float
        Correlation between measured and fitted rings, along curves of equal phase.
    rings : int
        Minima within the frequencies at which rings show.
    frequency, measured, fitted : (n,) arrays
        Frequency (1/nm), and the power over its smooth background along curves of equal phase.
    background, depth : (n,) arrays
        The smooth background, as the power; and how far rings go up and down, over it.
    significance : float
        Logarithm (base 10) of the probability that noise does as well, ≤ 0.
    """

    lens: Lens
    defocus_error: float
    astigmatism_error: float
    angle_error: float
    score: float
    rings: int
    frequency: np.ndarray
    measured: np.ndarray
    fitted: np.ndarray
    background: np.ndarray
    depth: np.ndarray
    significance: float


def fit_rings(
    spectrum: PolarSpectrum, optics: Optics, pixel_size: float, search: Search = Search()
) -> ThonFit:
    """Find defocus and astigmatism.

    Parameters
    ----------
    spectrum : PolarSpectrum
        Of an amorphous region.
    optics : Optics
        The microscope.
    pixel_size : float
        nm.
    search : Search
        Where to look.

    Raises
    ------
    FourierError
        When no rings stand out from noise, with why.
    """
    problem = _Problem.of(spectrum, optics, pixel_size)
    coarse, trials = _coarse(problem, search)
    coarse.sort(key=lambda lens: problem.misfit(lens.vector))
    misfit, vector = min(map(problem.refine, coarse[:_STARTS]), key=lambda each: each[0])
    significance = problem.significance(misfit, trials)
    if significance > np.log10(search.false_alarm):
        raise FourierError(
            "No Thon rings stand out from noise. Draw a region of amorphous film, average over "
            "more frames, or look for defocus in another range."
        )
    lens = Lens.of_vector(vector)
    measured, fitted, ground, depth = problem.curve(lens)
    rings = problem.minima(lens, depth)
    if rings < _FEWEST_RINGS:
        raise FourierError(
            "Fewer than two rings show within the frequencies of this spectrum, which leaves the "
            "defocus undecided. Record at a larger defocus or magnification."
        )
    covariance = problem.jackknife(vector)
    # What is not known of amplitude contrast shifts all rings, and so the defocus.
    away = replace(
        optics, amplitude_contrast=min(optics.amplitude_contrast + _CONTRAST_ERROR, 0.99)
    )
    other = _Problem.of(spectrum, away, pixel_size).refine(lens, tries=90)[1]
    covariance[0, 0] += float(other[0] - vector[0]) ** 2
    return ThonFit(
        lens,
        *_errors(lens, covariance),
        score=_correlation(measured - 1, fitted - 1, problem.weight.sum(axis=0)),
        rings=rings,
        frequency=problem.frequency,
        measured=measured,
        fitted=fitted,
        background=problem.level * ground,
        depth=depth / ground,
        significance=significance,
    )


@dataclass(frozen=True, eq=False)
class _Problem:
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
    def of(cls, spectrum: PolarSpectrum, optics: Optics, pixel_size: float) -> _Problem:
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


def _coarse(problem: _Problem, search: Search) -> tuple[list[Lens], float]:
    """Return the best lenses of a grid, and how many independent ones were tried.

    Every sector is compared with rings of all defoci. An astigmatic lens has the defocus
    Δf + A·cos 2(φ − φ_A) in every sector, so its evidence is a sum over sectors.
    """
    grid = _grid(problem, search)
    gains = _gains(problem, grid)
    half = (np.arange(_COARSE) + 0.5) * np.pi / _COARSE
    strengths = np.unique(np.concatenate([[0.0], _steps(problem.period, search.astigmatism)]))
    best: list[tuple[float, Lens]] = []
    for strength in strengths:
        for direction in np.arange(_DIRECTIONS if strength else 1) * 180 / _DIRECTIONS:
            shift = strength * np.cos(2 * (half - np.radians(direction)))
            total = sum(
                np.interp(grid + shift[part], grid, gains[part], left=0, right=0)
                for part in range(_COARSE)
            )
            top = int(np.argmax(total))
            best.append((float(total[top]), Lens(float(grid[top]), float(strength), direction)))
    best.sort(key=lambda each: -each[0])
    kept: list[Lens] = []
    for _, lens in best:
        if all(abs(lens.defocus - other.defocus) > _ALIKE * abs(other.defocus) for other in kept):
            kept.append(lens)
        if len(kept) == _LOOKED_AT:
            break
    return kept, len(grid) * len(strengths) * _DIRECTIONS / 4


def _steps(first: float, last: float) -> np.ndarray:
    """Return steps that grow by a quarter from one to the next."""
    count = int(np.ceil(np.log1p(0.25 * max(last, first) / first) / np.log(1.25)))
    return np.minimum(first * (1.25 ** np.arange(1, count + 1) - 1) / 0.25, last)


def _grid(problem: _Problem, search: Search) -> np.ndarray:
    """Return defoci (nm) that are near enough to each other for no ring to be missed."""
    length, top = problem.optics.wavelength, float(problem.frequency[-1])
    step = problem.spectrum.step / problem.pixel_size
    values = [search.lowest]
    while values[-1] < search.highest:
        # Beyond this frequency rings lie too close to be told apart.
        end = min(top, 1 / (5 * length * max(abs(values[-1]), 1e-6) * step))
        values.append(values[-1] + 1 / (6 * length * end**2))
    return np.array(values)


def _gains(problem: _Problem, grid: np.ndarray) -> np.ndarray:
    """Return how much rings of every defocus explain in every sector, (sectors, defoci)."""
    frequency = problem.frequency
    step = problem.spectrum.step / problem.pixel_size
    wave = oscillation(problem.optics, frequency, grid[:, np.newaxis], step)
    bands = [hat > 0.5 for hat in problem.hats.T]
    gains = np.zeros((_COARSE, len(grid)))
    for part in range(_COARSE):
        rows = slice(part * _PART, (part + 1) * _PART)
        weight = problem.weight[rows].sum(axis=0)
        ratio = (problem.weight[rows] * problem.ratio[rows]).sum(axis=0) / np.maximum(weight, 1e-9)
        root = np.sqrt(weight)
        basis, _ = np.linalg.qr(root[:, np.newaxis] * problem.smooth)
        values = root * ratio
        values -= basis @ (basis.T @ values)
        for band in bands:
            part_wave = wave * (root * band)
            part_wave -= (part_wave @ basis) @ basis.T
            norm = np.maximum((part_wave**2).sum(axis=1), 1e-9 + 0.02 * (weight * band).sum())
            gains[part] += np.maximum(part_wave @ values, 0) ** 2 / norm
    return gains


def _rebinned(place: np.ndarray, values: np.ndarray, weight: np.ndarray, count: int) -> np.ndarray:
    low = np.floor(place).astype(int)
    total, norm = np.zeros(count), np.zeros(count)
    for at, share in ((low, 1 - (place - low)), (low + 1, place - low)):
        inside = (at >= 0) & (at < count)
        total += np.bincount(at[inside], (share * weight * values)[inside], count)
        norm += np.bincount(at[inside], (share * weight)[inside], count)
    known = norm > 0
    return np.interp(np.arange(count), np.flatnonzero(known), total[known] / norm[known])


def _correlation(one: np.ndarray, other: np.ndarray, weight: np.ndarray) -> float:
    one = one - np.average(one, weights=weight)
    other = other - np.average(other, weights=weight)
    norm = np.sqrt((weight * one**2).sum() * (weight * other**2).sum())
    return float((weight * one * other).sum() / norm) if norm > 0 else 0.0


def _errors(lens: Lens, covariance: np.ndarray) -> tuple[float, float, float]:
    """Return the standard errors of defocus, astigmatism (nm) and its angle (°)."""
    twice = np.radians(2 * lens.angle)
    along = np.array([0, np.cos(twice), np.sin(twice)])
    across = np.array([0, -np.sin(twice), np.cos(twice)])
    strength = float(np.sqrt(along @ covariance @ along))
    sideways = float(np.sqrt(across @ covariance @ across))
    # An angle between 0 and 180° that is quite unknown has a standard deviation of 52°.
    angle = min(np.degrees(sideways / max(2 * lens.astigmatism, 1e-9)), 180 / np.sqrt(12))
    return float(np.sqrt(covariance[0, 0])), strength, float(angle)
