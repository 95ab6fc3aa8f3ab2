"""The atoms of columns that are added to a particle, and the particle with them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from napari_insitu_tem.simulate.columns.columns import TOGETHER, Columns, feet, zone_direction
from napari_insitu_tem.simulate.columns.hops import Walk
from napari_insitu_tem.simulate.columns.sites import lattice_atoms
from napari_insitu_tem.simulate.hrtem.structures import Particle

__all__ = ["Growing"]

#: Own atoms so near to a site (in distances of neighbours) say how high its column lies.
AROUND = 1.5


@dataclass(frozen=True)
class Growing:
    """A particle whose columns change.

    Parameters
    ----------
    particle : Particle
        Without what is added.
    columns : Columns
        Its own columns.
    walked : Walk
        What happens.
    atoms : dict
        Site to the (n, 3) atoms that an added column there can have, nearest to its neighbours'
        height first.
    """

    particle: Particle
    columns: Columns
    walked: Walk
    atoms: dict[int, np.ndarray]

    @classmethod
    def of(cls, particle: Particle, columns: Columns, walked: Walk) -> Growing:
        """Find the atoms of every column that is ever added."""
        sites = np.flatnonzero(walked.heights.any(axis=0))
        atoms: dict[int, np.ndarray] = {}
        if len(sites):
            reach = float(np.abs(walked.feet).max()) + walked.spacing
            reach = max(reach, float(np.abs(particle.positions).max()))
            lattice = lattice_atoms(particle, reach)
            flat = feet(lattice, zone_direction(particle))
            own = feet(particle.positions, zone_direction(particle))
            for site in sites:
                foot = walked.feet[site]
                column = lattice[np.hypot(*(flat - foot).T) <= TOGETHER]
                around = np.hypot(*(own - foot).T) <= AROUND * walked.spacing
                height = float(np.median(particle.positions[around, 2])) if around.any() else 0.0
                atoms[int(site)] = column[np.argsort(np.abs(column[:, 2] - height))]
        return cls(particle, columns, walked, atoms)

    def at(self, frame: int) -> Particle:
        """Return the particle with what is added to it in a frame."""
        heights = self.walked.heights[frame]
        added = np.flatnonzero(heights)
        if not len(added):
            return self.particle
        more = np.concatenate([self.atoms[int(site)][: heights[site]] for site in added])
        own = self.particle
        return replace(
            own,
            positions=np.concatenate([own.positions, more.astype(own.positions.dtype)]),
            kinds=np.concatenate([own.kinds, np.zeros(len(more), own.kinds.dtype)]),
        )

    def positions(self) -> np.ndarray:
        """Return where the columns of all sites are seen, (n, 2) Å around the particle's middle.

        Mean of the projected atoms, for added columns at their greatest height; for sites that
        stay empty the foot.
        """
        seen = self.walked.feet.copy()
        own = self.walked.own >= 0
        seen[own] = self.columns.positions[self.walked.own[own]]
        for site, atoms in self.atoms.items():
            height = int(self.walked.heights[:, site].max())
            seen[site] = atoms[:height, :2].mean(axis=0)
        return seen

    def smear(self) -> np.ndarray:
        """Return the length of every site's projected column, Å; 0 where none ever is."""
        length = np.zeros(len(self.walked.feet))
        own = self.walked.own >= 0
        length[own] = self.columns.smear[self.walked.own[own]]
        for site, atoms in self.atoms.items():
            height = int(self.walked.heights[:, site].max())
            length[site] = float(np.hypot(*np.ptp(atoms[:height, :2], axis=0)))
        return length
