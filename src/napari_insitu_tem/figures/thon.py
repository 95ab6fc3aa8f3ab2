"""Figures of Thon rings: defocus and astigmatism over time, and the rings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.figures.style import GREY, PALETTE, Drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["draw_astigmatism", "draw_defocus", "draw_rings"]


def draw_defocus(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw defocus over time, with its standard error."""
    return _course(table, axes, "defocus", "Defocus (nm)")


def draw_astigmatism(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw astigmatism over time, with its standard error."""
    drawn = _course(table, axes, "astigmatism", "Astigmatism (nm)")
    axes.set_ylim(bottom=0)
    return drawn


def draw_rings(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw the power over its background along curves of equal phase, and the fit.

    Parameters
    ----------
    table : pandas.DataFrame
        One or more frames of `Thon.curves`; they are averaged.
    axes : matplotlib.axes.Axes
        What to draw on.
    """
    mean = table.groupby("frequency_per_nm")[["measured", "fitted"]].mean().reset_index()
    frequency = mean["frequency_per_nm"].to_numpy(float)
    axes.plot(frequency, mean["measured"], color=GREY, lw=1.6, label="measured")
    axes.plot(frequency, mean["fitted"], color=PALETTE[1], lw=1.0, label="fitted")
    axes.set_xlabel("Spatial frequency (1/nm)")
    axes.set_ylabel("Power over background")
    axes.legend(loc="best")
    return Drawn(mean)


def _course(table: pd.DataFrame, axes: Axes, name: str, label: str) -> Drawn:
    along = "time_s" if "time_s" in table else "frame"
    x, y = table[along].to_numpy(float), table[f"{name}_nm"].to_numpy(float)
    error = table[f"{name}_error_nm"].to_numpy(float)
    axes.errorbar(x, y, error, fmt=".-", color=PALETTE[0], ecolor=GREY, elinewidth=0.8, lw=0.8)
    axes.set_ylabel(label)
    axes.set_xlabel("Time (s)" if along == "time_s" else "Frame")
    places = np.full(int(table["frame"].max()) + 1, np.nan)
    places[table["frame"].to_numpy(int)] = x
    return Drawn(table, frame_x=places)
