"""Figures of the Fourier checks: angles, spacings and areas of lattices over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.figures.style import PALETTE, Drawn

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["draw_angles", "draw_areas", "draw_misorientation", "draw_spacings"]

_UNITS = {"nm": "nm", "px": "px", "nm2": "nm²", "px2": "px²"}


def draw_misorientation(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw the angle of every region's lattice against that of the first, with its error."""
    return _courses(table, axes, "misorientation_deg", "Angle against region 1 (°)")


def draw_angles(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw by how much every region's lattice has turned since it was first seen."""
    turned = table.copy()
    for _, rows in table.groupby("region"):
        turned.loc[rows.index, "lattice_angle_deg"] -= rows["lattice_angle_deg"].iloc[0]
    return _courses(turned, axes, "lattice_angle_deg", "Lattice turned by (°)")


def draw_spacings(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw the spacing of every region's lattice, with its error."""
    name = _column(table, "spacing")
    return _courses(table, axes, name, f"Lattice spacing ({_UNITS[name.rpartition('_')[2]]})")


def draw_areas(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw the area of every region's lattice."""
    name = _column(table, "lattice_area")
    drawn = _courses(table, axes, name, f"Area of the lattice ({_UNITS[name.rpartition('_')[2]]})")
    axes.set_ylim(bottom=0)
    return drawn


def _column(table: pd.DataFrame, quantity: str) -> str:
    """Return the name of a column with the unit of length that it has."""
    return next(f"{quantity}_{unit}" for unit in _UNITS if f"{quantity}_{unit}" in table)


def _courses(table: pd.DataFrame, axes: Axes, name: str, label: str) -> Drawn:
    """Draw a quantity over time, a line a region, with a band of its standard error."""
    along = "time_s" if "time_s" in table else "frame"
    words, _, unit = name.rpartition("_")
    error = f"{words}_error_{unit}"
    for number in sorted(table["region"].unique()):
        rows = table[table["region"] == number]
        colour = PALETTE[(int(number) - 1) % len(PALETTE)]
        x, y = rows[along].to_numpy(float), rows[name].to_numpy(float)
        axes.plot(x, y, "-", color=colour, label=f"region {number}")
        if error in rows:
            spread = rows[error].to_numpy(float)
            axes.fill_between(x, y - spread, y + spread, color=colour, alpha=0.25, lw=0)
    if table["region"].nunique() > 1:
        axes.legend(loc="best")
    axes.set_ylabel(label)
    axes.set_xlabel("Time (s)" if along == "time_s" else "Frame")
    return Drawn(table, frame_x=_frames(table, along))


def _frames(table: pd.DataFrame, along: str) -> np.ndarray:
    """Return where every frame lies on the x axis; NaN where nothing was found in it."""
    places = np.full(int(table["frame"].max()) + 1, np.nan)
    places[table["frame"].to_numpy(int)] = table[along].to_numpy(float)
    return places
