"""Crystals: lattices and bases of the materials, and blocks of their atoms.

All of them are cubic, so that Miller indices are directions, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["MATERIALS", "Material", "block"]

_FACE_CENTRED = ((0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0))
_BODY_CENTRED = ((0, 0, 0), (0.5, 0.5, 0.5))


@dataclass(frozen=True)
class Material:
    """A cubic crystal.

    Parameters
    ----------
    name : str
        Chemical formula.
    lattice : float
        Lattice constant at room temperature, Å.
    elements : tuple of str
        Symbol of every atom of the unit cell.
    positions : tuple of 3-tuples
        Where it lies, in lattice constants.
    spacing : float
        Distance of nearest neighbours, in lattice constants.
    centring : str
        ``"F"`` (face-centred) or ``"I"`` (body-centred); decides on twins and facets.
    """

    name: str
    lattice: float
    elements: tuple[str, ...]
    positions: tuple[tuple[float, float, float], ...]
    spacing: float
    centring: str

    @property
    def neighbour_distance(self) -> float:
        """Distance of nearest neighbours, Å."""
        return self.lattice * self.spacing


def _metal(name: str, lattice: float) -> Material:
    return Material(name, lattice, (name,) * 4, _FACE_CENTRED, 0.5**0.5, "F")


def _body_centred(name: str, lattice: float) -> Material:
    return Material(name, lattice, (name,) * 2, _BODY_CENTRED, 0.75**0.5, "I")


def _with_basis(
    name: str, lattice: float, basis: tuple[tuple[str, float], ...], spacing: float
) -> Material:
    """Return a face-centred lattice with a basis along the cell's diagonal."""
    elements, positions = [], []
    for element, shift in basis:
        for x, y, z in _FACE_CENTRED:
            elements.append(element)
            positions.append(((x + shift) % 1, (y + shift) % 1, (z + shift) % 1))
    return Material(name, lattice, tuple(elements), tuple(positions), spacing, "F")


def _rock_salt(name: str, lattice: float, metal: str, other: str) -> Material:
    return _with_basis(name, lattice, ((metal, 0.0), (other, 0.5)), 0.5)


def _fluorite(name: str, lattice: float, metal: str) -> Material:
    basis = ((metal, 0.0), ("O", 0.25), ("O", 0.75))
    return _with_basis(name, lattice, basis, 3**0.5 / 4)


def _diamond(name: str, lattice: float, first: str, second: str) -> Material:
    return _with_basis(name, lattice, ((first, 0.0), (second, 0.25)), 3**0.5 / 4)


# Lattice constants at room temperature: CRC Handbook of Chemistry and Physics.
MATERIALS: dict[str, Material] = {
    material.name: material
    for material in (
        _metal("Al", 4.050),
        _metal("Ni", 3.524),
        _metal("Cu", 3.615),
        _metal("Rh", 3.803),
        _metal("Pd", 3.891),
        _metal("Ag", 4.086),
        _metal("Ir", 3.839),
        _metal("Pt", 3.924),
        _metal("Au", 4.078),
        _body_centred("Fe", 2.866),
        _body_centred("Mo", 3.147),
        _body_centred("W", 3.165),
        _rock_salt("MgO", 4.212, "Mg", "O"),
        _rock_salt("NiO", 4.177, "Ni", "O"),
        _rock_salt("CoO", 4.260, "Co", "O"),
        _rock_salt("PbS", 5.936, "Pb", "S"),
        _fluorite("CeO2", 5.411, "Ce"),
        _fluorite("ZrO2", 5.090, "Zr"),
        _diamond("Si", 5.431, "Si", "Si"),
        _diamond("ZnS", 5.409, "Zn", "S"),
    )
}


def block(material: Material, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the atoms of a crystal in a cube around a lattice point.

    Parameters
    ----------
    material : Material
        The crystal.
    radius : float
        Half of the cube's edge, Å.

    Returns
    -------
    (n, 3) float32 array
        Positions along the crystal's axes, Å.
    (n,) int array
        Which atom of the unit cell each one is (index into ``material.elements``).
    """
    reach = int(np.ceil(radius / material.lattice)) + 1
    steps = np.arange(-reach, reach)
    cells = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 1, 3)
    basis = np.array(material.positions, np.float32)
    points = (cells + basis).reshape(-1, 3).astype(np.float32) * np.float32(material.lattice)
    kinds = np.tile(np.arange(len(basis)), len(cells))
    inside = np.ones(len(points), bool)
    for axis in points.T:
        inside &= np.abs(axis) <= radius
    return points[inside], kinds[inside]
