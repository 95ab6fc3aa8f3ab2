"""The figure of heterogeneity: how much of the frame every region takes, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_insitu_tem.figures.style import PALETTE, Drawn, note_if_empty

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["draw_shares"]


def draw_shares(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw the share of the frame of every region."""
    along = "time_s" if "time_s" in table else "frame"
    for number in range(1, int(table["region"].max()) + 1):
        rows = table[table["region"] == number]
        colour = PALETTE[(number - 1) % len(PALETTE)]
        axes.plot(rows[along], 100 * rows["area_fraction"], ".-", color=colour,
                  label=f"region {number}")  # fmt: skip
    nothing = not (table["region"] > 0).any()
    note_if_empty(axes, nothing, "no structure: one kind of texture")
    if not nothing:
        axes.legend(loc="best")
    axes.set_ylim(0, 100)
    axes.set_ylabel("Share of the frame (%)")
    axes.set_xlabel("Time (s)" if along == "time_s" else "Frame")
    first = table.drop_duplicates("frame")
    return Drawn(table, frame_x=first[along].to_numpy(float))
