"""Heavy single atoms on a lattice of light ones: which columns are far brighter than the others.

In dark-field STEM the brightness goes with the atomic number, so a heavy atom stands out of its
lattice. A column belongs to one if it is brighter than the usual columns by five of their standard
deviations; once it is followed, three are enough (hysteresis), so that a dim frame breaks no
track.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["brightness_over_lattice", "heavy_hops", "with_hysteresis"]

HIGH, LOW = 5.0, 3.0
"""Standard deviations over the usual columns: to begin a track, and to go on with one."""
_SHORTEST = 0.5
"""Of a hop, in neighbour distances."""


def brightness_over_lattice(heights: np.ndarray) -> np.ndarray:
    """Return by how many standard deviations every column of a frame exceeds the usual one.

    Parameters
    ----------
    heights : (n,) array
        Of all columns of a frame. The usual column is their median; the standard deviation comes
        from the lower half, which heavy atoms do not widen.
    """
    if len(heights) < 5:
        return np.zeros(len(heights))
    usual = float(np.median(heights))
    below = usual - heights[heights <= usual]
    deviation = 1.4826 * float(np.median(below))
    if deviation <= 0:
        deviation = max(float(np.std(heights)), 1e-12)
    return np.asarray((heights - usual) / deviation)


def with_hysteresis(tracks: pd.DataFrame, *, shortest: int = 3) -> pd.DataFrame:
    """Return the tracks that are bright enough once, without their dim ends.

    Parameters
    ----------
    tracks : pandas.DataFrame
        ``atom``, ``frame``, ``brightness`` (standard deviations), all at least `LOW`.
    shortest : int
        Rows that a track must have.
    """
    size = tracks.groupby("atom")["frame"].transform("size")
    highest = tracks.groupby("atom")["brightness"].transform("max")
    return tracks[(size >= shortest) & (highest >= HIGH)]


def heavy_hops(tracks: pd.DataFrame, spacing: float, *, dwell: int = 2) -> pd.DataFrame:
    """Find the hops of atoms: steps that are long, and to a place where they stay.

    Parameters
    ----------
    tracks : pandas.DataFrame
        ``atom``, ``frame``, ``y``, ``x`` (px of the frame) and ``still_y``, ``still_x`` (motion
        taken off).
    spacing : float
        Distance of neighbouring columns, px.
    dwell : int
        Frames before and after whose mean places must be half a spacing apart.

    Returns
    -------
    pandas.DataFrame
        One row a hop: ``atom``, ``frame`` (first after it), ``y``, ``x``, ``from_y``, ``from_x``,
        ``hop_length``.
    """
    import pandas as pd

    rows = []
    for atom, track in tracks.sort_values("frame").groupby("atom"):
        still = track[["still_y", "still_x"]].to_numpy(float)
        place = track[["y", "x"]].to_numpy(float)
        frame = track["frame"].to_numpy(int)
        last = -dwell
        for index in range(dwell, len(track) - dwell + 1):
            before, after = still[index - dwell : index], still[index : index + dwell]
            step = float(np.hypot(*(still[index] - still[index - 1])))
            length = float(np.hypot(*(after.mean(0) - before.mean(0))))
            scatter = max(np.ptp(before, axis=0).max(), np.ptp(after, axis=0).max())
            steady = scatter < _SHORTEST * spacing
            if min(step, length) < _SHORTEST * spacing or not steady or index - last < dwell:
                continue
            last = index
            rows.append((atom, frame[index], *place[index], *place[index - 1], length))
    names = ["atom", "frame", "y", "x", "from_y", "from_x", "hop_length"]
    return pd.DataFrame(rows, columns=names)
