"""Defocus and astigmatism from Thon rings: a coarse search by sectors, then a fit of all cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_insitu_tem.analysis.fourier.thon import PolarSpectrum
from napari_insitu_tem.analysis.fourier.thon_cells import RingCells
from napari_insitu_tem.analysis.fourier.thon_model import Lens, Optics
from napari_insitu_tem.analysis.fourier.thon_search import Search, lenses_to_refine
from napari_insitu_tem.analysis.fourier.window import FourierError

__all__ = ["Search", "ThonFit", "fit_rings"]

_FEWEST_RINGS = 2
_STARTS = 4
_CONTRAST_ERROR = 0.03


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
    cells = RingCells.of(spectrum, optics, pixel_size)
    coarse, trials = lenses_to_refine(cells, search)
    coarse.sort(key=lambda lens: cells.misfit(lens.vector))
    misfit, vector = min(map(cells.refine, coarse[:_STARTS]), key=lambda each: each[0])
    significance = cells.significance(misfit, trials)
    if significance > np.log10(search.false_alarm):
        raise FourierError(
            "No Thon rings stand out from noise. Draw a region of amorphous film, average over "
            "more frames, or look for defocus in another range."
        )
    lens = Lens.of_vector(vector)
    measured, fitted, ground, depth = cells.curve(lens)
    rings = cells.minima(lens, depth)
    if rings < _FEWEST_RINGS:
        raise FourierError(
            "Fewer than two rings show within the frequencies of this spectrum, which leaves the "
            "defocus undecided. Record at a larger defocus or magnification."
        )
    covariance = cells.jackknife(vector)
    # What is not known of amplitude contrast shifts all rings, and so the defocus.
    away = replace(
        optics, amplitude_contrast=min(optics.amplitude_contrast + _CONTRAST_ERROR, 0.99)
    )
    other = RingCells.of(spectrum, away, pixel_size).refine(lens, tries=90)[1]
    covariance[0, 0] += float(other[0] - vector[0]) ** 2
    return ThonFit(
        lens,
        *_errors(lens, covariance),
        score=_correlation(measured - 1, fitted - 1, cells.weight.sum(axis=0)),
        rings=rings,
        frequency=cells.frequency,
        measured=measured,
        fitted=fitted,
        background=cells.level * ground,
        depth=depth / ground,
        significance=significance,
    )


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
