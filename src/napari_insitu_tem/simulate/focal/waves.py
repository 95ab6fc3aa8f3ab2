"""The wave behind a sheet: plane of atoms by plane of atoms, or by full multislice with abTEM.

Both give the wave on the plane where it leaves the last atoms, so that a defocus means the same.
"""

from __future__ import annotations

import numpy as np
import scipy.fft

from napari_insitu_tem.simulate.focal.sheet import HALF_THICKNESS, Sheet
from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.projected import (
    propagator,
    spline_spectrum,
    spread,
    transmitted,
)
from napari_insitu_tem.simulate.hrtem.scattering import phase_factor

__all__ = ["abtem_wave", "sheet_phases", "sheet_wave"]

_TABLE = np.linspace(0.0, 4.0, 401)


def sheet_phases(sheet: Sheet, grid: Grid, *, energy: float, thermal_factor: float) -> np.ndarray:
    """Return the phase in rad that each of the three planes of atoms gives to the wave.

    Parameters
    ----------
    sheet : Sheet
        Its atoms.
    grid : Grid
        Where the wave is known; what lies outside comes in again at the other side.
    energy : float
        Of the electrons, keV.
    thermal_factor : float
        Debye-Waller factor B, Å².

    Returns
    -------
    (3, y, x) float32 array
        In the order of the beam.
    """
    frequency = np.sqrt(grid.half_squared)
    kept = frequency <= grid.band_limit
    weight = kept / (spline_spectrum(grid) * np.float32(grid.spacing[0] * grid.spacing[1]))
    phases = np.empty((3, *grid.shape), np.float32)
    for index, (element, atoms) in enumerate(sheet.layers):
        table = phase_factor(element, _TABLE, energy=energy, thermal_factor=thermal_factor)
        factor = (np.interp(frequency, _TABLE, table) * weight).astype(np.float32)
        flat = np.concatenate([atoms, np.zeros((len(atoms), 1))], axis=1)
        spectrum = scipy.fft.rfft2(spread(flat, 1, grid)[0]) * factor
        phases[index] = scipy.fft.irfft2(spectrum, s=grid.shape)
    return phases


def sheet_wave(phases: np.ndarray, grid: Grid, *, energy: float, absorption: float) -> np.ndarray:
    """Send a plane wave through the planes of atoms.

    Parameters
    ----------
    phases : (3, y, x) float32 array
        From `sheet_phases`.
    grid : Grid
        Where the wave is known.
    energy : float
        Of the electrons, keV.
    absorption : float
        Imaginary over real part of the potential.

    Returns
    -------
    (y, x) complex64 array
        The wave on the last plane of atoms; 1 in vacuum.
    """
    step = propagator(grid, HALF_THICKNESS, energy=energy)
    wave = transmitted(phases[0], absorption)
    for phase in phases[1:]:
        wave = scipy.fft.ifft2(scipy.fft.fft2(wave, overwrite_x=True) * step, overwrite_x=True)
        wave *= transmitted(phase, absorption)
    return wave


def abtem_wave(
    sheet: Sheet, grid: Grid, *, energy: float, thermal_factor: float
) -> tuple[np.ndarray, np.ndarray]:
    """Send a plane wave through a sheet by multislice with abTEM.

    Potentials after Lobato and van Dyck (Acta Cryst. A 70, 636, 2014), a slice for each plane
    of atoms. Thermal motion smears the potential (Debye-Waller factor). There is no absorption:
    multiply the wave by ``exp(-absorption * phase)``.

    Parameters
    ----------
    sheet, grid, energy, thermal_factor
        As in `sheet_phases`; atoms outside the field are left out.

    Returns
    -------
    wave : (y, x) complex64 array
        On the last plane of atoms; 1 in vacuum.
    phase : (y, x) float32 array
        Projected potential as a phase, rad.

    Raises
    ------
    ExitWaveError
        Where abTEM or ase is not installed.
    """
    from napari_insitu_tem.simulate.hrtem.multislice import import_abtem, thermally_smeared

    abtem, ase = import_abtem()
    from abtem.core.energy import energy2sigma

    symbols: list[str] = []
    places = []
    for number, (element, atoms) in enumerate(sheet.layers):
        inside = atoms[((atoms >= 0) & (atoms < grid.extent)).all(axis=1)]
        symbols += [element] * len(inside)
        depth = np.full((len(inside), 1), (number + 0.5) * HALF_THICKNESS)
        # abTEM's x is the first axis of its arrays; here the first axis is y.
        places.append(np.concatenate([inside, depth], axis=1))
    built = abtem.Potential(
        ase.Atoms(
            symbols, positions=np.concatenate(places), cell=[*grid.extent, 3 * HALF_THICKNESS]
        ),
        gpts=grid.shape,
        slice_thickness=HALF_THICKNESS,
        parametrization="lobato",
    ).build(lazy=False)
    smeared = thermally_smeared(built.array, thermal_factor, grid.spacing[0])
    potential = abtem.PotentialArray(
        smeared, slice_thickness=built.slice_thickness, sampling=grid.spacing
    )
    array = abtem.PlaneWave(energy=1e3 * energy).multislice(potential, lazy=False).array
    # abTEM lets the wave pass the last slice to its end; the last atoms are where it begins.
    back = propagator(grid, -HALF_THICKNESS, energy=energy)
    wave = scipy.fft.ifft2(scipy.fft.fft2(np.asarray(array, np.complex64)) * back)
    phase = energy2sigma(1e3 * energy) * smeared.sum(axis=0)
    return wave, phase.astype(np.float32)
