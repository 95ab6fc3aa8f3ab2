"""Columns corrected by hand: a frame's places changed, and all that follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.columns.features import describe_columns
from napari_insitu_tem.analysis.columns.refine import fit_gaussians
from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.tasks.columns.result import Columns

__all__ = ["Corrections", "with_places"]

_NOTE = "columns corrected by hand"
_WITHIN = 0.5  # of the spacing: how far around a place is fitted
_WIDTH = 0.2  # of the spacing, where no width is known


@dataclass(frozen=True)
class Corrections:
    """How many columns were changed by hand."""

    added: int = 0
    removed: int = 0
    moved: int = 0

    @property
    def total(self) -> int:
        """All together."""
        return self.added + self.removed + self.moved

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.added} added, {self.removed} removed, {self.moved} moved"

    def __add__(self, other: Corrections) -> Corrections:
        """Add up."""
        return Corrections(
            self.added + other.added, self.removed + other.removed, self.moved + other.moved
        )

    def noted(self, provenance: Provenance) -> Provenance:
        """Return a record that says so; no step, as no recipe can repeat what a hand did."""
        versions = {name: text for name, text in provenance.versions.items() if name != _NOTE}
        if self.total:
            versions[_NOTE] = str(self)
        return replace(provenance, versions=versions)


def with_places(
    found: Columns, frame: int, places: np.ndarray, origin: np.ndarray
) -> tuple[Columns, Corrections]:
    """Return columns with other places in one frame, measured again there.

    Places are kept as they were set. What the hand set has the certainty 1. A column that was
    moved keeps its site; a new one has none (0) until columns are followed again.

    Parameters
    ----------
    found : Columns
        As they were.
    frame : int
        Which frame.
    places : (n, 2) array
        Row and column, px, of all columns of that frame.
    origin : (n,) int array
        Position of each among the frame's rows of the table before; −1 for new ones.
    """
    import pandas as pd

    here = found.table["frame"].to_numpy(int) == frame
    before = found.table[here].reset_index(drop=True)
    old = before[["y", "x"]].to_numpy(float)
    origin = np.asarray(origin, int)
    kept = origin >= 0
    moved = np.zeros(len(origin), bool)
    moved[kept] = np.hypot(*(places[kept] - old[origin[kept]]).T) > 1e-6
    done = Corrections(int((~kept).sum()), len(before) - int(kept.sum()), int(moved.sum()))
    table = _measured(found, frame, places)
    for name, fresh in (("certainty", 1.0), ("site", 0)):
        if name in before and len(table):
            values = np.full(len(table), fresh, before[name].dtype)
            values[kept] = before[name].to_numpy()[origin[kept]]
            if name == "certainty":
                values[moved] = fresh
            table[name] = values
    table = table.reindex(columns=found.table.columns)
    rest = found.table[~here]
    parts = [part for part in (rest[rest["frame"] < frame], table, rest[rest["frame"] > frame])
             if len(part)]  # fmt: skip
    whole = pd.concat(parts, ignore_index=True) if parts else found.table.iloc[:0]
    return found.replace(table=whole, frames=_counts(found.frames, table, frame)), done


def _measured(found: Columns, frame: int, places: np.ndarray) -> pd.DataFrame:
    """Return the table of one frame with these places."""
    import pandas as pd

    spacing = found.spacing if np.isfinite(found.spacing) else 8.0
    widths = found.table["width"].to_numpy(float) if len(found.table) else np.zeros(0)
    width = float(np.nanmedian(widths)) if np.isfinite(widths).any() else _WIDTH * spacing
    table = pd.DataFrame(
        {
            "frame": np.full(len(places), frame),
            "column": np.arange(1, len(places) + 1),
            "y": places[:, 0],
            "x": places[:, 1],
        }
    )
    if not len(places):
        return table
    image = fill_missing(found.movie.frame(frame))
    fitted = fit_gaussians(image, places, width=width, radius=_WITHIN * spacing)
    table = table.assign(intensity=fitted.height, width=fitted.width, residual=fitted.residual)
    return describe_columns(table)[0]


def _counts(frames: pd.DataFrame, table: pd.DataFrame, frame: int) -> pd.DataFrame:
    """Return the counts of all frames, those of one counted again."""
    import pandas as pd

    before = frames[frames["frame"] == frame]
    if len(table):
        grouped = table.groupby("particle")
        fresh = pd.DataFrame(
            {
                "columns": grouped.size(),
                "surface_columns": grouped["surface"].sum(),
                "spacing": grouped["nearest_distance"].median(),
            }
        ).reset_index()
    else:
        fresh = pd.DataFrame({"particle": [1], "columns": [0], "surface_columns": [0]})
    fresh.insert(0, "frame", frame)
    if "evenness" in frames and len(before):
        fresh["evenness"] = before["evenness"].iloc[0]
    fresh = fresh.reindex(columns=frames.columns)
    both = pd.concat([frames[frames["frame"] != frame], fresh], ignore_index=True)
    return both.sort_values(["frame", "particle"], ignore_index=True)
