"""From atoms to atomic columns: rows of atoms along the zone axis, and where they are seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from napari_insitu_tem.simulate.hrtem.structures import ZONES, Particle

__all__ = ["Columns", "columns_of", "feet", "grouped", "zone_direction"]

#: Atoms whose feet lie nearer to one another belong to one column (Å); in the crystals of
#: `simulate.hrtem.crystals` columns of zone axes lie at least 0.7 Å apart.
TOGETHER = 0.3


@dataclass(frozen=True)
class Columns:
    """The columns of atoms of one particle.

    Parameters
    ----------
    positions : (n, 2) array
        Mean of the projected atoms as (y, x), Å around the middle of the particle.
    feet : (n, 2) array
        Where the column passes the plane through the middle of the particle, Å.
    atoms : (n,) int array
        Number of atoms.
    heights : (n,) array
        Mean of the atoms along the beam, Å.
    smear : (n,) array
        Length of the projection, Å: how far a tilted column is drawn out.
    main : (n,) bool array
        Whether it holds atoms of the crystal's first element.
    member : (atoms,) int array
        Column of every atom of the particle.
    """

    positions: np.ndarray
    feet: np.ndarray
    atoms: np.ndarray
    heights: np.ndarray
    smear: np.ndarray
    main: np.ndarray
    member: np.ndarray


def columns_of(particle: Particle) -> Columns:
    """Return the columns of a particle along the zone axis nearest to the beam.

    Raises
    ------
    ValueError
        For a particle that does not say how its crystal lies.
    """
    seen = particle.positions
    direction = zone_direction(particle)
    member = grouped(feet(seen, direction))
    atoms = np.bincount(member)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(member, values) / atoms

    highest, lowest = np.full((2, len(atoms), 2), [[[-np.inf]], [[np.inf]]])
    np.maximum.at(highest, member, seen[:, :2])
    np.minimum.at(lowest, member, seen[:, :2])
    first = np.array([name == particle.material.elements[0] for name in particle.material.elements])
    return Columns(
        positions=np.stack([mean(seen[:, 0]), mean(seen[:, 1])], axis=1),
        feet=np.stack([mean(each) for each in feet(seen, direction).T], axis=1),
        atoms=atoms,
        heights=mean(seen[:, 2]),
        smear=np.hypot(*(highest - lowest).T),
        main=np.bincount(member, first[particle.kinds]) > 0,
        member=member,
    )


def zone_direction(particle: Particle) -> np.ndarray:
    """Return the zone axis nearest to the beam as a unit vector (y, x, z), z above 0."""
    if particle.turn is None:
        raise ValueError("This particle does not say how its crystal lies, so it has no columns.")
    beam = particle.turn[2]
    # The indices in the order and with the signs of the beam's: a cubic crystal has them all.
    zone = np.empty(3)
    zone[np.argsort(np.abs(beam))] = np.sort(np.abs(ZONES[particle.zone_axis]))
    zone *= np.where(beam < 0, -1, 1)
    return particle.turn @ (zone / np.linalg.norm(zone))


def feet(positions: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Return where lines along `direction` through (n, 3) atoms pass z = 0, as (y, x)."""
    slope = direction[:2] / direction[2]
    return positions[:, :2] - positions[:, 2:] * slope


def grouped(points: np.ndarray) -> np.ndarray:
    """Return a number from 0 for every one of (n, 2) points: the same for those together."""
    pairs = cKDTree(points).query_pairs(TOGETHER, output_type="ndarray")
    links = sparse.coo_matrix(
        (np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(len(points),) * 2
    )
    return connected_components(links, directed=False)[1].astype(np.intp)
