"""Distances of columns: of the closest ones, and of those among which a column hops."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from napari_insitu_tem.analysis.columns.site_levels import known_medians

__all__ = ["closest", "hop_unit", "own_spacing", "strong_sites"]

_SAMPLED = 50
"""Frames of which distances are measured."""
_STRONG = 0.6


def closest(positions: Sequence[np.ndarray], spacing: float) -> float:
    """Return how close columns come, px: less than the spacing where they are of two kinds.

    Parameters
    ----------
    positions : sequence of (n, 2) arrays
        Columns of every frame (y, x), px.
    spacing : float
        Distance of neighbouring columns, px.
    """
    some = [each for each in positions[:: max(1, len(positions) // _SAMPLED)] if len(each) > 3]
    if not some:
        return spacing
    nearest = np.concatenate([cKDTree(each).query(each, 2)[0][:, 1] for each in some])
    return float(min(spacing, np.quantile(nearest, 0.25)))


def hop_unit(sites: np.ndarray, spacing: float) -> float:
    """Return the length in which hops are told, px: wider than the spacing for mixed columns.

    On a square lattice the eighth neighbour lies √2 away. Where small columns lie between those
    of heavy atoms, columns hop among sites of their own kind, farther apart.

    Parameters
    ----------
    sites : (s, 2) array
        y, x, px.
    spacing : float
        Distance of neighbouring columns, px.
    """
    if len(sites) < 12:
        return spacing
    eighth = float(np.median(cKDTree(sites).query(sites, 9)[0][:, 8]))
    return max(spacing, eighth / 2**0.5) if eighth < 3 * spacing else spacing


def own_spacing(sites: np.ndarray) -> float:
    """Return the typical distance, px, of sites (s, 2) of one kind from the nearest of them.

    A tenth is added, for a few wrong sites between them make it short; 0 for fewer than twelve.
    """
    if len(sites) < 12:
        return 0.0
    return 1.1 * float(np.median(cKDTree(sites).query(sites, 2)[0][:, 1]))


def strong_sites(levels: np.ndarray) -> np.ndarray:
    """Tell which sites show a column of the heavier kind in most frames.

    Parameters
    ----------
    levels : (t, s) array
        How much of a column every site shows in every frame; NaN where it is out of view.

    Returns
    -------
    (s,) bool array
        Those whose median is at least 0.6 of what nine of ten positive ones stay below: faint
        columns of light atoms are not among them, most columns of a metal are.
    """
    usual = np.nan_to_num(known_medians(levels))
    positive = usual[usual > 0]
    least = _STRONG * float(np.quantile(positive, 0.9)) if len(positive) else np.inf
    return np.asarray(usual >= least)
