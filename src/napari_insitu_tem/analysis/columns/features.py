"""What every column of a frame is like: neighbours, edge or inside, displacement, strain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse, spatial

from napari_insitu_tem.analysis.columns.ideal import IdealLattice, fit_lattice, local_strain
from napari_insitu_tem.analysis.columns.refine import nearest_distances

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LATTICE_FEATURES", "describe_columns", "groups_of", "on_surface", "typical_spacing"]

_GROUP = 2.2  # spacings: columns farther apart belong to different particles
_NEIGHBOUR = 1.3  # times the spacing
_AROUND = 1.8  # spacings within which a column inside has neighbours all around
_GAP = 150.0  # degrees without a neighbour: inside it is 120 at most, at a straight edge 180

#: Columns of the table that need a lattice, and are NaN where none fits.
LATTICE_FEATURES = (
    "displacement_y",
    "displacement_x",
    "displacement",
    "strain_xx",
    "strain_yy",
    "strain_xy",
    "lattice_rotation",
)


def typical_spacing(places: np.ndarray) -> float:
    """Return the median distance (px) to the nearest column; NaN for fewer than two."""
    nearest = nearest_distances(places)
    return float(np.median(nearest)) if len(places) > 1 else float("nan")


def groups_of(places: np.ndarray, spacing: float) -> np.ndarray:
    """Return the number (n,) from 1 of the group that each column belongs to, largest first."""
    count = len(places)
    if not count:
        return np.zeros(0, int)
    if not np.isfinite(spacing):
        return np.arange(1, count + 1)
    pairs = spatial.cKDTree(places).query_pairs(_GROUP * spacing, output_type="ndarray")
    joined = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), shape=(count, count))
    _, labels = sparse.csgraph.connected_components(joined, directed=False)
    sizes = np.bincount(labels)
    rank = np.empty(len(sizes), int)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(1, len(sizes) + 1)
    return rank[labels]


def on_surface(places: np.ndarray, spacing: float) -> np.ndarray:
    """Tell which columns lie at the edge of their crystal: no neighbours in a wide angle.

    Columns that are missing inside do not make their neighbours an edge.
    """
    found = np.ones(len(places), bool)
    if len(places) < 3:
        return found
    tree = spatial.cKDTree(places)
    for number, near in enumerate(tree.query_ball_point(places, _AROUND * spacing)):
        off = places[[each for each in near if each != number]] - places[number]
        if len(off) < 3:
            continue
        angles = np.sort(np.degrees(np.arctan2(*off.T)))
        gaps = np.diff(np.append(angles, angles[0] + 360))
        found[number] = gaps.max() >= _GAP
    return found


def describe_columns(table: pd.DataFrame) -> tuple[pd.DataFrame, list[IdealLattice]]:
    """Add the features of neighbours and lattice to the columns of one frame.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``y`` and ``x``, px.

    Returns
    -------
    pandas.DataFrame
        With ``nearest_distance`` (px), ``neighbours``, ``surface``, ``particle`` and
        `LATTICE_FEATURES`.
    list of IdealLattice
        Of the groups that a lattice fits.
    """
    places = table[["y", "x"]].to_numpy(float)
    spacing = typical_spacing(places)
    nearest = nearest_distances(places)
    table = table.assign(
        nearest_distance=np.where(np.isfinite(nearest), nearest, np.nan),
        neighbours=_coordination(places, spacing),
        surface=on_surface(places, spacing),
        particle=groups_of(places, spacing),
    )
    values = np.full((len(table), len(LATTICE_FEATURES)), np.nan)
    lattices = []
    for group in np.unique(table["particle"]):
        rows = np.flatnonzero(table["particle"] == group)
        lattice = fit_lattice(places[rows])
        if lattice is None:
            continue
        lattices.append(lattice)
        off = places[rows] - lattice.places
        strain = local_strain(places[rows], lattice)
        values[rows] = np.column_stack(
            [off, np.hypot(*off.T), strain.xx, strain.yy, strain.xy, strain.rotation]
        )
    for name, column in zip(LATTICE_FEATURES, values.T, strict=True):
        table[name] = column
    return table, lattices


def _coordination(places: np.ndarray, spacing: float) -> np.ndarray:
    if len(places) < 2:
        return np.zeros(len(places), int)
    tree = spatial.cKDTree(places)
    counts = tree.query_ball_point(places, _NEIGHBOUR * spacing, return_length=True)
    return np.asarray(counts, int) - 1
