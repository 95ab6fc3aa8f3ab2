"""Moves: what can happen to sites between two frames, and how likely it is beforehand.

One column hops to an empty site within reach, or a column comes or goes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

__all__ = ["Moves", "clusters", "moves_between"]

_FARTHEST = 2.6
"""Longest hop, in neighbour distances."""
_TYPICAL, _SPREAD = 1.3, 0.7
"""Length up to which hops are equally likely, and how fast longer ones get rarer, in the same."""
_HOP, _ALONE = -7.0, -10.0
"""Natural logarithm of the chance that in one frame a column hops to a given site, and that one
comes to or goes from a given site."""


@dataclass(frozen=True, eq=False)
class Moves:
    """What can happen between two frames.

    Parameters
    ----------
    left, taken : (m,) int arrays
        Sites that a column leaves and takes; −1 where it comes from, or goes to, no site.
    chance : (m,) array
        Natural logarithm of the probability in one frame, where the move is possible.
    """

    left: np.ndarray
    taken: np.ndarray
    chance: np.ndarray


def moves_between(sites: np.ndarray, spacing: float) -> Moves:
    """Return the moves between sites (s, 2), px, whose neighbours lie `spacing` apart."""
    left, taken = _within_reach(sites, spacing)
    length = np.hypot(*(sites[left] - sites[taken]).T) / spacing
    hop = _HOP - 0.5 * (np.maximum(length - _TYPICAL, 0) / _SPREAD) ** 2
    each, nowhere = np.arange(len(sites)), np.full(len(sites), -1)
    return Moves(
        left=np.concatenate([left, each, nowhere]),
        taken=np.concatenate([taken, nowhere, each]),
        chance=np.concatenate([hop, np.full(2 * len(sites), _ALONE)]),
    )


def clusters(sites: np.ndarray, spacing: float) -> list[np.ndarray]:
    """Return the sites (indices) of every cluster: columns cannot hop from one to another."""
    left, taken = _within_reach(sites, spacing)
    reach = sparse.coo_array((np.ones(len(left)), (left, taken)), shape=(len(sites),) * 2)
    number, member = connected_components(reach, directed=False)
    return [np.flatnonzero(member == which) for which in range(number)]


def _within_reach(sites: np.ndarray, spacing: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the sites at both ends of every possible hop, there and back."""
    pairs = cKDTree(sites).query_pairs(_FARTHEST * spacing, output_type="ndarray")
    left, taken = np.concatenate([pairs, pairs[:, ::-1]]).T
    return left, taken
