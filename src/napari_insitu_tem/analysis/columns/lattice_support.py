"""Weak columns that are believed because the lattice goes on there."""

from __future__ import annotations

import numpy as np
from scipy import spatial

__all__ = ["believed"]

_NEAREST = 8
_AGREE = 0.6
_FEWEST = 3
_TOLERANCE = 0.2
_ROUNDS = 2


def believed(places: np.ndarray, sure: np.ndarray, *, tolerance: float = _TOLERANCE) -> np.ndarray:
    """Tell which columns to believe: the sure ones, and weak ones that the lattice predicts.

    A weak column is predicted if the vectors to it from its nearest sure neighbours are vectors
    of the lattice: if most of the sure columns around have another one at that vector, forwards
    or backwards. At the edge of a crystal it is enough that one of both lies within.

    Parameters
    ----------
    places : (n, 2) array
        Row and column of all, px.
    sure : (n,) bool array
        Which need no support.
    tolerance : float
        How far from the predicted place, times the typical nearest distance of sure columns.

    Returns
    -------
    (n,) bool array
    """
    kept = np.array(sure, bool)
    for _ in range(_ROUNDS):
        weak = np.flatnonzero(~kept)
        anchors = places[kept]
        if len(anchors) <= _FEWEST or not len(weak):
            break
        fresh = weak[_predicted(places[weak], anchors, tolerance)]
        if not len(fresh):
            break
        kept[fresh] = True
    return kept


def _predicted(weak: np.ndarray, anchors: np.ndarray, tolerance: float) -> np.ndarray:
    tree = spatial.cKDTree(anchors)
    spacing = float(np.median(tree.query(anchors, 2)[0][:, 1]))
    count = min(_NEAREST, len(anchors))
    distance, index = tree.query(weak, count)
    around = anchors[index]
    votes = np.zeros(len(weak), int)
    for nearest in (0, 1):
        vector = weak - around[:, nearest]
        hit = np.zeros(index.shape, bool)
        for sign in (1, -1):
            off, _ = tree.query((around + sign * vector[:, None]).reshape(-1, 2))
            hit |= off.reshape(hit.shape) <= tolerance * spacing
        others = np.arange(count) != nearest
        share = hit[:, others].mean(axis=1)
        votes += share >= _AGREE
    # Within a spacing and a half of what is sure, and not on top of it.
    near = (distance[:, 0] <= 1.6 * spacing) & (distance[:, 0] >= 0.5 * spacing)
    return near & (votes == 2)
