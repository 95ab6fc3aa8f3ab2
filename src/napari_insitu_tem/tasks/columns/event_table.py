"""The table of events: hops, and columns that appear or disappear, with place and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem import units
from napari_insitu_tem.analysis.columns.hops import Change, Hop
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
    hops: list[Hop],
    alone: list[Change],
    motion: Motion,
    sites: np.ndarray,
    surface: np.ndarray,
    particle: np.ndarray,
) -> pd.DataFrame:
    """Return one row an event; see `dynamics.Dynamics`.

    Parameters
    ----------
    hops, alone : list
        Hops, and the changes that belong to none.
    motion : Motion
        For where a site lies in the frame of an event.
    sites : (s, 2) array
        y, x, px.
    surface, particle : (s,) arrays
        Of every site.
    """
    import pandas as pd

    rows = []
    for hop in hops:
        to, left = hop.taken.site, hop.left.site
        y, x = motion.to_frame(hop.frame, sites[to])
        from_y, from_x = motion.to_frame(hop.frame, sites[left])
        length = float(np.hypot(y - from_y, x - from_x))
        outside = bool(surface[to] or surface[left])
        rows.append(
            ("hop", hop.frame, to + 1, y, x, left + 1, from_y, from_x, length, hop.confidence,
             outside, particle[to])
        )  # fmt: skip
    for change in alone:
        kind = "appear" if change.taken else "disappear"
        y, x = motion.to_frame(change.frame, sites[change.site])
        rows.append(
            (kind, change.frame, change.site + 1, y, x, 0, np.nan, np.nan, np.nan,
             change.confidence, bool(surface[change.site]), particle[change.site])
        )  # fmt: skip
    names = ["kind", "frame", "site", "y", "x", "from_site", "from_y", "from_x", "hop_length"]
    names += ["confidence", "surface", "particle"]
    table = pd.DataFrame(rows, columns=names).sort_values(["frame", "site"], ignore_index=True)
    table["surface"] = table["surface"].astype(bool)
    table.insert(0, "event", np.arange(1, len(table) + 1))
    return table
