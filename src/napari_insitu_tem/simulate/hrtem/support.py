"""The support: a film of amorphous carbon, uneven, sometimes with an edge to vacuum."""

from __future__ import annotations

import numpy as np
import scipy.fft

from napari_insitu_tem.simulate.hrtem.grid import Grid, resampled
from napari_insitu_tem.simulate.hrtem.scattering import phase_factor
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings

__all__ = ["CARBON_DENSITY", "carbon_phase", "draw_thickness", "structure_factor"]

CARBON_DENSITY = 0.1  # atoms/Å³, that is 2 g/cm³
THERMAL_FACTOR = 0.8  # Å²


def draw_thickness(settings: HrtemSettings, grid: Grid, rng: np.random.Generator) -> np.ndarray:
    """Draw the thickness of the film over the field.

    Returns
    -------
    (y, x) float32 array
        Thickness, Å; 0 in vacuum.
    """
    mean = 10 * rng.uniform(*settings.carbon)
    roughness = rng.uniform(*settings.carbon_roughness)
    correlation = rng.uniform(10, 40)
    thickness = mean * (1 + roughness * _smooth(grid, correlation, rng))
    if rng.random() < settings.film_edge:
        thickness *= _edge(grid, rng)
    return np.maximum(thickness, 0).astype(np.float32)


def carbon_phase(
    thickness: np.ndarray, grid: Grid, rng: np.random.Generator, *, energy: float
) -> np.ndarray:
    """Return the phase that an amorphous film gives to the wave.

    The number of atoms above every grid point is normally distributed around density times
    thickness (they are many), and the spectrum of its fluctuation is that of amorphous carbon
    (`structure_factor`).

    Parameters
    ----------
    thickness : (y, x) array
        Thickness of the film, Å.
    grid : Grid
        Where the wave is known.
    rng : numpy.random.Generator
        Where chance comes from.
    energy : float
        Of the electrons, keV.

    Returns
    -------
    (y, x) float32 array
        Phase, rad.
    """
    area = grid.spacing[0] * grid.spacing[1]
    mean = thickness.astype(np.float32) * np.float32(CARBON_DENSITY * area)
    fluctuation = np.sqrt(mean) * rng.standard_normal(grid.shape, np.float32)
    frequency = np.sqrt(grid.half_squared)
    table = np.linspace(0, 4, 401)
    factor = phase_factor("C", table, energy=energy, thermal_factor=THERMAL_FACTOR) / area
    kept = (frequency <= grid.band_limit).astype(np.float32)
    of_mean = np.interp(frequency, table, factor).astype(np.float32)
    damped = np.interp(frequency, table, factor * np.sqrt(structure_factor(table)))
    spectrum = scipy.fft.rfft2(mean) * of_mean
    spectrum += scipy.fft.rfft2(fluctuation) * damped.astype(np.float32)
    return scipy.fft.irfft2(spectrum * kept, s=grid.shape)


def structure_factor(frequency: np.ndarray) -> np.ndarray:
    """Return how strongly atoms of amorphous carbon scatter together, per atom.

    Atoms keep their distance, so long waves are suppressed; rings lie at 0.47 and 0.85 1/Å,
    where diffraction from amorphous carbon has them (2.1 and 1.2 Å).

    Parameters
    ----------
    frequency : array
        Spatial frequency, 1/Å.
    """
    q = np.asarray(frequency, float)
    apart = 0.1 + 0.9 * (1 - np.exp(-((q / 0.33) ** 4)))
    first = 0.8 * np.exp(-0.5 * ((q - 0.47) / 0.06) ** 2)
    second = 0.4 * np.exp(-0.5 * ((q - 0.85) / 0.07) ** 2)
    return apart * (1 + first + second)


def _smooth(grid: Grid, correlation: float, rng: np.random.Generator) -> np.ndarray:
    """Return smooth noise of mean 0 and standard deviation 1 that varies over `correlation` Å."""
    rows, columns = (max(round(length / correlation), 3) for length in grid.extent)
    values = rng.standard_normal((rows, columns), np.float32)
    return resampled(scipy.fft.rfft2(values), (rows, columns), grid.shape)


def _edge(grid: Grid, rng: np.random.Generator) -> np.ndarray:
    """Return 0 in vacuum and 1 on the film, with a wavy border and a ramp between."""
    rows = (np.arange(grid.shape[0]) / grid.shape[0])[:, np.newaxis] * grid.extent[0]
    columns = (np.arange(grid.shape[1]) / grid.shape[1])[np.newaxis, :] * grid.extent[1]
    angle = rng.uniform(0, 2 * np.pi)
    y, x = rng.uniform(0.15, 0.85, 2) * np.array(grid.extent)
    distance = (rows - y) * np.sin(angle) + (columns - x) * np.cos(angle)
    bend = rng.normal(0, 0.002) * ((rows - y) * np.cos(angle) - (columns - x) * np.sin(angle)) ** 2
    wave = rng.uniform(0, 5) * _smooth(grid, 20.0, rng)
    ramp = np.exp(rng.uniform(np.log(3), np.log(40)))
    return np.clip((distance + bend + wave) / ramp, 0, 1)
