"""Motion that all particles share, and how far a particle may go in one frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

__all__ = ["common_shift", "displacements", "propose_search_range", "typical_step"]

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


def typical_step(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """Estimate the standard deviation of a particle's step on each axis, in pixels.

    From the median over particles that are each other's nearest in two neighbouring frames:
    noise that comes and goes gives long "steps" to anywhere, which only the median withstands.

    Parameters
    ----------
    pairs : iterable of ((n, 2) array, (m, 2) array)
        Positions (y, x) in pairs of neighbouring frames, without common drift.
    """
    steps = [np.hypot(*displacements(before, after).T) for before, after in pairs]
    together = np.concatenate([*steps, np.zeros(0)])
    # The median of a Rayleigh distribution is 1.18 standard deviations.
    return float(np.median(together)) / 1.18 if len(together) else 0.0


def propose_search_range(
    frames: Iterable[np.ndarray], diameters: np.ndarray, *, step: float
) -> float:
    """Propose how far a particle may move from one frame to the next.

    It is wide enough for nearly all Brownian steps (six times their standard deviation), and
    at least three quarters of the distance to the nearest neighbour (so that the joint mask of
    two touching particles is within reach of both), but for that not more than one and a half
    diameters.

    Parameters
    ----------
    frames : iterable of (n, 2) arrays
        Positions (y, x) in some frames.
    diameters : (p,) array
        Equivalent diameters of the particles.
    step : float
        Standard deviation of a step on each axis; see `typical_step`.

    Returns
    -------
    float
        Distance in pixels.
    """
    from scipy.spatial import cKDTree

    spacings = [cKDTree(frame).query(frame, 2)[0][:, 1] for frame in frames if len(frame) > 1]
    # The nearest neighbour of the closest tenth: what must not be confused.
    near = float(np.quantile(np.concatenate(spacings), 0.1)) if spacings else np.inf
    diameter = float(np.median(diameters)) if len(diameters) else 10.0
    return float(max(min(0.75 * near, 1.5 * diameter), 6 * step, 1.0))
