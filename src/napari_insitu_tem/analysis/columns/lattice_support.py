"""What the lattice around a place says about whether there is a column."""

from __future__ import annotations

import numpy as np
from scipy import spatial, special

__all__ = ["believed", "neighbours_in_rows", "supported"]

#: Places of at least this probability speak for those around them, up to so many for each; three
#: lie in a row if the third is as near to where it should be, in typical nearest distances.
_LIKELY = 0.3
_AROUND = 12
_IN_A_ROW = 0.2
#: Log-odds: of a column alone, times those of the network, and for every neighbour in a row. Fitted
#: to simulated frames by ``benchmarks/columns.py fit``.
_ALONE, _NETWORK, _NEIGHBOUR = -0.47, 1.46, 0.44

_NEAREST = 8
_AGREE = 0.6
_FEWEST = 3
_TOLERANCE = 0.2
_ROUNDS = 2
_ITSELF = 1e-6  # px


def supported(places: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Return the probability of columns when it is known which of their neighbours are in rows.

    A network sees a column and what lies around it, but hardly that a lattice goes on: on
    amorphous carbon it takes specks for columns, and in noise it doubts columns of a lattice.

    Parameters
    ----------
    places : (n, 2) array
        Row and column of what may be columns, px.
    probability : (n,) array
        What a network says of each.

    Returns
    -------
    (n,) array

    Notes
    -----
    Logistic regression on the log-odds of the network and on the number of neighbours in a row.
    """
    rows = neighbours_in_rows(places, probability)
    odds = _ALONE + _NETWORK * special.logit(probability) + _NEIGHBOUR * rows
    return np.asarray(special.expit(odds))


def neighbours_in_rows(places: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Return with how many of the likely places around it each place forms a row of three.

    Parameters
    ----------
    places, probability
        See `supported`.

    Returns
    -------
    (n,) integer array
        0 to 12: of the twelve nearest. It does not depend on the probability of the place itself.
    """
    likely = places[probability >= _LIKELY]
    if len(likely) < 3:
        return np.zeros(len(places), int)
    tree = spatial.cKDTree(likely)
    allowed = _IN_A_ROW * float(np.median(tree.query(likely, 2)[0][:, 1]))
    distance, index = tree.query(places, min(_AROUND + 1, len(likely)))
    near = likely[index]
    hit = np.zeros(index.shape, bool)
    for third in (2 * near - places[:, None], 2 * places[:, None] - near):
        off, _ = tree.query(third.reshape(-1, 2))
        hit |= off.reshape(hit.shape) <= allowed
    # A likely place is the nearest to itself.
    return np.asarray((hit & (distance > _ITSELF)).sum(axis=1), int)


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
