"""A monolayer of MoS2 with vacancies: its atoms, its columns, and what is missing.

The hexagonal cell has Mo at its corner and a pair of S, 3.13 Å apart along the beam, above one
of its two triangles (ase.build.mx2 has the same numbers).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.simulate.focal.settings import FocalSettings

__all__ = ["SPECIES", "Sheet", "draw_sheet"]

#: What an occupied column can be.
SPECIES = ("Mo", "2S", "S")
HALF_THICKNESS = 1.565  # Å, from the plane of Mo to either plane of S
Region = Callable[[np.ndarray], np.ndarray]  # of which places lie in it
OVERHANG = 4.0  # Å of sheet beyond the field on every side


@dataclass(frozen=True, eq=False)
class Sheet:
    """A sheet, by its sites and which of them hold atoms.

    Parameters
    ----------
    molybdenum : (a, 2) array
        Atoms of Mo as (y, x), Å.
    sulphur : (b, 2, 2) array
        The two atoms of each column of S, at the side where the beam enters and where it
        leaves, as (y, x), Å.
    has_molybdenum : (a,) bool array
        Which are there.
    has_sulphur : (b, 2) bool array
        Which are there.
    """

    molybdenum: np.ndarray
    sulphur: np.ndarray
    has_molybdenum: np.ndarray
    has_sulphur: np.ndarray

    @property
    def layers(self) -> tuple[tuple[str, np.ndarray], ...]:
        """Element and atoms (y, x) of every plane of atoms, in the order of the beam."""
        return (
            ("S", self.sulphur[self.has_sulphur[:, 0], 0]),
            ("Mo", self.molybdenum[self.has_molybdenum]),
            ("S", self.sulphur[self.has_sulphur[:, 1], 1]),
        )

    @property
    def columns(self) -> tuple[np.ndarray, np.ndarray]:
        """Occupied columns: where they are ((m, 2), Å) and what they are ((m,), of `SPECIES`)."""
        atoms = self.has_sulphur.sum(axis=1)
        some = atoms > 0
        weight = self.has_sulphur[some, :, np.newaxis]
        middle = (self.sulphur[some] * weight).sum(axis=1) / weight.sum(axis=1)
        metal = self.molybdenum[self.has_molybdenum]
        species = np.array(
            ["Mo"] * len(metal) + ["2S" if count == 2 else "S" for count in atoms[some]]
        )
        return np.concatenate([metal, middle]), species

    @property
    def vacancies(self) -> tuple[np.ndarray, np.ndarray]:
        """Vacancies: where ((k, 2), Å) and what is missing ((k,) of "S", "2S" and "Mo")."""
        atoms = self.has_sulphur.sum(axis=1)
        middle = self.sulphur.mean(axis=1)
        metal = self.molybdenum[~self.has_molybdenum]
        places = np.concatenate([metal, middle[atoms == 1], middle[atoms == 0]])
        kinds = np.array(
            ["Mo"] * len(metal) + ["S"] * int((atoms == 1).sum()) + ["2S"] * int((atoms == 0).sum())
        )
        return places, kinds.astype("<U2")

    def without(self, outside: np.ndarray, outside_sulphur: np.ndarray) -> Sheet:
        """Return the sheet without some sites, which leave no vacancies: a hole, an edge."""
        return Sheet(
            self.molybdenum[~outside],
            self.sulphur[~outside_sulphur],
            self.has_molybdenum[~outside],
            self.has_sulphur[~outside_sulphur],
        )


def draw_sheet(
    settings: FocalSettings, extent: tuple[float, float], rng: np.random.Generator
) -> Sheet:
    """Draw a sheet that covers a field, turned at random.

    The change of height across a tilted sheet, a few Å, is left out.

    Parameters
    ----------
    settings : FocalSettings
        Lattice, tilt and defects.
    extent : (float, float)
        Height and width of the field, Å.
    rng : numpy.random.Generator
        Where chance comes from.
    """
    metal, sulphur, bonds = _sites(settings, extent, rng)
    tilt, direction = np.radians(rng.uniform(*settings.tilt)), rng.uniform(0, 2 * np.pi)
    along = np.array([np.sin(direction), np.cos(direction)])
    aside = HALF_THICKNESS * np.sin(tilt) * along
    off = rng.uniform(*settings.displacement)
    pairs = sulphur[:, np.newaxis] + np.array([-aside, aside])
    sheet = Sheet(
        metal + rng.normal(0, 1, metal.shape) * off,
        pairs + rng.normal(0, 1, pairs.shape) * off,
        rng.random(len(metal)) >= rng.uniform(*settings.molybdenum_vacancies),
        _sulphur_there(settings, sulphur, bonds, extent, rng),
    )
    for share, cut in ((settings.holes, _hole), (settings.edges, _edge)):
        if rng.random() < share:
            inside = cut(extent, rng)
            sheet = sheet.without(inside(sheet.molybdenum), inside(sheet.sulphur.mean(axis=1)))
    return sheet


def _sites(
    settings: FocalSettings, extent: tuple[float, float], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the lattice: places of Mo, of columns of S ((n, 2), Å), and its two vectors."""
    length = rng.uniform(*settings.lattice_constant)
    angle = rng.uniform(0, 2 * np.pi)
    strain = rng.uniform(*settings.strain, 3)
    deformed = np.eye(2) + np.array([[strain[0], strain[2]], [strain[2], strain[1]]])
    angles = angle + np.radians([0, 120])
    vectors = length * np.stack([np.sin(angles), np.cos(angles)], axis=1) @ deformed
    size = np.array(extent)
    count = int(np.ceil((np.hypot(*size) + 2 * OVERHANG) / length / np.sqrt(0.75))) + 1
    steps = np.arange(-count, count + 1)
    cells = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    corners = (cells + rng.random(2)) @ vectors + size / 2
    # In ase's cell the pair lies at 2/3, 1/3: above the triangle between Mo and both vectors.
    pairs = corners + np.array([2 / 3, 1 / 3]) @ vectors

    def near(places: np.ndarray) -> np.ndarray:
        return places[((places > -OVERHANG) & (places < size + OVERHANG)).all(axis=1)]

    return near(corners), near(pairs), vectors


