"""From linked particles to numbered tracks: lengths, numbers, orientation, the table."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.orientation import SYMMETRIES, angle, find_symmetry, unwrap

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["add_orientation", "as_table", "number_tracks", "relabel"]


def number_tracks(
    track: np.ndarray, frame: np.ndarray, graph: Mapping[int, list[int]], shortest: int
) -> tuple[np.ndarray, dict[int, list[int]]]:
    """Give tracks numbers from 1 in the order of appearance; drop the short ones.

    Parameters
    ----------
    track, frame : (n,) int arrays
        Track (negative: none) and frame of every particle, sorted by frame.
    graph : dict of int to list of int
        Track to its parents.
    shortest : int
        Frames a track must have. Tracks that take part in a merge or split always stay.

    Returns
    -------
    track : (n,) int array
        From 1; 0 for particles that are in no track.
    graph : dict of int to list of int
        With the new numbers.
    """
    linked = np.flatnonzero(track >= 0)
    old, first, count = np.unique(track[linked], return_index=True, return_counts=True)
    related = set(graph).union(*graph.values())
    keep = (count >= shortest) | np.isin(old, sorted(related))
    order = np.argsort(first[keep], kind="stable")
    new = {int(number): place for place, number in enumerate(old[keep][order], start=1)}
    lookup = np.zeros(int(old.max(initial=0)) + 1, np.int64)
    lookup[list(new)] = list(new.values())
    numbered = np.zeros(len(track), np.int64)
    numbered[linked] = lookup[track[linked]]
    return numbered, {
        new[child]: sorted(new[parent] for parent in parents) for child, parents in graph.items()
    }


def relabel(labels: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Return the labels (int32) with values `old` replaced by `new`; all others become 0."""
    top = int(labels.max(initial=0))
    if top <= 50 * (len(old) + 1000):
        lookup = np.zeros(top + 1, np.int32)
        known = old <= top
        lookup[old[known]] = new[known]
        return lookup[labels]
    order = np.argsort(old)
    place = np.searchsorted(old, labels, sorter=order)
    place = order[np.minimum(place, len(old) - 1)]
    return np.where(old[place] == labels, new[place], 0).astype(np.int32)


def as_table(columns: Mapping[str, np.ndarray], symmetry: int | None) -> pd.DataFrame:
    """Make the table of tracked particles: sorted by track and frame, with orientation.

    Parameters
    ----------
    columns : dict of (n,) arrays
        Columns of `shape.describe` with ``frame`` and ``track`` (0: dropped).
    symmetry : int, optional
        Fold of the outlines; found for every track otherwise.
    """
    import pandas as pd

    track = np.asarray(columns["track"])
    order = np.lexsort((columns["frame"], track))
    order = order[track[order] > 0]
    sorted_columns = {name: np.asarray(values)[order] for name, values in columns.items()}
    add_orientation(sorted_columns, symmetry)
    first = ["frame", "label", "track"]
    names = first + [n for n in sorted_columns if n not in first and not n.startswith("moment_")]
    return pd.DataFrame({name: sorted_columns[name] for name in names})


def add_orientation(columns: dict[str, np.ndarray], symmetry: int | None) -> None:
    """Add ``orientation`` (degrees, unwrapped along every track) and ``symmetry``.

    Columns are sorted by track and frame. Where the symmetry is not given it is found for
    every track; round outlines have symmetry 0 and no orientation (NaN).
    """
    track = np.asarray(columns["track"])
    degrees = np.full(len(track), np.nan)
    folds = np.zeros(len(track), np.int64)
    starts = np.flatnonzero(np.diff(track, prepend=-1))
    for start, stop in itertools.pairwise([*starts, len(track)]):
        part = slice(start, stop)
        k = symmetry or find_symmetry({k: columns[f"moment_{k}"][part] for k in SYMMETRIES})
        if k:
            degrees[part] = unwrap(angle(columns[f"moment_{k}"][part], k), k)
        folds[part] = k
    columns["orientation"] = degrees
    columns["symmetry"] = folds
