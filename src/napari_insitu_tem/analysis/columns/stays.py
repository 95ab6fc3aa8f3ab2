"""Atoms that stay at a place and hop to another: stays first, hops between them.

A stay is a run of frames in which an atom is about where it was; a few frames may not show it.
A hop leads from the end of a stay to the beginning of another that is near in place, time and
brightness. What moves by less than half a neighbour distance stays, however often it trembles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MEMORY", "WITHIN", "hops_between", "join_stays"]

WITHIN = 0.5
"""Farthest step within a stay, and shortest hop, in neighbour distances."""
MEMORY = 3
"""Frames that need not show an atom."""
_FARTHEST = 2.0
"""Longest hop, in neighbour distances: between the middles of rings of graphene it is 1.7."""
_BRIGHTER = 2.0
_NONE = 1.5
"""Cost of no link; distance, gap and brightness cost up to 1, 0.5 and 0.5."""
_ENDS = 3
"""Frames over which an end of a stay is averaged."""


def join_stays(table: pd.DataFrame, spacing: float) -> np.ndarray:
    """Tell which stays are of one atom.

    Parameters
    ----------
    table : pandas.DataFrame
        ``stay``, ``frame``, ``still_y``, ``still_x`` (px), ``brightness``; sorted by frame.
    spacing : float
        Distance of neighbouring columns, px.

    Returns
    -------
    (n,) int array
        For every row the atom, from 0.
    """
    stays = [part for _, part in table.groupby("stay", sort=True)]
    if not len(stays):
        return np.zeros(0, int)
    place = ["still_y", "still_x"]
    start = np.array([part[place].iloc[:_ENDS].mean() for part in stays])
    end = np.array([part[place].iloc[-_ENDS:].mean() for part in stays])
    first = np.array([part["frame"].iloc[0] for part in stays])
    last = np.array([part["frame"].iloc[-1] for part in stays])
    light = np.log(np.array([max(part["brightness"].median(), 1e-6) for part in stays]))
    gap = first[None] - last[:, None]
    far = np.linalg.norm(start[None] - end[:, None], axis=2) / spacing
    unlike = np.abs(light[None] - light[:, None]) / np.log(_BRIGHTER)
    possible = (gap >= 1) & (gap <= MEMORY + 1) & (far <= _FARTHEST) & (unlike <= 1)
    cost = far / _FARTHEST + 0.5 * (gap - 1) / (MEMORY + 1) + 0.5 * unlike
    rows, columns = linear_sum_assignment(np.where(possible, cost, _NONE))
    atom = np.arange(len(stays))
    linked = sorted((first[b], a, b) for a, b in zip(rows, columns, strict=True) if possible[a, b])
    for _, before, after in linked:
        atom[after] = atom[before]
    number = {part["stay"].iloc[0]: index for part, index in zip(stays, atom, strict=True)}
    return table["stay"].map(number).to_numpy(int)


def hops_between(table: pd.DataFrame, spacing: float, *, dwell: int = 2) -> pd.DataFrame:
    """Return the hops of atoms from stay to stay.

    Parameters
    ----------
    table : pandas.DataFrame
        ``atom``, ``stay``, ``frame``, ``y``, ``x``, ``still_y``, ``still_x`` (px).
    spacing : float
        Distance of neighbouring columns, px.
    dwell : int
        Rows that a stay must have on either side.

    Returns
    -------
    pandas.DataFrame
        One row a hop: ``atom``, ``frame`` (first after it), ``y``, ``x``, ``from_y``, ``from_x``,
        ``hop_length``.
    """
    import pandas as pd

    rows = []
    for atom, track in table.sort_values("frame").groupby("atom"):
        before = None
        for _, stay in track.groupby("stay", sort=False):
            if len(stay) < dwell:
                continue
            if before is not None:
                middles = [part[["still_y", "still_x"]].median() for part in (before, stay)]
                length = float(np.hypot(*(middles[1] - middles[0])))
                if length >= WITHIN * spacing:
                    ends = [*stay[["y", "x"]].iloc[0], *before[["y", "x"]].iloc[-1]]
                    rows.append((atom, int(stay["frame"].iloc[0]), *ends, length))
            before = stay
    names = ["atom", "frame", "y", "x", "from_y", "from_x", "hop_length"]
    return pd.DataFrame(rows, columns=names)
