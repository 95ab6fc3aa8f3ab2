"""The model of Thon rings: the phase of the lens, and how rings lie on a smooth background."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline

from napari_insitu_tem.analysis.electrons import wavelength
from napari_insitu_tem.analysis.fourier.thon import SECTORS, PolarSpectrum

__all__ = ["Lens", "Optics", "background_basis", "envelope_basis", "oscillation"]

_BACKGROUND = 9
_ENVELOPE = 6
_NARROWEST = 2.2  # rings closer than so many steps of the spectrum cannot be told apart


@dataclass(frozen=True)
class Optics:
    """What is known of the microscope.

    Parameters
    ----------
    energy : float
        Of the electrons, keV.
    spherical_aberration : float
        Cs, mm.
    amplitude_contrast : float
        Share of the contrast that comes from amplitude, 0 to below 1.
    """

    energy: float = 300.0
    spherical_aberration: float = 0.0
    amplitude_contrast: float = 0.07

    @property
    def wavelength(self) -> float:
        """Of the electrons, nm."""
        return wavelength(self.energy) / 10

    def phase(self, frequency: np.ndarray, defocus: np.ndarray | float) -> np.ndarray:
        """Return χ minus the phase of amplitude contrast, rad.

        χ = π·λ·q²·(Cs·λ²·q²/2 − Δf), Δf positive for underfocus, as in
        `simulate.hrtem.imaging.aberration`. A thin film's image has the contrast
        sin χ − tan(α)·cos χ ∝ sin(χ − α), with sin α the amplitude contrast.

        Parameters
        ----------
        frequency : array
            q, 1/nm.
        defocus : array or float
            Δf in the direction of that frequency, nm.
        """
        squared = np.square(frequency)
        sphere = 0.5e6 * self.spherical_aberration * self.wavelength**2 * squared
        bent = np.pi * self.wavelength * squared * (sphere - defocus)
        return bent - np.arcsin(self.amplitude_contrast)

    def slope(self, frequency: np.ndarray, defocus: np.ndarray | float) -> np.ndarray:
        """Return the derivative of the phase, rad·nm."""
        sphere = 1e6 * self.spherical_aberration * self.wavelength**2 * np.square(frequency)
        return 2 * np.pi * self.wavelength * frequency * (sphere - defocus)


@dataclass(frozen=True)
class Lens:
    """Defocus and two-fold astigmatism.

    Parameters
    ----------
    defocus : float
        Mean over all directions, nm; underfocus is positive.
    astigmatism : float
        Half of the difference between the largest and the smallest defocus, nm.
    angle : float
        Direction of the largest defocus, degrees, counter-clockwise on the screen from the right.
    """

    defocus: float
    astigmatism: float = 0.0
    angle: float = 0.0

    @classmethod
    def of_vector(cls, vector: np.ndarray) -> Lens:
        """Make it of defocus, and astigmatism times cosine and sine of twice its angle."""
        angle = np.degrees(np.arctan2(vector[2], vector[1])) / 2 % 180
        return cls(float(vector[0]), float(np.hypot(vector[1], vector[2])), float(angle))

    @property
    def vector(self) -> np.ndarray:
        """Inverse of `of_vector`."""
        twice = np.radians(2 * self.angle)
        return np.array(
            [self.defocus, self.astigmatism * np.cos(twice), self.astigmatism * np.sin(twice)]
        )

    def along(self, angle: np.ndarray) -> np.ndarray:
        """Return the defocus (nm) in directions (rad)."""
        return self.defocus + self.astigmatism * np.cos(2 * (angle - np.radians(self.angle)))


def oscillation(
    optics: Optics, frequency: np.ndarray, defocus: np.ndarray, step: float
) -> np.ndarray:
    """Return how the power goes up (1) and down (−1) around its mean: −cos 2(χ − α).

    Where rings lie too close for the spectrum's resolution they fade to 0.

    Parameters
    ----------
    frequency : array
        1/nm.
    defocus : array
        nm.
    step : float
        Resolution of the spectrum, 1/nm.
    """
    phase = optics.phase(frequency, defocus)
    period = np.pi / np.maximum(np.abs(optics.slope(frequency, defocus)), 1e-9) / step
    return -np.cos(2 * phase) * _resolved(period)


def _resolved(period: np.ndarray) -> np.ndarray:
    """Return what a Hann window leaves of an oscillation whose period is so many steps.

    It is the window's autocorrelation at that share of its width, times what is left by averaging
    over a ring one step wide. Oscillations of fewer than two steps do not count.
    """
    share = 1 / np.maximum(period, 1.0)
    turn = 2 * np.pi * share
    overlap = (1 - share) * (2 + np.cos(turn)) / 3 + np.sin(turn) / (2 * np.pi)
    return np.where(period > _NARROWEST, overlap * np.sinc(share), 0)


def background_basis(frequency: np.ndarray) -> np.ndarray:
    """Return smooth curves (n, 9) of frequency that make the background: cubic B-splines.

    Their knots lie evenly in the square root of frequency, as backgrounds fall steeply first.
    """
    place = np.sqrt(frequency)
    place = (place - place.min()) / max(float(np.ptp(place)), 1e-12)
    inner = np.linspace(0, 1, _BACKGROUND - 2)
    knots = np.concatenate([np.zeros(3), inner, np.ones(3)])
    return BSpline.design_matrix(np.clip(place, 0, 1 - 1e-9), knots, 3).toarray()


def envelope_basis(frequency: np.ndarray) -> np.ndarray:
    """Return hats (n, 6) of frequency, whose sum with weights ≥ 0 is the depth of the rings."""
    place = (frequency - frequency[0]) / max(float(np.ptp(frequency)), 1e-12) * (_ENVELOPE - 1)
    return np.clip(1 - np.abs(place[:, np.newaxis] - np.arange(_ENVELOPE)), 0, 1)


def turned(spectrum: PolarSpectrum, optics: Optics, lens: Lens, pixel_size: float) -> np.ndarray:
    """Return the oscillation of all cells (SECTORS, rings) of a spectrum.

    Averaging over a sector's width is taken into account to first order.
    """
    frequency = spectrum.frequency[np.newaxis] / pixel_size
    angle = spectrum.angle[:, np.newaxis]
    wave = oscillation(optics, frequency, lens.along(angle), spectrum.step / pixel_size)
    change = lens.astigmatism * np.sin(2 * (angle - np.radians(lens.angle))) * np.pi / SECTORS
    return wave * np.sinc(2 * optics.wavelength * frequency**2 * change)
