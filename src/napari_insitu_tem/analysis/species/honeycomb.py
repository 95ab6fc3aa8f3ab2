"""The honeycomb lattice of a sheet: its vectors, and which of its sites are metal and sulphur.

Sites of a honeycomb and the middles of its hexagons together are a triangular lattice, whose
spacing is the distance of neighbouring columns. It has three sublattices; columns lie on two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from napari_insitu_tem.analysis.species import SpeciesError

__all__ = ["Honeycomb", "fit_honeycomb"]

#: Nearer than this (in bonds) to a site, a column is on it.
ON_SITE = 0.35
_FEWEST = 12
_STRETCHES = np.linspace(0.92, 1.08, 9)
#: Columns within so many bonds of the middle give the first direction and spacing.
_MIDDLE = 8
_LEAST_SHARE = 0.5
#: Nats that a column on no site costs: an error rate of about 1 %.
_STRAY = 4.6


@dataclass(frozen=True, eq=False)
class Honeycomb:
    """A fitted lattice.

    Parameters
    ----------
    origin : (2,) array
        A point of the triangular lattice, px.
    vectors : (2, 2) array
        Its vectors in rows (y, x), 60° apart, px.
    metal, sulphur : int
        Sublattices of either; see `sublattice`.
    certainty : float
        Nats a column by which metal and sulphur are told from the reverse.
    """

    origin: np.ndarray
    vectors: np.ndarray
    metal: int = 0
    sulphur: int = 1
    certainty: float = 0.0

    @property
    def bond(self) -> float:
        """Distance of neighbouring columns, px."""
        u, v = self.vectors
        return float(np.mean([np.hypot(*u), np.hypot(*v), np.hypot(*(v - u))]))

    @property
    def angle(self) -> float:
        """Direction of a row of equal columns, degrees counter-clockwise from right, 0 to 60."""
        u, v = self.vectors
        along = u + v
        return float(np.degrees(np.arctan2(-along[0], along[1])) % 60)

    def place(self, indices: np.ndarray) -> np.ndarray:
        """Return the positions (n, 2) of lattice points."""
        return np.asarray(self.origin + np.asarray(indices) @ self.vectors)

    def nearest(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices (n, 2) of the nearest lattice points, and the distances in bonds."""
        exact = (positions - self.origin) @ np.linalg.inv(self.vectors)
        indices = np.round(exact).astype(int)
        away = positions - self.place(indices)
        return indices, np.hypot(away[:, 0], away[:, 1]) / self.bond

    @staticmethod
    def sublattice(indices: np.ndarray) -> np.ndarray:
        """Return which of the three sublattices points belong to."""
        indices = np.asarray(indices)
        return np.asarray((indices[..., 0] - indices[..., 1]) % 3)


def fit_honeycomb(positions: np.ndarray, masses: np.ndarray, *, bond: float) -> Honeycomb:
    """Fit the lattice to columns, and tell its metal sites from its sulphur sites.

    Direction and spacing come from the structure factor of the columns near the middle; the
    lattice is then continued from neighbour to neighbour, so that slow distortions do not
    matter, and fitted to all columns by least squares.

    Parameters
    ----------
    positions : (n, 2) array
        Of the columns, px.
    masses : (n, 3) array
        Shares of one metal, two sulphur and one sulphur atoms.
    bond : float
        Expected distance of neighbouring columns, px; within 8 %.

    Raises
    ------
    SpeciesError
        When there are too few columns, or most lie on no honeycomb.
    """
    if len(positions) < _FEWEST:
        raise SpeciesError(
            f"Only {len(positions)} columns were found; a lattice needs at least {_FEWEST}. Lower "
            "the threshold, or check the pixel size and that the images show a MoS2 sheet."
        )
    vectors = _start(positions, bond)
    indices, reached = _continued(positions, vectors)
    origin = positions[0]
    for _ in range(3):
        if reached.sum() < _FEWEST:
            break
        origin, vectors = _fitted(positions[reached], indices[reached])
        found = Honeycomb(origin, vectors)
        if not 0.9 < found.bond / bond < 1.1:
            reached[:] = False
            break
        nearest, away = found.nearest(positions)
        indices, reached = nearest, away < ON_SITE
    if reached.mean() < _LEAST_SHARE or reached.sum() < _FEWEST:
        raise SpeciesError(
            f"{len(positions)} columns were found, but they lie on no honeycomb with columns "
            "as far apart as Mo and S in MoS2. Check the pixel size; grains must be looked at "
            "one by one."
        )
    return _told(Honeycomb(origin, vectors), indices[reached], masses[reached])


