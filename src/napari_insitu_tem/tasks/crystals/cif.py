"""Lattices from crystallographic information files, by ase."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_insitu_tem.analysis.fourier.crystal_lattices import Atom, CrystalLattice
from napari_insitu_tem.analysis.fourier.window import FourierError

__all__ = ["lattice_from_cif"]


def lattice_from_cif(path: str | Path) -> CrystalLattice:
    """Read a lattice with its atoms.

    Raises
    ------
    FourierError
        When ase is not installed, or the file is none that it can read.
    """
    try:
        from ase.io import read
    except ImportError as error:
        raise FourierError(
            "Reading a CIF needs ase. Install it (pip install ase), or give the lattice constants "
            "and the centring."
        ) from error
    file = Path(path).expanduser()
    if not file.is_file():
        raise FourierError(f"There is no file {file}.")
    try:
        crystal: Any = read(str(file), format="cif")
        a, b, c = (float(each) / 10 for each in crystal.cell.lengths())
        alpha, beta, gamma = map(float, crystal.cell.angles())
        atoms: list[Atom] = []
        for number, place in zip(crystal.numbers, crystal.get_scaled_positions(), strict=True):
            x, y, z = map(float, place)
            atoms.append((int(number), x, y, z))
    except Exception as error:  # ase raises whatever its parser meets
        raise FourierError(
            f"{file.name} could not be read as a crystallographic information file: {error}"
        ) from error
    return CrystalLattice(a, b, c, alpha, beta, gamma, atoms=tuple(atoms), name=file.stem)
