"""The table of events: hops, and columns that appear or disappear, with place and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem import units
from napari_insitu_tem.analysis.columns.hops import Event
from napari_insitu_tem.analysis.columns.shared_motion import Motion

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["event_table", "particles_of"]

units.register(
    from_y=units.Quantity("Left y", length=1),
    from_x=units.Quantity("Left x", length=1),
    hop_length=units.Quantity("Length of the hop", length=1),
)


def particles_of(table: pd.DataFrame, n_sites: int) -> np.ndarray:
    """Return the particle of every site: that of most of its columns; 1 where none is told."""
    particle = np.ones(n_sites, int)
    if "particle" not in table:
        return particle
    known = table[table["site"] > 0]
    if len(known):
        most = known.groupby("site")["particle"].agg(lambda values: values.mode().iloc[0])
        particle[most.index.to_numpy(int) - 1] = most.to_numpy(int)
    return particle


def event_table(
    events: list[Event],
    motion: Motion,
    sites: np.ndarray,
    surface: np.ndarray,
    particle: np.ndarray,
) -> pd.DataFrame:
    """Return one row an event; see `dynamics.Dynamics`.

    Parameters
    ----------
    events : list of Event
        In the order of time.
    motion : Motion
        For where a site lies in the frame of an event.
    sites : (s, 2) array
        y, x, px.
    surface, particle : (s,) arrays
        Of every site.
    """
    import pandas as pd

    rows = []
    for event in events:
        kind = "hop" if min(event.left, event.taken) >= 0 else "appear"
        here, origin = event.taken, event.left
        if event.taken < 0:
            kind, here, origin = "disappear", event.left, -1
        y, x = motion.to_frame(event.frame, sites[here])
        from_y, from_x, length = np.nan, np.nan, np.nan
        outside = bool(surface[here])
        if origin >= 0:
            from_y, from_x = motion.to_frame(event.frame, sites[origin])
            length = float(np.hypot(y - from_y, x - from_x))
            outside = outside or bool(surface[origin])
        rows.append(
            (kind, event.frame, here + 1, y, x, origin + 1, from_y, from_x, length,
             event.confidence, outside, particle[here])
        )  # fmt: skip
    names = ["kind", "frame", "site", "y", "x", "from_site", "from_y", "from_x", "hop_length"]
    names += ["confidence", "surface", "particle"]
    table = pd.DataFrame(rows, columns=names).sort_values(["frame", "site"], ignore_index=True)
    table["surface"] = table["surface"].astype(bool)
    table.insert(0, "event", np.arange(1, len(table) + 1))
    return table
