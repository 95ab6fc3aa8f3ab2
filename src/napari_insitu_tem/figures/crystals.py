"""Figures of the Fourier analysis of particles: evenness, orientation and spacing over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_insitu_tem.figures.style import PALETTE, Drawn

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_evenness", "draw_orientation", "draw_spacing"]

_UNITS = {"nm": "nm", "px": "px"}
_MOST = 12  # particles in the legend's reach; all are drawn


def draw_evenness(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw how evenly the pairs of every particle are lit."""
    drawn = _courses(table, axes, "evenness", "", "Evenness of the pairs")
    axes.set_ylim(-0.03, 1.03)
    return drawn


def draw_orientation(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw the orientation of every particle's lattice, with its error."""
    return _courses(
        table, axes, "orientation_deg", "orientation_error_deg", "Orientation of the lattice (°)"
    )


def draw_spacing(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw the spacing of every particle's brightest pair, with its error."""
    unit = next(unit for unit in _UNITS if f"spacing_{unit}" in table)
    label = f"Spacing of the brightest pair ({_UNITS[unit]})"
    return _courses(table, axes, f"spacing_{unit}", f"spacing_error_{unit}", label)


def _courses(table: pd.DataFrame, axes: Axes, name: str, error: str, label: str) -> Drawn:
    along = "time_s" if "time_s" in table else "frame"
    numbers = sorted(table["particle"].unique())
    points = []
    for place, number in enumerate(numbers):
        rows = table[(table["particle"] == number) & np.isfinite(table[name])]
        colour = PALETTE[place % len(PALETTE)]
        x, y = rows[along].to_numpy(float), rows[name].to_numpy(float)
        axes.plot(x, y, ".-", color=colour, ms=3, lw=0.9, label=f"particle {number}")
        if error:
            spread = rows[error].to_numpy(float)
            axes.fill_between(x, y - spread, y + spread, color=colour, alpha=0.25, lw=0)
        points.append(
            pd.DataFrame({"x": x, "y": y, "track": int(number), "frame": rows["frame"].to_numpy()})
        )
    if 1 < len(numbers) <= _MOST:
        axes.legend(loc="best")
    axes.set_ylabel(label)
    axes.set_xlabel("Time (s)" if along == "time_s" else "Frame")
    places = np.full(int(table["frame"].max()) + 1, np.nan)
    places[table["frame"].to_numpy(int)] = table[along].to_numpy(float)
    return Drawn(table, points=pd.concat(points, ignore_index=True), frame_x=places)
