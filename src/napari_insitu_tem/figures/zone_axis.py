"""Figures of the zone axis: what a threshold on the evenness keeps, and evenness over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.figures.style import GREY, PALETTE, Drawn, whole_numbers

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["draw_courses", "draw_effect"]

_BINS = 25
_KEPT = PALETTE[2]


def draw_effect(table: pd.DataFrame, effect: pd.DataFrame, threshold: float, axes: Axes) -> Drawn:
    """Draw how many images (a particle in a frame) there are at every evenness, and are kept.

    Parameters
    ----------
    table : pandas.DataFrame
        With ``evenness``, one row an image.
    effect : pandas.DataFrame
        See `threshold_effect`.
    threshold : float
        The one that was chosen.
    axes : matplotlib axes
        Where to draw.
    """
    values = table["evenness"].to_numpy(float)
    edges = np.linspace(0, 1, _BINS + 1)
    for part, colour, label in (
        (values[values < threshold], GREY, "below the threshold"),
        (values[values >= threshold], _KEPT, "interpretable"),
    ):
        axes.hist(part, edges.tolist(), color=colour, alpha=0.75, label=label)
    axes.axvline(threshold, color="black", lw=1)
    axes.set_xlim(0, 1)
    axes.set_xlabel("Evenness")
    axes.set_ylabel("Images (particle in a frame)")
    kept = axes.twinx()
    kept.plot(effect["threshold"], 100 * effect["share_kept"], color=PALETTE[0])
    kept.set_ylim(0, 103)
    kept.set_ylabel("Kept by a threshold there (%)", color=PALETTE[0])
    kept.spines["right"].set_visible(True)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.14), ncols=2)
    return Drawn(effect)


def draw_courses(table: pd.DataFrame, threshold: float, axes: Axes) -> Drawn:
    """Draw the evenness of every particle over time, with the threshold."""
    along = "time_s" if "time_s" in table else "frame"
    for number in sorted(set(table["particle"])):
        rows = table[table["particle"] == number]
        colour = PALETTE[(int(number) - 1) % len(PALETTE)]
        axes.plot(rows[along], rows["evenness"], ".-", ms=3, lw=0.8, color=colour)
    axes.axhline(threshold, color="black", lw=1)
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel("Evenness")
    axes.set_xlabel("Time (s)" if along == "time_s" else "Frame")
    whole_numbers(axes, along)
    points = table.rename(columns={"particle": "track"})
    points = points.assign(x=table[along], y=table["evenness"])[["x", "y", "track", "frame"]]
    frames = np.full(int(table["frame"].max()) + 1, np.nan)
    frames[table["frame"].to_numpy(int)] = table[along].to_numpy(float)
    return Drawn(table, points=points.reset_index(drop=True), frame_x=frames)
