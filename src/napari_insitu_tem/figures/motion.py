"""Figures of motion: mean-squared displacements and trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem import units
from napari_insitu_tem.figures.style import (
    GREY,
    PALETTE,
    Drawn,
    axis_label,
    colour_of,
    logarithmic,
    note_if_empty,
    scaled,
    track_lines,
    with_error,
)
from napari_insitu_tem.results import Measurements

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["angular_displacement", "mean_squared_displacement", "trajectories"]


def mean_squared_displacement(measurements: Measurements, axes: Axes) -> Drawn:
    """Mean-squared displacement of every track and of all, with the fit."""
    drawn = _displacement(measurements, axes, "msd", "diffusion", "$D$")
    single = measurements.curves.get("track_msd")
    if single is None or not len(single):
        return drawn
    lag, msd = scaled(single, "lag", measurements), scaled(single, "msd", measurements)
    track = single["track"].to_numpy(int)
    track_lines(axes, lag, msd, track, colors=GREY, alpha=0.35, linewidths=0.5, zorder=1)
    import pandas as pd

    points = pd.DataFrame({"x": lag, "y": msd, "track": track, "frame": -1})
    return Drawn(drawn.data, points)


def angular_displacement(measurements: Measurements, axes: Axes) -> Drawn:
    """Mean-squared angular displacement of all tracks, with the fit."""
    return _displacement(measurements, axes, "msad", "rotational_diffusion", r"$D_\mathrm{r}$")


def _displacement(
    measurements: Measurements, axes: Axes, name: str, quantity: str, symbol: str
) -> Drawn:
    import pandas as pd

    movie = measurements.movie
    curve = measurements.curves.get(name)
    usable = curve is not None and bool((curve[name] > 0).any())
    axes.set_xlabel(axis_label("lag", measurements))
    axes.set_ylabel(axis_label(name, measurements))
    note_if_empty(axes, not usable, "No displacements to show\n(tracks too short)")
    if curve is None or not usable:
        return Drawn(pd.DataFrame())
    curve = curve[curve[name] > 0]
    lag, mean, error, fit = (
        scaled(curve, column, measurements)
        for column in ("lag", name, f"{name}_error", f"{name}_fit")
    )
    # An error bar that reached zero would reach down for ever on a logarithmic axis.
    below = np.minimum(np.nan_to_num(error), 0.9 * mean)
    bars: Any = [below, np.nan_to_num(error)]
    logarithmic(axes)
    axes.errorbar(lag, mean, bars, fmt="o", ms=3, color=PALETTE[0], label="all tracks", zorder=3)
    row = measurements.curves["ensemble"].iloc[0]
    if np.isfinite(fit).all():
        axes.plot(lag, fit, color=PALETTE[1], label="fit", zorder=4)
    label = units.axis_label(quantity, movie.pixel_size, movie.frame_time)
    unit = label[label.rindex("(") + 1 : -1]
    scale = units.factor(quantity, movie.pixel_size, movie.frame_time)
    lines = [
        f"{symbol} = {with_error(row[quantity] * scale, row[f'{quantity}_error'] * scale, unit)}"
    ]
    if name == "msd" and np.isfinite(row["exponent"]):
        lines.append(rf"$\alpha$ = {with_error(row['exponent'], row['exponent_error'])}")
    axes.text(0.04, 0.97, "\n".join(lines), transform=axes.transAxes, va="top")
    axes.legend(loc="lower right")
    return Drawn(units.publish(curve, movie.pixel_size, movie.frame_time))


def trajectories(measurements: Measurements, axes: Axes) -> Drawn:
    """Paths of all particles, as they lie in the image."""
    movie = measurements.movie
    particles = _sorted(measurements)
    x, y = scaled(particles, "x", measurements), scaled(particles, "y", measurements)
    track = particles["track"].to_numpy(int)
    first = np.unique(track)
    track_lines(axes, x, y, track, colors=colour_of(first), linewidths=0.8)
    size = movie.pixel_size or 1.0
    height, width = movie.frame_shape
    axes.set_xlim(0, width * size)
    axes.set_ylim(height * size, 0)
    axes.set_aspect("equal")
    axes.set_xlabel(axis_label("x", measurements))
    axes.set_ylabel(axis_label("y", measurements))
    for side in ("top", "right"):
        axes.spines[side].set_visible(True)
    data = units.publish(
        particles[["track", "frame", "y", "x"]], movie.pixel_size, movie.frame_time
    )
    return Drawn(data, points_of(x, y, particles))


def points_of(x: np.ndarray, y: np.ndarray, particles: pd.DataFrame) -> pd.DataFrame:
    """Return the table of points that a click can find."""
    import pandas as pd

    return pd.DataFrame(
        {
            "x": x,
            "y": y,
            "track": particles["track"].to_numpy(int),
            "frame": particles["frame"].to_numpy(int),
        }
    )


def _sorted(measurements: Measurements) -> pd.DataFrame:
    return measurements.tracking.particles.sort_values(["track", "frame"], kind="stable")
