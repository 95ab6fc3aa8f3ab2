"""Lattices that pairs of peaks are indexed against: by parameters or by name.

Lengths are in nm here. Which reflections a lattice has follows from its centring, or, where the
atoms are known, from its structure factors with atomic numbers for the scattering.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from napari_insitu_tem.analysis.fourier.window import FourierError

__all__ = ["KNOWN_LATTICES", "CrystalLattice", "lattice_named"]

#: Below this part of the strongest structure factor a reflection counts as absent.
_ABSENT = 0.03
_CENTRINGS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "P": ((0, 0, 0),),
    "I": ((0, 0, 0), (0.5, 0.5, 0.5)),
    "F": ((0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)),
    "A": ((0, 0, 0), (0, 0.5, 0.5)),
    "B": ((0, 0, 0), (0.5, 0, 0.5)),
    "C": ((0, 0, 0), (0.5, 0.5, 0)),
    "R": ((0, 0, 0), (2 / 3, 1 / 3, 1 / 3), (1 / 3, 2 / 3, 2 / 3)),
}
Atom = tuple[int, float, float, float]


@dataclass(frozen=True)
class CrystalLattice:
    """A crystal's lattice.

    Parameters
    ----------
    a, b, c : float
        Lattice constants, nm.
    alpha, beta, gamma : float
        Angles between them, degrees.
    centring : str
        One of P, I, F, A, B, C and R (hexagonal axes).
    atoms : tuple
        Atomic number and place (in lattice constants) of every atom that the centring repeats;
        one at the origin if empty.
    name : str
        What it is called in messages.

    Raises
    ------
    FourierError
        When the parameters do not make a lattice.
    """

    a: float
    b: float
    c: float
    alpha: float = 90.0
    beta: float = 90.0
    gamma: float = 90.0
    centring: str = "P"
    atoms: tuple[Atom, ...] = ()
    name: str = "the lattice"

    def __post_init__(self) -> None:
        sizes = (self.a, self.b, self.c)
        if not all(np.isfinite(each) and 0.05 <= each <= 20 for each in sizes):
            raise FourierError(
                f"Lattice constants of {', '.join(f'{each:g}' for each in sizes)} nm are not "
                "those of a crystal; they must lie between 0.05 and 20 nm (1 nm is 10 Å)."
            )
        if self.centring not in _CENTRINGS:
            raise FourierError(
                f"There is no centring {self.centring!r}; there are {', '.join(_CENTRINGS)}."
            )
        angles = np.radians([self.alpha, self.beta, self.gamma])
        if not np.all((angles > 0) & (angles < np.pi)) or not self._volume > 1e-3:
            raise FourierError(
                f"Angles of {self.alpha:g}°, {self.beta:g}° and {self.gamma:g}° do not close to a "
                "unit cell."
            )

    @property
    def _volume(self) -> float:
        """Volume of the cell over that of one with right angles."""
        x, y, z = np.cos(np.radians([self.alpha, self.beta, self.gamma]))
        return float(np.sqrt(max(1 - x * x - y * y - z * z + 2 * x * y * z, 0)))

    @cached_property
    def axes(self) -> np.ndarray:
        """The lattice vectors (3, 3), one a row, nm; a along x and b in the xy-plane."""
        x, y, z = np.cos(np.radians([self.alpha, self.beta, self.gamma]))
        sine = np.sin(np.radians(self.gamma))
        return np.array(
            [
                [self.a, 0, 0],
                [self.b * z, self.b * sine, 0],
                [self.c * y, self.c * (x - y * z) / sine, self.c * self._volume / sine],
            ]
        )

    @cached_property
    def reciprocal(self) -> np.ndarray:
        """The reciprocal lattice vectors (3, 3), one a row, 1/nm."""
        return np.asarray(np.linalg.inv(self.axes).T)

    def reflections(self, finest: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the reflections with spacings down to a finest one.

        Parameters
        ----------
        finest : float
            nm.

        Returns
        -------
        (n, 3) int array
            Miller indices h, k, l of those that are not absent.
        (n, 3) array
            Their frequencies, 1/nm.
        """
        most = np.floor(np.array([self.a, self.b, self.c]) / finest + 1e-9).astype(int)
        steps = [np.arange(-each, each + 1) for each in most]
        miller = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
        miller = miller[miller.any(axis=1)]
        vectors = miller @ self.reciprocal
        near = np.linalg.norm(vectors, axis=1) <= 1 / finest
        miller, vectors = miller[near], vectors[near]
        factors = self._structure_factors(miller)
        seen = factors > _ABSENT * self._strongest
        return miller[seen], vectors[seen]

    def unlike(self, miller: np.ndarray) -> np.ndarray:
        """Return which reflections (n,) stand for all that the lattice's symmetry makes of them."""
        kept = np.zeros(len(miller), bool)
        seen: set[tuple[int, ...]] = set()
        for index in range(len(miller) - 1, -1, -1):  # those with positive indices are kept
            each = miller[index]
            if tuple(map(int, each)) not in seen:
                kept[index] = True
                seen.update(tuple(map(int, other)) for other in self._symmetry @ each)
        return kept

    @cached_property
    def _symmetry(self) -> np.ndarray:
        """Matrices (n, 3, 3) that turn Miller indices into those of equivalent reflections.

        All that keep the lattice's metric; atoms count by their reflections alone.
        """
        metric = self.reciprocal @ self.reciprocal.T
        steps = np.array(list(itertools.product((-1, 0, 1), repeat=3)))[1:]
        lengths = np.einsum("ij,jk,ik->i", steps, metric, steps)
        choices = [steps[np.isclose(lengths, metric[i, i], rtol=1e-4)] for i in range(3)]
        tests = np.array(list(itertools.product((-2, -1, 0, 1, 2), repeat=3)))
        present = self._structure_factors(tests) > _ABSENT * self._strongest
        found = [np.eye(3, dtype=int)]
        for columns in itertools.product(*choices):
            matrix = np.stack(columns)
            if not np.allclose(matrix @ metric @ matrix.T, metric, rtol=1e-4, atol=1e-6):
                continue
            turned = self._structure_factors(tests @ matrix) > _ABSENT * self._strongest
            if np.array_equal(turned, present):
                found.append(matrix)
        return np.array([matrix.T for matrix in found])

    @cached_property
    def _strongest(self) -> float:
        atoms = self.atoms or ((1, 0.0, 0.0, 0.0),)
        return float(sum(atom[0] for atom in atoms)) * len(_CENTRINGS[self.centring])

    def _structure_factors(self, miller: np.ndarray) -> np.ndarray:
        atoms = np.array(self.atoms or ((1, 0.0, 0.0, 0.0),), float)
        shifts = np.array(_CENTRINGS[self.centring])
        lattice = np.exp(2j * np.pi * (miller @ shifts.T)).sum(axis=1)
        cell = np.exp(2j * np.pi * (miller @ atoms[:, 1:].T)) @ atoms[:, 0]
        return np.abs(lattice * cell)


