"""The fast variant: from atoms to the exit wave by a few slices of projected potential.

The wave goes through slices of about a nanometre; within one the phase of all atoms adds up, and
between two the wave spreads as in free space (Cowley and Moodie, Acta Cryst. 10, 609, 1957).
Atoms are spread onto the grid by cubic B-splines, whose own spectrum is divided out.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.scattering import phase_factor, wavelength
from napari_insitu_tem.simulate.hrtem.structures import Particle

__all__ = [
    "multiply_exit_wave",
    "multislice",
    "phase_slices",
    "propagator",
    "spline_spectrum",
    "spread",
    "transmitted",
]

SLICE = 10.0  # Å
WINDOW_MARGIN = 5.0  # Å; the potential of an atom ends well before


def phase_slices(
    particle: Particle,
    place: tuple[float, float],
    grid: Grid,
    *,
    energy: float,
    thermal_factor: float,
) -> np.ndarray:
    """Return the phase in rad that each slice of a particle gives to the wave.

    Parameters
    ----------
    particle : Particle
        Its atoms.
    place : (y, x)
        Where its middle lies, Å. What leaves the field comes in again at the other side.
    grid : Grid
        Where the wave is known.
    energy : float
        Of the electrons, keV.
    thermal_factor : float
        Debye-Waller factor B, Å².

    Returns
    -------
    (slice, y, x) float32 array
        In the order in which the beam passes them; the last one ends where the particle does.
    """
    height = float(np.ptp(particle.positions[:, 2]))
    n_slices = int(height // SLICE) + 1
    shift = np.array([*place, -particle.positions[:, 2].max()], np.float32)
    frequency = np.sqrt(grid.half_squared)
    kept = frequency <= grid.band_limit
    weight = kept / (spline_spectrum(grid) * np.float32(grid.spacing[0] * grid.spacing[1]))
    spectrum = np.zeros((n_slices, *frequency.shape), np.complex64)
    for element in dict.fromkeys(particle.material.elements):
        factor = np.interp(
            frequency,
            _TABLE,
            phase_factor(element, _TABLE, energy=energy, thermal_factor=thermal_factor),
        )
        density = spread(particle.of_element(element) + shift, n_slices, grid)
        spectrum += scipy.fft.rfft2(density) * (factor * weight).astype(np.float32)
    return scipy.fft.irfft2(spectrum, s=grid.shape)


_TABLE = np.linspace(0.0, 4.0, 401)


def multiply_exit_wave(
    wave: np.ndarray,
    particle: Particle,
    place: tuple[float, float],
    grid: Grid,
    *,
    energy: float,
    thermal_factor: float,
    absorption: float,
) -> None:
    """Multiply a frame's wave by the exit wave of one particle, in place.

    The particle's own wave is computed in a window around it only. Particles above one another
    thus act as if the wave did not spread between them.

    Parameters
    ----------
    wave : (y, x) complex64 array
        On `grid`; changed.
    particle, place, grid, energy, thermal_factor, absorption
        As in `phase_slices` and `multislice`.
    """
    half = np.abs(particle.positions[:, :2]).max(axis=0) + WINDOW_MARGIN
    window = grid.window((2 * float(half[0]), 2 * float(half[1])))
    first = [round((place[axis] - half[axis]) / grid.spacing[axis]) for axis in (0, 1)]
    inside = [place[axis] - first[axis] * grid.spacing[axis] for axis in (0, 1)]
    phases = phase_slices(
        particle, (inside[0], inside[1]), window, energy=energy, thermal_factor=thermal_factor
    )
    own = multislice(phases, window, energy=energy, absorption=absorption)
    low = [max(start, 0) for start in first]
    high = [min(start + own.shape[axis], grid.shape[axis]) for axis, start in enumerate(first)]
    if low[0] < high[0] and low[1] < high[1]:
        seen = own[low[0] - first[0] : high[0] - first[0], low[1] - first[1] : high[1] - first[1]]
        wave[low[0] : high[0], low[1] : high[1]] *= seen


def multislice(phases: np.ndarray, grid: Grid, *, energy: float, absorption: float) -> np.ndarray:
    """Send a plane wave through the slices.

    Parameters
    ----------
    phases : (slice, y, x) float32 array
        As `phase_slices` returns them.
    grid : Grid
        Where the wave is known.
    energy : float
        Of the electrons, keV.
    absorption : float
        Imaginary over real part of the potential.

    Returns
    -------
    (y, x) complex64 array
        The wave on the plane where it leaves the particles; 1 in vacuum.
    """
    step = propagator(grid, SLICE, energy=energy)
    wave = transmitted(phases[0], absorption)
    for phase in phases[1:]:
        wave = scipy.fft.ifft2(scipy.fft.fft2(wave, overwrite_x=True) * step, overwrite_x=True)
        wave *= transmitted(phase, absorption)
    return wave


def propagator(grid: Grid, distance: float, *, energy: float) -> np.ndarray:
    """Return the transfer function of `distance` Å of free space, band-limited."""
    angle = np.float32(-np.pi * wavelength(energy) * distance) * grid.squared
    step = np.empty(grid.shape, np.complex64)
    step.real, step.imag = np.cos(angle), np.sin(angle)
    step *= grid.squared <= grid.band_limit**2
    return step


def transmitted(phase: np.ndarray, absorption: float) -> np.ndarray:
    """Return ``exp((i - absorption)·phase)`` as complex64."""
    # In parts: NumPy's complex exponential takes several times as long.
    wave = np.empty(phase.shape, np.complex64)
    damping = np.exp(np.float32(-absorption) * phase)
    wave.real, wave.imag = np.cos(phase) * damping, np.sin(phase) * damping
    return wave


def spread(positions: np.ndarray, n_slices: int, grid: Grid) -> np.ndarray:
    """Return the number of atoms on every grid point of every slice.

    Parameters
    ----------
    positions : (n, 3) array
        Atoms as (y, x, z), Å; z is 0 where the beam leaves and negative before.
    n_slices : int
        Slices of 10 Å; with one, z does not matter.
    grid : Grid
        Where atoms are spread; what leaves the field comes in again at the other side.

    Returns
    -------
    (slice, y, x) float32 array
    """
    rows, columns = grid.shape
    # The beam runs towards larger z; the plane z = 0 is where it leaves.
    layer = n_slices - 1 - np.minimum(-positions[:, 2] // SLICE, n_slices - 1).astype(np.intp)
    y_index, y_weight = _spline(positions[:, 0] / grid.spacing[0], rows)
    x_index, x_weight = _spline(positions[:, 1] / grid.spacing[1], columns)
    flat = (layer[:, np.newaxis] * rows + y_index)[:, :, np.newaxis] * columns
    index = flat + x_index[:, np.newaxis, :]
    weight = y_weight[:, :, np.newaxis] * x_weight[:, np.newaxis, :]
    size = n_slices * rows * columns
    density = np.bincount(index.ravel(), weights=weight.ravel(), minlength=size)
    return density.astype(np.float32).reshape(n_slices, rows, columns)


def _spline(position: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the four nearest points of each position on a periodic axis, and their weights."""
    whole = np.floor(position)
    t = (position - whole)[:, np.newaxis]
    index = (whole.astype(np.intp)[:, np.newaxis] + np.arange(-1, 3)) % count
    weight = np.concatenate(
        [(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1
    )
    return index, weight / 6


def spline_spectrum(grid: Grid) -> np.ndarray:
    """Return the spectrum of the cubic B-spline on the half grid: sinc⁴ on each axis."""
    rows, columns = grid.frequencies
    half = columns[:, : grid.shape[1] // 2 + 1]
    return np.sinc(rows * grid.spacing[0]) ** 4 * np.sinc(half * grid.spacing[1]) ** 4
