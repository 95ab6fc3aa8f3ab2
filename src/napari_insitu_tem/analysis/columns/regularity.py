"""Whether places go on as a lattice does."""

from __future__ import annotations

import numpy as np
from scipy import spatial

__all__ = ["continued", "times_continued"]

_NEAREST = 12
_ENOUGH = 3
_TOLERANCE = 0.2  # of the distance to the nearest neighbour
_ROUNDS = 3


def times_continued(places: np.ndarray, *, tolerance: float = _TOLERANCE) -> np.ndarray:
    """Return, for every place, with how many of its neighbours the lattice goes on.

    It goes on from a place to a neighbour if there is a place as far beyond the neighbour, or
    as far on this side: three in a row. So places at an edge count as well.

    Parameters
    ----------
    places : (n, 2) array
        Row and column.
    tolerance : float
        How far the third may lie from where it is expected, times the distance to the nearest
        neighbour.

    Returns
    -------
    (n,) integer array
        0 to 12, of the twelve nearest neighbours; of random places about 1.
    """
    count = len(places)
    if count < 3:
        return np.zeros(count, int)
    tree = spatial.cKDTree(places)
    distance, index = tree.query(places, min(_NEAREST, count - 1) + 1)
    near = places[index[:, 1:]]
    allowed = tolerance * distance[:, 1]
    hit = np.zeros(near.shape[:2], bool)
    for third in (2 * near - places[:, None], 2 * places[:, None] - near):
        off, _ = tree.query(third.reshape(-1, 2))
        hit |= off.reshape(hit.shape) <= allowed[:, None]
    return np.asarray(hit.sum(axis=1), int)


def continued(places: np.ndarray) -> np.ndarray:
    """Tell which places (n, 2) belong to a lattice: those that go on with others of them."""
    member = np.ones(len(places), bool)
    for _ in range(_ROUNDS):
        member[np.flatnonzero(member)[times_continued(places[member]) < _ENOUGH]] = False
    return member
