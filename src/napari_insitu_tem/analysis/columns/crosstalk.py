"""What a column shows at sites near its own, and occupancy without that.

Where sites lie close together, as those of light and heavy atoms do, the spot of one, or the dark
ring around it, changes the level of another when it comes or goes. What the sites that change
are likely to hold is taken off the levels of the others, and occupancy is found anew.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from napari_insitu_tem.analysis.columns.learnt_spot import LearntSpot
from napari_insitu_tem.analysis.columns.occupancy import Evidence, Occupancy, occupancy

__all__ = ["crosstalk", "occupancy_apart"]

_NEAR = 0.75
"""Farthest sites that are looked at, in neighbour distances. Farther ones would be those to which
columns hop, which change with their own."""
_ROUNDS = 2


def crosstalk(spot: LearntSpot, sites: np.ndarray, spacing: float) -> sparse.csr_array:
    """Return how much of a column at a site (its column) shows at others near by (their rows).

    Parameters
    ----------
    spot : LearntSpot
        What a column looks like.
    sites : (s, 2) array
        y, x, px.
    spacing : float
        Distance of neighbouring columns, px.
    """
    pairs = cKDTree(sites).query_pairs(_NEAR * spacing, output_type="ndarray")
    at, of = np.concatenate([pairs, pairs[:, ::-1]]).T
    return sparse.csr_array((spot.shown(sites[of] - sites[at]), (at, of)), shape=(len(sites),) * 2)


def occupancy_apart(evidence: Evidence, shown: sparse.csr_array) -> Occupancy:
    """Find the occupancy without what columns show at sites near theirs.

    Parameters
    ----------
    evidence : Evidence
        Levels, and what is usual.
    shown : (s, s) sparse array
        From `crosstalk`.
    """
    state = occupancy(evidence)
    for _ in range(_ROUNDS if shown.nnz else 0):
        held = state.probability * np.where(state.changes, state.full - state.empty, 0)
        levels = evidence.levels - (shown @ held.T).T
        state = occupancy(replace(evidence, levels=levels))
    return state
