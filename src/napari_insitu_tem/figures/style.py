"""What all figures share: colours, axes with units, numbers with errors, lines of tracks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem import units
from napari_insitu_tem.results import Measurements

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "PALETTE",
    "RC",
    "Drawn",
    "axis_label",
    "scaled",
    "time_axis",
    "track_lines",
    "whole_numbers",
    "with_error",
]

#: Okabe and Ito's colours, which every kind of colour vision tells apart.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#9aa0a6"

#: Single-column figures (89 mm), text that stays text in an SVG.
RC: Any = {
    "figure.figsize": (3.5, 2.8),
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "font.size": 8,
    "font.family": "sans-serif",
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}

_LOG_UNITS = {
    "C": "°C", "K": "K", "s": "s", "min": "min", "V": "V", "mV": "mV", "A": "A", "mA": "mA",
    "W": "W", "mW": "mW", "ohm": "Ω", "Pa": "Pa", "mbar": "mbar", "bar": "bar", "Torr": "Torr",
    "torr": "Torr", "pct": "%", "percent": "%", "sccm": "sccm", "nm": "nm", "Hz": "Hz",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a figure shows, for the file beside it and for clicks on it.

    Parameters
    ----------
    data : pandas.DataFrame
        The numbers behind it in published units, with the units in the column names.
    points : pandas.DataFrame, optional
        Where particles are in the plot: ``x``, ``y`` (in the axes' units; y is NaN where any
        height stands for the particle, as in a bar), ``track`` and ``frame`` (−1: all).
    frame_x : (n_frames,) array, optional
        Where every frame lies on the x axis, when that runs with the frames.
    """

    data: pd.DataFrame
    points: pd.DataFrame | None = None
    frame_x: np.ndarray | None = None


def axis_label(name: str, measurements: Measurements) -> str:
    """Return an axis label with its unit, for our quantities and for a log's columns."""
    movie = measurements.movie
    if name in units.QUANTITIES:
        return units.axis_label(name, movie.pixel_size, movie.frame_time)
    words, _, unit = name.rpartition("_")
    if words and unit in _LOG_UNITS:
        return f"{_sentence(words)} ({_LOG_UNITS[unit]})"
    return _sentence(name)


def _sentence(name: str) -> str:
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def scaled(table: pd.DataFrame, name: str, measurements: Measurements) -> np.ndarray:
    """Return a column in published units.

    Raises
    ------
    ValueError
        When there is no such column, or it does not hold numbers.
    """
    if name not in table:
        known = ", ".join(str(column) for column in table.columns)
        raise ValueError(f"There is no quantity '{name}' to plot. There are: {known}.")
    movie = measurements.movie
    try:
        values = table[name].to_numpy(float)
    except (TypeError, ValueError):
        raise ValueError(f"'{name}' does not hold numbers, so it cannot be plotted.") from None
    return values * units.factor(name, movie.pixel_size, movie.frame_time)


def published_name(name: str, measurements: Measurements) -> str:
    """Return a column's name with its unit."""
    movie = measurements.movie
    return units.column_name(name, movie.pixel_size, movie.frame_time)


def time_axis(measurements: Measurements, against: str | None) -> tuple[str, np.ndarray]:
    """Return the name and values, one a frame, of what runs with the frames.

    Parameters
    ----------
    measurements : Measurements
        What is drawn.
    against : str, optional
        A column of the table of frames, such as ``temperature_C``; without it the time, or
        the frame number in a movie without a frame time.
    """
    frames = measurements.frames
    name = against or ("time_s" if "time_s" in frames else "frame")
    return name, scaled(frames, name, measurements)


def whole_numbers(axes: Axes, name: str) -> None:
    """Put ticks at whole frames only, where the x axis is the frame."""
    if name == "frame":
        from matplotlib.ticker import MaxNLocator

        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))


def track_lines(axes: Axes, x: np.ndarray, y: np.ndarray, track: np.ndarray, **style: Any) -> None:
    """Draw a line a track as one artist; rows must be sorted by track."""
    from matplotlib.collections import LineCollection

    if not len(x):
        return
    ends = np.flatnonzero(np.diff(track)) + 1
    lines = np.split(np.stack([x, y], axis=1), ends)
    axes.add_collection(LineCollection(lines, **{"linewidths": 0.6, **style}))
    axes.autoscale_view()


def colour_of(track: np.ndarray) -> list[str]:
    """Return a colour for every track, the same in every figure."""
    return [PALETTE[int(number - 1) % len(PALETTE)] for number in track]


def with_error(value: float, error: float, unit: str = "") -> str:
    """Return a value with its error, to the digits that the error leaves."""
    if not (math.isfinite(value) and math.isfinite(error)) or error <= 0:
        return f"{value:.3g} {unit}".strip()
    largest = max(abs(value), error)
    power = math.floor(math.log10(largest))
    if -3 < power < 5:
        power = 0
    scale = 10.0**power
    digits = max(0, 1 - math.floor(math.log10(error / scale)))
    text = f"{value / scale:.{digits}f} ± {error / scale:.{digits}f}"
    if power:
        text = f"({text}) × 10$^{{{power}}}$"
    return f"{text} {unit}".strip()


def logarithmic(axes: Axes) -> None:
    """Make both axes logarithmic, with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def note_if_empty(axes: Axes, empty: bool, why: str) -> None:
    """Say in the plot why there is nothing in it."""
    if empty:
        axes.text(0.5, 0.5, why, ha="center", va="center", transform=axes.transAxes, wrap=True)
