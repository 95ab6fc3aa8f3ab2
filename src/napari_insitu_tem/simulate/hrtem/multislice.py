"""The abTEM variant: exit waves by full multislice, computed once and kept in a folder."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from napari_insitu_tem.job import Job
from napari_insitu_tem.simulate.hrtem.exit_waves import (
    ExitWave,
    ExitWaveError,
    kept_waves,
    save_exit_wave,
)
from napari_insitu_tem.simulate.hrtem.settings import HrtemSettings
from napari_insitu_tem.simulate.hrtem.structures import Particle, draw_particle

__all__ = ["compute_exit_waves", "exit_wave", "import_abtem", "thermally_smeared"]

MARGIN = 10.0  # Å of vacuum around a particle
SAMPLING = 0.25  # Å
SLICE = 2.0  # Å


def compute_exit_waves(
    settings: HrtemSettings, count: int, folder: str | Path, job: Job = Job()
) -> list[Path]:
    """Compute exit waves of drawn particles and keep them in a folder.

    What is there already (from an interrupted run with the same settings and seed) is kept.

    Parameters
    ----------
    settings : HrtemSettings
        Materials, diameters, shapes, zone axes, tilts, thermal factors and energies.
    count : int
        Number of particles.
    folder : path
        Where they go; give it as `HrtemSettings.exit_waves`.
    job : Job
        Progress, cancel and seed.

    Returns
    -------
    list of pathlib.Path
        One file a particle.

    Raises
    ------
    ExitWaveError
        Where abTEM or ase is not installed.
    """
    import_abtem()
    folder = Path(folder)
    paths = [folder / f"{index:05d}.npz" for index in range(count)]
    for index in job.track(range(count), "Computing exit waves"):
        if paths[index].exists():
            continue
        rng = np.random.default_rng([job.seed, index])
        material = settings.materials[rng.integers(len(settings.materials))]
        particle = draw_particle(settings, material, rng)
        energy = float(settings.energies[rng.integers(len(settings.energies))])
        thermal_factor = float(rng.uniform(*settings.thermal_factor))
        wave = exit_wave(particle, energy=energy, thermal_factor=thermal_factor)
        save_exit_wave(wave, paths[index])
    kept_waves.cache_clear()
    return paths


def exit_wave(particle: Particle, *, energy: float, thermal_factor: float) -> ExitWave:
    """Return the wave behind a particle, by multislice with abTEM.

    Potentials after Lobato and van Dyck (Acta Cryst. A 70, 636, 2014), slices of 2 Å, points
    0.25 Å apart. Thermal motion smears the potential (Debye-Waller factor).

    Parameters
    ----------
    particle : Particle
        Its atoms.
    energy : float
        Of the electrons, keV.
    thermal_factor : float
        Debye-Waller factor B, Å².

    Raises
    ------
    ExitWaveError
        Where abTEM or ase is not installed.
    """
    abtem, ase = import_abtem()
    from abtem.core.energy import energy2sigma

    # The particle's middle shall lie on the middle point of the field.
    width = 2 * (np.abs(particle.positions[:, :2]).max(axis=0) + MARGIN)
    points = 2 * np.ceil(width / (2 * SAMPLING)).astype(int)
    depth = float(np.ptp(particle.positions[:, 2])) + 4
    middle = np.array([*(points // 2 * SAMPLING), depth / 2])
    atoms = ase.Atoms(
        [particle.material.elements[kind] for kind in particle.kinds],
        positions=particle.positions + middle,
        cell=[*(points * SAMPLING), depth],
    )
    built = abtem.Potential(
        atoms, gpts=tuple(int(p) for p in points), slice_thickness=SLICE, parametrization="lobato"
    ).build(lazy=False)
    smeared = thermally_smeared(built.array, thermal_factor, SAMPLING)
    potential = abtem.PotentialArray(
        smeared, slice_thickness=built.slice_thickness, sampling=(SAMPLING, SAMPLING)
    )
    # abTEM's x is the first axis of its arrays; here the first axis is y.
    plane = abtem.PlaneWave(energy=1e3 * energy)
    array = np.asarray(plane.multislice(potential, lazy=False).array, np.complex64)
    vacuum = array[0].mean()
    phase = energy2sigma(1e3 * energy) * smeared.sum(axis=0)
    return ExitWave(
        wave=array / vacuum,
        phase=(phase - phase[0].mean()).astype(np.float32),
        spacing=SAMPLING,
        energy=energy,
        positions=particle.positions[:, :2],
        neighbour_distance=particle.material.neighbour_distance,
        known=particle.describe(),
    )


def thermally_smeared(slices: np.ndarray, thermal_factor: float, spacing: float) -> np.ndarray:
    """Return projected potentials smeared by thermal motion.

    Parameters
    ----------
    slices : (slice, y, x) array
        Projected potentials, periodic.
    thermal_factor : float
        Debye-Waller factor B, Å².
    spacing : float
        Distance of the points, Å.
    """
    rows = np.fft.fftfreq(slices.shape[1], spacing)[:, np.newaxis]
    columns = np.fft.rfftfreq(slices.shape[2], spacing)[np.newaxis, :]
    damped = np.exp(-thermal_factor * (rows**2 + columns**2) / 4)
    return np.fft.irfft2(np.fft.rfft2(slices) * damped, s=slices.shape[1:]).astype(slices.dtype)


def import_abtem() -> tuple[ModuleType | Any, ModuleType | Any]:
    """Return the modules abTEM and ase.

    Raises
    ------
    ExitWaveError
        Where one of them is not installed.
    """
    try:
        import abtem
        import ase
    except ImportError as error:
        raise ExitWaveError(
            "Exit waves by multislice need abTEM and ase, which are not installed. Install them "
            'with: pip install "napari-insitu-tem[simulate]". The fast variant, and Gaussian '
            "spots in movies of lattices, need neither."
        ) from error
    return abtem, ase