def _cubic(name: str, a: float, centring: str, *atoms: Atom) -> CrystalLattice:
    return CrystalLattice(a, a, a, centring=centring, atoms=atoms, name=name)


def _hexagonal(name: str, a: float, c: float, *atoms: Atom) -> CrystalLattice:
    return CrystalLattice(a, a, c, gamma=120.0, atoms=atoms, name=name)


def _rock_salt(name: str, a: float, metal: int, other: int) -> CrystalLattice:
    return _cubic(name, a, "F", (metal, 0, 0, 0), (other, 0.5, 0.5, 0.5))


def _fluorite(name: str, a: float, metal: int) -> CrystalLattice:
    oxygen: tuple[Atom, ...] = ((8, 0.25, 0.25, 0.25), (8, 0.75, 0.75, 0.75))
    return _cubic(name, a, "F", (metal, 0, 0, 0), *oxygen)


def _diamond(name: str, a: float, first: int, second: int) -> CrystalLattice:
    return _cubic(name, a, "F", (first, 0, 0, 0), (second, 0.25, 0.25, 0.25))


_THIRD = 1 / 3
#: Lattices by name, at room temperature: CRC Handbook of Chemistry and Physics.
KNOWN_LATTICES: dict[str, CrystalLattice] = {
    lattice.name: lattice
    for lattice in (
        *(
            _cubic(name, a, "F")
            for name, a in (
                ("Al", 0.4050), ("Ni", 0.3524), ("Cu", 0.3615), ("Rh", 0.3803), ("Pd", 0.3891),
                ("Ag", 0.4086), ("Ir", 0.3839), ("Pt", 0.3924), ("Au", 0.4078),
            )
        ),
        *(_cubic(name, a, "I") for name, a in (("Fe", 0.2866), ("Mo", 0.3147), ("W", 0.3165))),
        _rock_salt("MgO", 0.4212, 12, 8),
        _rock_salt("NiO", 0.4177, 28, 8),
        _rock_salt("CoO", 0.4260, 27, 8),
        _rock_salt("PbS", 0.5936, 82, 16),
        _fluorite("CeO2", 0.5411, 58),
        _fluorite("ZrO2", 0.5090, 40),
        _diamond("Si", 0.5431, 14, 14),
        _diamond("ZnS", 0.5409, 30, 16),
        _hexagonal(
            "graphite", 0.2461, 0.6708,
            (6, 0, 0, 0.25), (6, 0, 0, 0.75), (6, _THIRD, 2 * _THIRD, 0.25),
            (6, 2 * _THIRD, _THIRD, 0.75),
        ),
    )
}  # fmt: skip


def lattice_named(name: str) -> CrystalLattice:
    """Return a known lattice; small and capital letters count alike.

    Raises
    ------
    FourierError
        With the names there are.
    """
    for known, lattice in KNOWN_LATTICES.items():
        if known.lower() == name.strip().lower():
            return lattice
    raise FourierError(
        f"There is no known lattice '{name}'. There are {', '.join(KNOWN_LATTICES)}; for others "
        "give the lattice constants, or a CIF."
    )
