"""Columns that come, go and hop on the sites around a particle, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from napari_insitu_tem.simulate.columns.columns import TOGETHER, Columns
from napari_insitu_tem.simulate.columns.sites import Lattice
from napari_insitu_tem.simulate.hrtem.structures import Particle

__all__ = ["Change", "Rates", "Walk", "walk"]

#: A column hops to a free site this far away, in distances of neighbours: 1.5 on average, about.
SHORTEST_HOP = 0.8
LONGEST_HOP = 2.2
#: A site holds a column where so many neighbouring ones do.
SUPPORT = 2
#: An adatom column has this share of its neighbours' atoms, and at least two.
HEIGHT = 0.6


@dataclass(frozen=True)
class Rates:
    """How often what happens.

    Parameters
    ----------
    frames_per_hop, frames_per_growth, frames_per_loss : float, optional
        Mean number of frames from one event of a kind to the next; None for never.
    """

    frames_per_hop: float | None = 20.0
    frames_per_growth: float | None = None
    frames_per_loss: float | None = None

    def draw(self, rng: np.random.Generator) -> list[str]:
        """Draw what happens before a frame."""
        means = {
            "hop": self.frames_per_hop,
            "appear": self.frames_per_growth,
            "disappear": self.frames_per_loss,
        }
        return [kind for kind, mean in means.items() if mean and rng.random() < 1 / mean]


@dataclass(frozen=True)
class Change:
    """One event: a column at `site` hopped there from `origin`, appeared or disappeared."""

    kind: str
    frame: int
    site: int
    origin: int | None = None


@dataclass(frozen=True)
class Walk:
    """What columns did in a movie.

    Parameters
    ----------
    feet : (n, 2) array
        Where the columns of all sites pass the plane through the middle of the particle, Å.
    own : (n,) int array
        Column of the particle (its index in `Columns`) that is at the site; -1 where none was.
    occupied : (t, n) bool array
        Which sites hold a column.
    heights : (t, n) int array
        Atoms of the added column at a site; 0 where there is none or one of the particle's own.
    changes : tuple of Change
        In the order of the frames.
    spacing : float
        Distance of neighbouring sites, Å.
    """

    feet: np.ndarray
    own: np.ndarray
    occupied: np.ndarray
    heights: np.ndarray
    changes: tuple[Change, ...]
    spacing: float


def walk(
    particle: Particle,
    columns: Columns,
    rates: Rates,
    rng: np.random.Generator,
    *,
    n_frames: int,
    adatoms: int,
) -> Walk:
    """Draw where columns are in every frame.

    Only columns that were added to the particle hop and disappear. At most one event of a kind
    happens between two frames; none happens where no site is free.

    Parameters
    ----------
    particle : Particle
        The particle without what is added to it.
    columns : Columns
        Its own columns.
    rates : Rates
        How often what happens.
    rng : numpy.random.Generator
        Where chance comes from.
    n_frames : int
        Length of the movie.
    adatoms : int
        Added columns in the first frame.
    """
    lattice = Lattice.of(particle)
    state = _State(lattice, columns)
    for _ in range(adatoms):
        state.appear(rng)
    occupied, heights, changes = [], [], []
    for frame in range(n_frames):
        if frame:
            for kind in rates.draw(rng):
                change = {"hop": state.hop, "appear": state.appear, "disappear": state.disappear}[
                    kind
                ](rng)
                if change is not None:
                    changes.append(Change(kind, frame, *change))
        occupied.append(state.occupied)
        heights.append(state.height.copy())
    return _trimmed(state, np.stack(occupied), np.stack(heights), tuple(changes), lattice.spacing)


class _State:
    """Which sites hold a column; a site is an index into the lattice, then into other columns."""

    def __init__(self, lattice: Lattice, columns: Columns) -> None:
        others = ~_lattice_member(lattice, columns.feet)
        self.feet = np.concatenate([lattice.feet, columns.feet[others]])
        self.own = np.full(len(self.feet), -1)
        distance, nearest = cKDTree(columns.feet).query(lattice.feet)
        at_site = distance <= TOGETHER
        self.own[: len(lattice.feet)][at_site] = nearest[at_site]
        self.own[len(lattice.feet) :] = np.flatnonzero(others)
        self.height = np.zeros(len(self.feet), int)
        self._neighbours = [*lattice.neighbours(), *([np.zeros(0, int)] * int(others.sum()))]
        self._atoms, self._spacing = columns.atoms, lattice.spacing

    @property
    def occupied(self) -> np.ndarray:
        return (self.own >= 0) | (self.height > 0)

    def free(self) -> np.ndarray:
        """Return the empty sites that have enough neighbours to hold a column."""
        full = self.occupied
        held = np.array([full[around].sum() for around in self._neighbours])
        return np.flatnonzero(~full & (held >= SUPPORT))

    def appear(self, rng: np.random.Generator) -> tuple[int, None] | None:
        free = self.free()
        if not len(free):
            return None
        site = int(rng.choice(free))
        around = self._neighbours[site]
        counts = [
            self._atoms[self.own[i]] if self.own[i] >= 0 else self.height[i]
            for i in around[self.occupied[around]]
        ]
        self.height[site] = max(round(HEIGHT * float(np.mean(counts))), 2)
        return site, None

    def disappear(self, rng: np.random.Generator) -> tuple[int, None] | None:
        added = np.flatnonzero(self.height)
        if not len(added):
            return None
        site = int(rng.choice(added))
        self.height[site] = 0
        return site, None

    def hop(self, rng: np.random.Generator) -> tuple[int, int] | None:
        for origin in rng.permutation(np.flatnonzero(self.height)):
            height, self.height[origin] = self.height[origin], 0
            free = self.free()
            distance = np.hypot(*(self.feet[free] - self.feet[origin]).T) / self._spacing
            near = free[(distance >= SHORTEST_HOP) & (distance <= LONGEST_HOP)]
            if len(near):
                site = int(rng.choice(near))
                self.height[site] = height
                return site, int(origin)
            self.height[origin] = height
        return None


def _lattice_member(lattice: Lattice, own: np.ndarray) -> np.ndarray:
    """Return which columns with these feet (n, 2) lie on a site of the lattice."""
    member: np.ndarray = cKDTree(lattice.feet).query(own)[0] <= TOGETHER
    return member


def _trimmed(
    state: _State,
    occupied: np.ndarray,
    heights: np.ndarray,
    changes: tuple[Change, ...],
    spacing: float,
) -> Walk:
    """Leave out sites that stay empty and have no occupied neighbour."""
    ever = occupied.any(axis=0)
    near = cKDTree(state.feet[ever]).query(state.feet)[0] <= LONGEST_HOP * spacing
    kept = np.flatnonzero(ever | near)
    number = np.full(len(state.feet), -1)
    number[kept] = np.arange(len(kept))
    renumbered = tuple(
        replace(
            each,
            site=int(number[each.site]),
            origin=None if each.origin is None else int(number[each.origin]),
        )
        for each in changes
    )
    return Walk(
        state.feet[kept],
        state.own[kept],
        occupied[:, kept],
        heights[:, kept],
        renumbered,
        spacing,
    )
