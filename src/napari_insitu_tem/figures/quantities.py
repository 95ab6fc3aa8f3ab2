"""Figures of quantities: over time, against each other, their distribution, and g(r)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem import units
from napari_insitu_tem.figures.motion import points_of
from napari_insitu_tem.figures.style import (
    GREY,
    PALETTE,
    Drawn,
    axis_label,
    colour_of,
    note_if_empty,
    published_name,
    scaled,
    time_axis,
    track_lines,
    whole_numbers,
)
from napari_insitu_tem.results import Measurements

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["angle", "over_time", "pair_distribution", "size_distribution", "track_scatter"]

_MOST_MARKERS = 400


def size_distribution(
    measurements: Measurements,
    axes: Axes,
    *,
    quantity: str = "equivalent_diameter",
    frame: int | None = None,
) -> Drawn:
    """Histogram of a quantity of the particles, of all frames or of one.

    Particles that the edge of the frame cuts are left out. Bins follow Freedman and Diaconis.
    """
    import pandas as pd

    particles = measurements.tracking.particles
    if "touches_edge" in particles:
        particles = particles[~particles["touches_edge"].astype(bool)]
    if frame is not None:
        particles = particles[particles["frame"] == frame]
    values = scaled(particles, quantity, measurements)
    particles, values = particles[np.isfinite(values)], values[np.isfinite(values)]
    axes.set_xlabel(axis_label(quantity, measurements))
    axes.set_ylabel("Particles" if frame is not None else "Particles in all frames")
    note_if_empty(axes, not len(values), "No whole particles to show")
    if not len(values):
        return Drawn(pd.DataFrame())
    edges = _bins(values)
    count, _ = np.histogram(values, edges)
    axes.bar(edges[:-1], count, np.diff(edges), align="edge", color=PALETTE[0], lw=0.3, ec="white")
    middle, spread = values.mean(), values.std(ddof=1) if len(values) > 1 else 0.0
    axes.axvline(np.median(values), color=PALETTE[1], lw=1, ls="--")
    text = f"mean {middle:.3g} ± {spread:.2g} (s.d.)\nmedian {np.median(values):.3g}"
    text += f"\nn = {len(values)}"
    axes.text(0.97, 0.97, text, transform=axes.transAxes, ha="right", va="top", fontsize=7)
    axes.margins(x=0.02)
    axes.set_ylim(0, max(count) * 1.25)
    name = published_name(quantity, measurements)
    data = pd.DataFrame({f"{name}_from": edges[:-1], f"{name}_to": edges[1:], "particles": count})
    return Drawn(data, points_of(values, np.full(len(values), np.nan), particles))


def _bins(values: np.ndarray) -> np.ndarray:
    if np.ptp(values) == 0:
        width = abs(values[0]) * 0.1 or 1.0
        return np.array([values[0] - width / 2, values[0] + width / 2])
    edges = np.histogram_bin_edges(values, "fd") if len(values) > 3 else np.zeros(1)
    count = int(np.clip(len(edges) - 1, 5, 60))
    return np.linspace(values.min(), values.max(), count + 1)


def over_time(
    measurements: Measurements,
    axes: Axes,
    *,
    quantity: str = "mean_diameter",
    against: str | None = None,
) -> Drawn:
    """Any quantity of the frames or of the particles over time, temperature or another column.

    Parameters
    ----------
    measurements : Measurements
        What to show.
    axes : matplotlib.axes.Axes
        Where.
    quantity : str
        A column of the table of frames, or of particles (a line a track, and the median).
    against : str, optional
        A column of the table of frames; the time otherwise.
    """
    import pandas as pd

    name, x_of_frame = time_axis(measurements, against)
    axes.set_xlabel(axis_label(name, measurements))
    whole_numbers(axes, name)
    axes.set_ylabel(axis_label(quantity, measurements))
    x_name, y_name = (published_name(column, measurements) for column in (name, quantity))
    frames = measurements.frames
    if quantity in frames:
        y = scaled(frames, quantity, measurements)
        few = len(y) <= _MOST_MARKERS
        # A line would tangle where the axis does not run on with the frames.
        onward = bool(np.all(np.diff(x_of_frame[np.isfinite(x_of_frame)]) >= 0))
        axes.plot(
            x_of_frame, y, "-" if onward else "", marker="o" if few or not onward else "",
            ms=2.5, color=PALETTE[0],
        )  # fmt: skip
        spread = f"std_{quantity.removeprefix('mean_')}"
        if quantity.startswith("mean_") and spread in frames and onward:
            band = scaled(frames, spread, measurements)
            axes.fill_between(x_of_frame, y - band, y + band, color=PALETTE[0], alpha=0.15, lw=0)
        note_if_empty(axes, not np.isfinite(y).any(), "Not known in any frame")
        data = pd.DataFrame({"frame": frames["frame"], x_name: x_of_frame, y_name: y})
        points = pd.DataFrame({"x": x_of_frame, "y": y, "track": -1, "frame": frames["frame"]})
        return Drawn(data, points, x_of_frame)
    return _per_track(measurements, axes, quantity, x_name, x_of_frame, median=True)


def angle(measurements: Measurements, axes: Axes, *, against: str | None = None) -> Drawn:
    """Orientation of every particle, followed through full turns."""
    name, x_of_frame = time_axis(measurements, against)
    axes.set_xlabel(axis_label(name, measurements))
    whole_numbers(axes, name)
    axes.set_ylabel(axis_label("orientation", measurements))
    x_name = published_name(name, measurements)
    return _per_track(measurements, axes, "orientation", x_name, x_of_frame, median=False)


def _per_track(
    measurements: Measurements,
    axes: Axes,
    quantity: str,
    x_name: str,
    x_of_frame: np.ndarray,
    *,
    median: bool,
) -> Drawn:
    import pandas as pd

    table = measurements.tracking.particles.sort_values(["track", "frame"], kind="stable")
    y = scaled(table, quantity, measurements)
    table, y = table[np.isfinite(y)], y[np.isfinite(y)]
    frame, track = table["frame"].to_numpy(int), table["track"].to_numpy(int)
    x = x_of_frame[frame]
    colours = GREY if median else colour_of(np.unique(track))
    track_lines(axes, x, y, track, colors=colours, alpha=0.5 if median else 0.9)
    if median and len(y):
        middle = pd.Series(y).groupby(frame).median()
        axes.plot(x_of_frame[middle.index], middle, color=PALETTE[0], label="median")
        axes.legend(loc="best")
    note_if_empty(axes, not len(y), "Not known of any particle")
    y_name = published_name(quantity, measurements)
    columns = {"track": track, "frame": frame, x_name: x, y_name: y}
    return Drawn(pd.DataFrame(columns), points_of(x, y, table), x_of_frame)


def track_scatter(
    measurements: Measurements,
    axes: Axes,
    *,
    quantity: str = "diffusion",
    against: str | None = None,
) -> Drawn:
    """One quantity of the tracks against another, with error bars where there are any."""
    import pandas as pd

    tracks, against = measurements.tracks, against or "mean_diameter"
    x, y = scaled(tracks, against, measurements), scaled(tracks, quantity, measurements)
    bars = [
        scaled(tracks, f"{name}_error", measurements) if f"{name}_error" in tracks else None
        for name in (quantity, against)
    ]
    style: dict[str, Any] = {"ecolor": GREY, "elinewidth": 0.6, "alpha": 0.8}
    axes.errorbar(x, y, bars[0], bars[1], "o", ms=3, color=PALETTE[0], **style)
    axes.set_xlabel(axis_label(against, measurements))
    axes.set_ylabel(axis_label(quantity, measurements))
    note_if_empty(axes, not (np.isfinite(x) & np.isfinite(y)).any(), "Not known of any track")
    movie = measurements.movie
    names = [name for name in ("track", against, quantity, f"{quantity}_error") if name in tracks]
    data = units.publish(tracks[list(dict.fromkeys(names))], movie.pixel_size, movie.frame_time)
    points = pd.DataFrame({"x": x, "y": y, "track": tracks["track"], "frame": -1})
    return Drawn(data, points)


def pair_distribution(measurements: Measurements, axes: Axes) -> Drawn:
    """Pair distribution g(r), relative to a random arrangement."""
    movie, curve = measurements.movie, measurements.curves["rdf"]
    r, g = scaled(curve, "r", measurements), curve["g"].to_numpy(float)
    axes.axhline(1, color=GREY, lw=0.8, ls="--")
    axes.plot(r, g, color=PALETTE[0])
    axes.set_xlabel(axis_label("r", measurements))
    axes.set_ylabel("$g(r)$")
    axes.set_xlim(0, r[-1])
    axes.set_ylim(bottom=0)
    note_if_empty(axes, not np.isfinite(g).any(), "No frame has two particles")
    return Drawn(units.publish(curve, movie.pixel_size, movie.frame_time))
