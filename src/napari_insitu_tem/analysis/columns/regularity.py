"""Whether places go on as a lattice does."""

from __future__ import annotations

import numpy as np
from scipy import spatial

__all__ = ["continued", "share_continued"]

_NEAREST = 8
_TOLERANCE = 0.2  # of the distance to the nearest neighbour
_ROUNDS = 4


def share_continued(places: np.ndarray, *, tolerance: float = _TOLERANCE) -> np.ndarray:
    """Return, for every place, for how many of its neighbours the lattice goes on.

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
    (n,) array
        0 to 1, of the eight nearest neighbours. Random places have about 0.2.
    """
    count = len(places)
    if count < 3:
        return np.zeros(count)
    tree = spatial.cKDTree(places)
    distance, index = tree.query(places, min(_NEAREST, count - 1) + 1)
    near = places[index[:, 1:]]
    allowed = tolerance * distance[:, 1]
    shares = np.zeros(near.shape[:2], bool)
    for third in (2 * near - places[:, None], 2 * places[:, None] - near):
        off, _ = tree.query(third.reshape(-1, 2))
        shares |= off.reshape(shares.shape) <= allowed[:, None]
    return np.asarray(shares.mean(axis=1), float)


def continued(places: np.ndarray, *, least: float = 0.5) -> np.ndarray:
    """Tell which places (n, 2) belong to a lattice: those that go on with others of them."""
    member = np.ones(len(places), bool)
    for _ in range(_ROUNDS):
        share = share_continued(places[member])
        if (share >= least).all():
            break
        member[np.flatnonzero(member)[share < least]] = False
    return member
