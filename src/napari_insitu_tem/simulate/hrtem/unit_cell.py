"""The picture of a perfect crystal, unit cell by unit cell, by full multislice with abTEM."""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.simulate.hrtem.crystals import Material
from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.imaging import Conditions, image_intensity
from napari_insitu_tem.simulate.hrtem.multislice import import_abtem, thermally_smeared

__all__ = ["unit_cell_image"]

POINTS = 128  # along an edge of the unit cell; a multiple of 4


def unit_cell_image(
    material: Material, cells: int, conditions: Conditions, *, thermal_factor: float
) -> np.ndarray:
    """Return the image of one unit cell of a crystal without end, seen along [001].

    Potentials after Lobato and van Dyck (Acta Cryst. A 70, 636, 2014), slices of a quarter of
    the cell, absorption and lens as in frames of particles.

    Parameters
    ----------
    material : Material
        The crystal.
    cells : int
        Its thickness in unit cells.
    conditions : Conditions
        Energy, absorption and lens.
    thermal_factor : float
        Debye-Waller factor B of all atoms, Å².

    Returns
    -------
    (128, 128) float32 array
        Intensity, 1 in vacuum; the first point is the corner of the cell.

    Raises
    ------
    ExitWaveError
        Where abTEM or ase is not installed.
    """
    abtem, ase = import_abtem()
    from abtem.core.energy import energy2sigma

    edge, volts = material.lattice, 1e3 * conditions.energy
    spacing = edge / POINTS
    # Layers of atoms, a quarter of the cell apart, lie in the middle of their slices.
    raised = np.array(material.positions) + np.array([0, 0, 0.125])
    atoms = ase.Atoms(material.elements, scaled_positions=raised, cell=[edge] * 3, pbc=True)
    built = abtem.Potential(
        atoms, gpts=(POINTS, POINTS), slice_thickness=edge / 4, parametrization="lobato"
    ).build(lazy=False)
    slices = np.tile(thermally_smeared(built.array, thermal_factor, spacing), (cells, 1, 1))
    potential = abtem.PotentialArray(
        slices, slice_thickness=tuple(built.slice_thickness) * cells, sampling=(spacing, spacing)
    )
    exit_plane = abtem.PlaneWave(energy=volts).multislice(potential, lazy=False)
    phase = energy2sigma(volts) * slices.sum(axis=0)
    wave = np.asarray(exit_plane.array) * np.exp(-conditions.absorption * phase)
    grid = Grid((POINTS, POINTS), (edge, edge))
    return image_intensity(wave.astype(np.complex64), grid, conditions, grid.shape)