def _sulphur_there(
    settings: FocalSettings,
    places: np.ndarray,
    vectors: np.ndarray,
    extent: tuple[float, float],
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw which of the two atoms of every column of S are there, (b, 2) bool."""
    single = rng.uniform(*settings.sulphur_vacancies)
    double = rng.uniform(*settings.double_vacancies)
    chance = rng.random(len(places))
    there = np.ones((len(places), 2), bool)
    there[chance < double] = False
    lacking = (chance >= double) & (chance < double + single)
    if rng.random() < settings.rows:
        start = rng.random(2) * extent
        way = vectors[rng.integers(2)] * rng.choice([-1, 1])
        row = start + np.arange(rng.integers(3, 9))[:, np.newaxis] * way
        nearest = np.linalg.norm(places[:, np.newaxis] - row, axis=2).argmin(axis=0)
        lacking[nearest] |= there[nearest].all(axis=1)
    sites = np.flatnonzero(lacking)
    there[sites, rng.integers(0, 2, len(sites))] = False
    return there


def _hole(extent: tuple[float, float], rng: np.random.Generator) -> Region:
    middle, radius = rng.random(2) * extent, rng.uniform(5, 15)
    return lambda places: np.hypot(*(places - middle).T) < radius


def _edge(extent: tuple[float, float], rng: np.random.Generator) -> Region:
    size, angle = np.array(extent), rng.uniform(0, 2 * np.pi)
    normal = np.array([np.sin(angle), np.cos(angle)])
    point = size / 2 + rng.uniform(0.1, 0.35) * min(extent) * normal
    return lambda places: (places - point) @ normal > 0
