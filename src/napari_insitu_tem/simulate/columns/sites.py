"""The sites of a crystal's columns beyond the particle that fills some of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from napari_insitu_tem.simulate.columns.columns import TOGETHER, feet, grouped, zone_direction
from napari_insitu_tem.simulate.hrtem.crystals import block
from napari_insitu_tem.simulate.hrtem.structures import Particle

__all__ = ["Lattice"]

#: Sites that are so much farther apart than the nearest ones are neighbours, too.
NEIGHBOURS = 1.2
#: Sites are known so far beyond the atoms of the particle (Å).
BEYOND = 9.0


@dataclass(frozen=True)
class Lattice:
    """Where columns of the first element's atoms lie or could lie, in and around a particle.

    Parameters
    ----------
    feet : (n, 2) array
        Where they pass the plane through the middle of the particle, (y, x) in Å.
    spacing : float
        Distance of the nearest ones, Å.
    """

    feet: np.ndarray
    spacing: float

    @classmethod
    def of(cls, particle: Particle) -> Lattice:
        """Return the sites of a particle's crystal (of the half that is not mirrored)."""
        direction = zone_direction(particle)
        reach = float(np.abs(particle.positions).max()) + BEYOND
        points = lattice_atoms(particle, reach)
        # Along a zone axis [uvw] a crystal repeats itself after |uvw| lattice constants at most.
        period = particle.material.lattice * _indices_length(particle)
        along = points @ direction
        slab = np.abs(along) <= period / 2 + TOGETHER
        flat = feet(points[slab], direction)
        flat = flat[np.abs(flat).max(axis=1) <= reach]
        number = grouped(flat)
        count = np.bincount(number)
        sites = np.stack([np.bincount(number, each) / count for each in flat.T], axis=1)
        spacing = float(np.median(cKDTree(sites).query(sites, k=2)[0][:, 1]))
        return cls(sites, spacing)

    def filled(self, own: np.ndarray) -> np.ndarray:
        """Return which sites the columns with these feet (n, 2) fill, (sites,) bool."""
        if not len(own):
            return np.zeros(len(self.feet), bool)
        return cKDTree(own).query(self.feet)[0] <= TOGETHER

    def neighbours(self) -> list[np.ndarray]:
        """Return the neighbours of every site, as indices."""
        tree = cKDTree(self.feet)
        around = tree.query_ball_point(self.feet, NEIGHBOURS * self.spacing)
        return [np.array([j for j in each if j != i], int) for i, each in enumerate(around)]

    def at_surface(self, own: np.ndarray) -> np.ndarray:
        """Return which columns with these feet (n, 2) have an empty site as a neighbour."""
        empty = self.feet[~self.filled(own)]
        if not len(own) or not len(empty):
            return np.zeros(len(own), bool)
        return cKDTree(empty).query(own)[0] <= NEIGHBOURS * self.spacing


def lattice_atoms(particle: Particle, reach: float) -> np.ndarray:
    """Return atoms of the first element of a particle's crystal that goes on without end.

    Parameters
    ----------
    particle : Particle
        Says how the crystal lies.
    reach : float
        So far (Å) around the middle of the particle they are complete.

    Returns
    -------
    (n, 3) array
        (y, x, z), Å around the middle of the particle.
    """
    if particle.turn is None or particle.origin is None:
        raise ValueError("This particle does not say how its crystal lies, so it has no sites.")
    material = particle.material
    away = float(np.abs(particle.origin).max())
    points, kinds = block(material, np.sqrt(3) * reach + np.sqrt(3) * away)
    first = np.array([name == material.elements[0] for name in material.elements])
    seen = points[first[kinds]] @ particle.turn.T + particle.origin
    kept: np.ndarray = seen[np.abs(seen).max(axis=1) <= reach]
    return kept


def _indices_length(particle: Particle) -> float:
    from napari_insitu_tem.simulate.hrtem.structures import ZONES

    return float(np.linalg.norm(ZONES[particle.zone_axis]))
