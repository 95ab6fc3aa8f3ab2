"""Motion that all particles share, and how far a particle may go in one frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

__all__ = ["common_shift", "displacements", "propose_search_range"]

_FEWEST = 5
"""Particles below which a common motion cannot be told from their own."""


def common_shift(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Shift of all particles from one frame to the next.

    The shift under which most particles find a partner wins; where several do equally well,
    as on a lattice, the smallest one. It is then refined by the median over the pairs that
    are each other's nearest.

    Parameters
    ----------
    before, after : (n, 2), (m, 2) arrays
        Positions (y, x) in the two frames.

    Returns
    -------
    (2,) array
        Shift (dy, dx); zero when there are fewer than five particles.
    """
    from scipy.spatial import cKDTree

    if min(len(before), len(after)) < _FEWEST:
        return np.zeros(2)
    old, new = cKDTree(before), cKDTree(after)
    spacing = float(np.median(old.query(before, 2)[0][:, 1]))
    tolerance = 0.25 * spacing
    neighbours = min(8, len(after))
    partners = new.query(before, neighbours)[1]
    votes = (after[partners] - before[:, None]).reshape(-1, 2)
    crowd = cKDTree(votes)
    supporters = crowd.query_ball_point(votes, tolerance, return_length=True)
    here = len(crowd.query_ball_point(np.zeros(2), tolerance))
    best = supporters.max()
    shift = np.zeros(2)
    # Leaving "no shift" needs clearly better support; a lattice supports many equally.
    if best > 1.3 * here and best >= 0.4 * len(before):
        candidates = votes[supporters >= 0.9 * best]
        shift = candidates[np.argmin((candidates**2).sum(1))]
    for _ in range(3):
        moves = displacements(before + shift, after)
        moves = moves[np.hypot(*moves.T) <= spacing / 2]
        if len(moves) < _FEWEST:
            return np.zeros(2)
        shift = shift + np.median(moves, axis=0)
    return shift


def displacements(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Displacements (dy, dx) of particles that are each other's nearest in two frames."""
    from scipy.spatial import cKDTree

    if not len(before) or not len(after):
        return np.zeros((0, 2))
    forward = cKDTree(after).query(before)[1]
    backward = cKDTree(before).query(after)[1]
    mutual = backward[forward] == np.arange(len(before))
    return after[forward[mutual]] - before[mutual]


def propose_search_range(
    pairs: Iterable[tuple[np.ndarray, np.ndarray]], diameters: np.ndarray
) -> float:
    """Propose how far a particle may move from one frame to the next.

    It is wide enough for nearly all Brownian steps (six times their standard deviation, from the
    pairs that are each other's nearest), and at least as wide as is safe anyway: half the
    distance to the nearest neighbour, but not more than one and a half diameters.

    Parameters
    ----------
    pairs : iterable of ((n, 2) array, (m, 2) array)
        Positions (y, x) in pairs of neighbouring frames, without common drift.
    diameters : (p,) array
        Equivalent diameters of the particles.

    Returns
    -------
    float
        Distance in pixels.
    """
    from scipy.spatial import cKDTree

    steps, spacings = [], []
    for before, after in pairs:
        if len(before) > 1:
            spacings.append(cKDTree(before).query(before, 2)[0][:, 1])
        steps.append(np.hypot(*displacements(before, after).T))
    diameter = float(np.median(diameters)) if len(diameters) else 10.0
    step = np.concatenate(steps) if steps else np.zeros(0)
    # The nearest neighbour of the closest tenth: what must not be confused.
    near = float(np.quantile(np.concatenate(spacings), 0.1)) if spacings else np.inf
    safe = min(0.5 * near, 1.5 * diameter)
    # Median of a Rayleigh distribution is 1.18 sigma; noise that comes and goes gives long
    # "steps" to anywhere, and only the median withstands it.
    typical = float(np.median(step)) / 1.18 if len(step) else 0.0
    return float(max(safe, 6 * typical, 1.0))
