"""What lead sulphide looks like in an aberration-corrected microscope, along [001]."""

from __future__ import annotations

import functools

import numpy as np

from napari_insitu_tem.simulate.hrtem.crystals import MATERIALS
from napari_insitu_tem.simulate.hrtem.imaging import Conditions
from napari_insitu_tem.simulate.hrtem.unit_cell import unit_cell_image

__all__ = ["COLUMN_DISTANCE", "column_picture"]

_PBS = MATERIALS["PbS"]
# Å², a usual value at room temperature; one for both elements.
_THERMAL_FACTOR = 1.4

#: Distance of neighbouring columns of atoms, nm: half of the lattice constant, d(200).
COLUMN_DISTANCE = _PBS.lattice / 20


def column_picture(
    *, thickness: float, energy: float, defocus: float, spherical_aberration: float
) -> np.ndarray:
    """Return which part of the electrons is missing around one column of atoms.

    Along [001] every column holds lead and sulphur in turn, so that all look the same but for
    which of the two comes first. The mean of both is taken, as of a crystal with steps on its
    surfaces; the picture then repeats from column to column.

    Parameters
    ----------
    thickness : float
        Of the crystal, nm; rounded to whole unit cells, one at least.
    energy : float
        Of the electrons, keV.
    defocus : float
        nm, underfocus positive.
    spherical_aberration : float
        Cs, µm.

    Returns
    -------
    (64, 64) float32 array
        1 - intensity, with 1 in vacuum; below 0 where the crystal is brighter than that. One
        period along both axes, with the column on the first point.

    Raises
    ------
    ExitWaveError
        Where abTEM or ase is not installed.
    """
    cells = max(round(10 * thickness / _PBS.lattice), 1)
    return _column_picture(cells, energy, defocus, spherical_aberration)


@functools.lru_cache(maxsize=16)
def _column_picture(
    cells: int, energy: float, defocus: float, spherical_aberration: float
) -> np.ndarray:
    conditions = Conditions(
        energy=energy, defocus=defocus, spherical_aberration=spherical_aberration
    )
    cell = unit_cell_image(_PBS, cells, conditions, thermal_factor=_THERMAL_FACTOR)
    half = cell.shape[0] // 2
    missing = 1 - cell.reshape(2, half, 2, half).mean(axis=(0, 2))
    missing.setflags(write=False)
    return missing