def _start(positions: np.ndarray, bond: float) -> np.ndarray:
    """Return vectors (2, 2) from the strongest structure factor of the middle columns."""
    away = positions - np.median(positions, axis=0)
    near = away[np.hypot(away[:, 0], away[:, 1]) < _MIDDLE * bond]
    near = near if len(near) >= _FEWEST else away
    angles = np.deg2rad(np.arange(0, 60, 1.5))
    turned = (angles[:, np.newaxis] + np.pi / 3 * np.arange(3)).ravel()
    best = (-1.0, 0.0, 1.0)
    for stretch in _STRETCHES:
        waves = 2 / (np.sqrt(3) * bond * stretch) * np.array([np.sin(turned), np.cos(turned)])
        power = np.abs(np.exp(2j * np.pi * near @ waves).sum(axis=0)) ** 2
        strength = power.reshape(-1, 3).sum(axis=1)
        at = int(np.argmax(strength))
        if strength[at] > best[0]:
            best = (float(strength[at]), float(angles[at]), float(stretch))
    # Vectors of a triangular lattice lie 30° off its shortest reciprocal ones.
    along = best[1] + np.pi / 6 + np.array([0, np.pi / 3])
    return bond * best[2] * np.column_stack([np.sin(along), np.cos(along)])


def _continued(positions: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give columns indices from neighbour to neighbour, from the middle outwards."""
    u, v = vectors
    bond = float(np.hypot(*u))
    steps = np.array([(1, 0), (0, 1), (-1, 1), (-1, 0), (0, -1), (1, -1)])
    tree = cKDTree(positions)
    indices = np.zeros((len(positions), 2), int)
    reached = np.zeros(len(positions), bool)
    start = int(tree.query(np.median(positions, axis=0))[1])
    reached[start] = True
    border = np.array([start])
    while len(border):
        places = positions[border][:, np.newaxis] + steps @ vectors
        distances, others = tree.query(places)
        proposed = indices[border][:, np.newaxis] + steps
        fits = (distances < ON_SITE * bond) & ~reached[others]
        border, first = np.unique(others[fits], return_index=True)
        indices[border] = proposed[fits][first]
        reached[border] = True
    return indices, reached


def _fitted(positions: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return origin and vectors by least squares, columns far off left out once."""
    design = np.column_stack([np.ones(len(indices)), indices])
    kept = np.ones(len(positions), bool)
    solution = np.zeros((3, 2))
    for _ in range(2):
        solution = np.linalg.lstsq(design[kept], positions[kept], rcond=None)[0]
        away = np.hypot(*(positions - design @ solution).T)
        kept = away <= max(3 * float(np.median(away)), 1e-6)
        if kept.sum() < _FEWEST:
            break
    return solution[0], solution[1:]


def _told(lattice: Honeycomb, indices: np.ndarray, masses: np.ndarray) -> Honeycomb:
    """Return the lattice with its sublattices told apart by all columns together."""
    shares = np.clip(masses, 0, None) + 0.02
    shares = shares / shares.sum(axis=1, keepdims=True)
    metal, sulphur = np.log(shares[:, 0]), np.log(shares[:, 1] + shares[:, 2])
    which = Honeycomb.sublattice(indices)
    ways = []
    for m in range(3):
        for s in range(3):
            if m != s:
                gain = metal[which == m].sum() + sulphur[which == s].sum()
                gain -= _STRAY * np.count_nonzero((which != m) & (which != s))
                ways.append((float(gain), m, s))
    best = max(ways)
    reverse = next(gain for gain, m, s in ways if (m, s) == (best[2], best[1]))
    certainty = (best[0] - reverse) / len(which)
    return Honeycomb(lattice.origin, lattice.vectors, best[1], best[2], certainty)
