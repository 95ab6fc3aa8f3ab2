"""Heavy single atoms on a lattice of light ones: which bright spots are one atom over time.

An atom begins where a spot surely stands out of the columns; once it is followed, less is enough
(hysteresis), so that a dim frame breaks no track.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.columns.stays import MEMORY, WITHIN, join_stays
from napari_insitu_tem.analysis.linking import LINKERS
from napari_insitu_tem.job import Job

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["followed"]

_LIGHT = 0.4
"""What a factor of e in brightness counts against a distance, in neighbour distances."""
_SHORTEST = 2
"""Rows of a stay; and frames in which it is surely bright, of which an atom has one more."""
_SURE = 0.25
"""Share of the rows of a stay that are surely bright."""
_PATCH = 1.0
"""From which ratio of responses at four and two times the size of a column something is wide."""


def followed(spots: pd.DataFrame, n_frames: int, spacing: float, *, job: Job) -> pd.DataFrame:
    """Follow bright spots from frame to frame.

    Parameters
    ----------
    spots : pandas.DataFrame
        ``frame``, ``still_y``, ``still_x`` (px, motion of the lattice taken off),
        ``brightness``, ``wide``, ``sure``, ``likely``; sorted by frame.
    n_frames : int
        Of the movie.
    spacing : float
        Distance of neighbouring columns, px.
    job : Job
        Progress and cancel.

    Returns
    -------
    pandas.DataFrame
        The rows that belong to something, with ``atom`` (from 1), ``stay`` (from 1) and ``kind``
        ("atom" or "patch"); sorted by atom and frame.
    """
    light = np.log(np.maximum(spots["brightness"].to_numpy(float), 1e-6))
    points = np.column_stack([spots[["still_y", "still_x"]], _LIGHT * spacing * light])
    frame = spots["frame"].to_numpy(int)
    each = [points[frame == number] for number in range(n_frames)]
    links = LINKERS["trackpy"](each, search_range=WITHIN * spacing, memory=MEMORY, job=job)
    table = spots.assign(stay=np.concatenate([*links.tracks, np.zeros(0, int)]))
    # What a column adds by chance after the atom has left it must not hide where it went.
    likely = table["frame"].where(table["likely"].astype(bool)).groupby(table["stay"])
    begin, end = likely.transform("min"), likely.transform("max")
    table = table[table["frame"].between(begin, end)]
    stays = table.groupby("stay")["sure"]
    lasting = (stays.transform("size") >= _SHORTEST) & (stays.transform("mean") >= _SURE)
    table = table[lasting]
    table = table.assign(atom=join_stays(table, spacing))
    table = table[table.groupby("atom")["sure"].transform("sum") > _SHORTEST]
    wide = table.groupby("atom")["wide"].transform("median")
    table = table.assign(kind=np.where(wide > _PATCH, "patch", "atom"))
    table = table.sort_values(["atom", "frame"], ignore_index=True)
    for name in ("atom", "stay"):
        numbers = table[name].to_numpy(int)
        _, first = np.unique(numbers, return_index=True)
        order = {number: rank + 1 for rank, number in enumerate(numbers[np.sort(first)])}
        table[name] = [order[number] for number in numbers]
    return table
