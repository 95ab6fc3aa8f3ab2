"""The ideal lattice of a group of columns, how far each lies from it, and local strain.

The vectors of the lattice are those that lead from most columns to another one; the columns are
then numbered by walking along them, and lattice and motif fitted to all by least squares in
which outliers count little (Huber's weights).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from scipy import spatial

__all__ = ["IdealLattice", "Strain", "fit_lattice", "local_strain"]

_FEWEST = 9
_REACH = 3.2  # spacings: vectors up to this length are looked at
_TOLERANCE = 0.2  # of the spacing
_SHARE = 0.8  # of the most frequent vector's frequency, that another vector of the lattice has
_STEEPEST = np.sin(np.radians(25))  # between both vectors
_ROUNDS = 6
_HUBER = 1.5  # times the typical distance


@dataclass(frozen=True)
class IdealLattice:
    """A lattice fitted to columns.

    Parameters
    ----------
    vectors : (2, 2) array
        Both vectors as rows (y, x), px.
    origin : (2,) array
        Of the lattice, px.
    motif : (m, 2) array
        Places of the columns of a cell from its corner, px; the first is 0.
    index : (n, 3) integer array
        Of every column: steps along both vectors and number in the motif; -1 in the last where
        a column is not part of it.
    """

    vectors: np.ndarray
    origin: np.ndarray
    motif: np.ndarray
    index: np.ndarray

    @property
    def member(self) -> np.ndarray:
        """Which columns (n,) are part of the lattice."""
        return np.asarray(self.index[:, 2] >= 0)

    @property
    def places(self) -> np.ndarray:
        """The ideal place (n, 2) of every column; NaN where it is not part of it."""
        found = self.origin + self.index[:, :2] @ self.vectors
        found = found + self.motif[np.maximum(self.index[:, 2], 0)]
        found[~self.member] = np.nan
        return found


@dataclass(frozen=True)
class Strain:
    """Local strain of columns against an ideal lattice; arrays (n,), NaN where unknown.

    Parameters
    ----------
    xx, yy, xy : array
        Components of the symmetric part; x to the right, y downwards.
    rotation : array
        Counter-clockwise on the screen, degrees.
    """

    xx: np.ndarray
    yy: np.ndarray
    xy: np.ndarray
    rotation: np.ndarray


def fit_lattice(places: np.ndarray) -> IdealLattice | None:
    """Fit a lattice to columns.

    Parameters
    ----------
    places : (n, 2) array
        Row and column of the columns of one crystal, px.

    Returns
    -------
    IdealLattice or None
        None where no lattice fits at least half of them, or there are fewer than nine.
    """
    places = np.asarray(places, float).reshape(-1, 2)
    if len(places) < _FEWEST:
        return None
    tree = spatial.cKDTree(places)
    spacing = float(np.median(tree.query(places, 2)[0][:, 1]))
    vectors = _vectors(places, tree, spacing)
    if vectors is None:
        return None
    index = _numbered(places, tree, vectors, _TOLERANCE * spacing)
    if np.count_nonzero(index[:, 2] >= 0) < max(_FEWEST, len(places) // 2):
        return None
    return _fitted(places, vectors, index)


def local_strain(places: np.ndarray, lattice: IdealLattice) -> Strain:
    """Return the strain around every column, from its neighbours in the lattice.

    The deformation that takes the ideal vectors to the neighbours into the measured ones is
    fitted to at least three neighbours by least squares.
    """
    ideal = lattice.places
    member = np.flatnonzero(lattice.member)
    values = np.full((len(places), 4), np.nan)
    if len(member) > 3:
        inner = ideal[member]
        tree = spatial.cKDTree(inner)
        nearest = tree.query(inner, 2)[0][:, 1]
        reach = 1.6 * float(np.median(nearest))
        for row, near in zip(member, tree.query_ball_point(inner, reach), strict=True):
            others = member[np.array(near)]
            others = others[others != row]
            wanted, real = ideal[others] - ideal[row], places[others] - places[row]
            if len(others) < 3 or np.linalg.cond(wanted) > 20:
                continue
            solved, *_ = np.linalg.lstsq(wanted, real, rcond=None)
            (yy, xy), (yx, xx) = solved - np.eye(2)
            # Rows of `solved` are images of the axes: y goes to (yy, xy), x to (yx, xx).
            values[row] = xx, yy, (xy + yx) / 2, np.degrees((xy - yx) / 2)
    return Strain(*values.T)


def _vectors(places: np.ndarray, tree: spatial.cKDTree, spacing: float) -> np.ndarray | None:
    """Return two vectors (2, 2) that lead from most columns to another one."""
    pairs = tree.query_pairs(_REACH * spacing, output_type="ndarray")
    if not len(pairs):
        return None
    steps = places[pairs[:, 1]] - places[pairs[:, 0]]
    steps[(steps[:, 0] < 0) | ((steps[:, 0] == 0) & (steps[:, 1] < 0))] *= -1
    both = np.concatenate([steps, -steps])
    crowd = spatial.cKDTree(both)
    radius = _TOLERANCE * spacing
    count = np.array([len(near) for near in crowd.query_ball_point(steps, radius)])
    found: list[tuple[float, np.ndarray]] = []
    free = np.ones(len(steps), bool)
    while free.any() and len(found) < 40:
        best = int(np.argmax(np.where(free, count, -1)))
        centre = steps[best]
        for _ in range(3):
            near = both[crowd.query_ball_point(centre, radius)]
            centre = near.mean(axis=0)
        # A longer vector leaves the crystal from more columns: those cannot be counted.
        found.append((_share(places, tree, centre, radius), centre))
        near_it = np.minimum(np.hypot(*(steps - centre).T), np.hypot(*(steps + centre).T))
        free &= near_it > 1.5 * radius
        if count[best] < 0.15 * len(places):
            break
    highest = max(share for share, _ in found)
    good = [vector for share, vector in found if share >= _SHARE * highest]
    good.sort(key=lambda vector: float(np.hypot(*vector)))
    first = good[0]
    for second in good[1:]:
        area = abs(first[0] * second[1] - first[1] * second[0])
        if area > _STEEPEST * np.hypot(*first) * np.hypot(*second):
            return np.array([first, second])
    return None


def _share(places: np.ndarray, tree: spatial.cKDTree, vector: np.ndarray, radius: float) -> float:
    """Return the share of columns from which a vector leads to another one, on either side.

    Half a lattice's columns at most lose both partners at its edge, so a vector of the lattice
    has a share near 1, and one within the motif (the bond of a honeycomb) as well: there both
    senses are needed, where both can be had.
    """
    ahead, _ = tree.query(places + vector)
    behind, _ = tree.query(places - vector)
    ahead_hit, behind_hit = ahead <= radius, behind <= radius
    either = ahead_hit | behind_hit
    middle = np.hypot(*(places - places.mean(axis=0)).T)
    inner = middle <= np.quantile(middle, 0.5)
    both = (ahead_hit & behind_hit)[inner].mean()
    return float(0.5 * either.mean() + 0.5 * both)


def _numbered(
    places: np.ndarray, tree: spatial.cKDTree, vectors: np.ndarray, radius: float
) -> np.ndarray:
    """Return the numbers (n, 3) of all columns: walked to, or placed between those."""
    index = np.full((len(places), 3), -1)
    steps = ((1, 0), (-1, 0), (0, 1), (0, -1))
    left, motif = set(range(len(places))), 0
    offsets: list[np.ndarray] = []
    while left:
        centre = places[sorted(left)].mean(axis=0)
        start = min(left, key=lambda each: float(np.hypot(*(places[each] - centre))))
        walked = {start: (0, 0)}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            for i, j in steps:
                off, there = tree.query(places[here] + i * vectors[0] + j * vectors[1])
                if off <= radius and there in left and there not in walked:
                    walked[int(there)] = walked[here][0] + i, walked[here][1] + j
                    queue.append(int(there))
        left -= set(walked)
        members = np.array(sorted(walked))
        numbers = np.array([walked[each] for each in members])
        if motif == 0 and len(members) < 4:
            continue
        corner = np.median(places[members] - numbers @ vectors, axis=0)
        if not offsets:
            offsets.append(corner)
            index[members] = np.column_stack([numbers, np.zeros(len(members), int)])
            motif = 1
            continue
        # Another column of the cell, or a part of the same lattice that is cut off.
        fraction = np.linalg.solve(vectors.T, np.array([corner - o for o in offsets]).T).T
        shift = np.rint(fraction)
        rest = np.hypot(*((fraction - shift) @ vectors).T)
        best = int(np.argmin(rest))
        if rest[best] <= 1.5 * radius:
            index[members] = np.column_stack(
                [numbers + shift[best].astype(int), np.full(len(members), best)]
            )
        elif len(members) >= max(4, 0.1 * len(places)):
            whole = np.floor(np.linalg.solve(vectors.T, corner - offsets[0]) + 1e-9)
            offsets.append(corner - whole @ vectors)
            index[members] = np.column_stack(
                [numbers + whole.astype(int), np.full(len(members), len(offsets) - 1)]
            )
    return index


def _fitted(places: np.ndarray, vectors: np.ndarray, index: np.ndarray) -> IdealLattice:
    """Fit vectors, origin and motif to numbered columns."""
    member = index[:, 2] >= 0
    kinds = int(index[:, 2].max()) + 1
    design = np.column_stack([index[member, :2], index[member, 2:] == np.arange(kinds)]).astype(
        float
    )
    wanted = places[member]
    weights = np.ones(len(wanted))
    for _ in range(_ROUNDS):
        root = np.sqrt(weights)[:, None]
        solved, *_ = np.linalg.lstsq(design * root, wanted * root, rcond=None)
        off = np.hypot(*(wanted - design @ solved).T)
        limit = _HUBER * max(float(np.median(off)), 1e-9)
        weights = np.minimum(1.0, limit / np.maximum(off, 1e-12))
    return IdealLattice(solved[:2], solved[2], solved[2:] - solved[2], index)
