"""Figures of columns over time: which sites are occupied when, and how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.figures.style import PALETTE, Drawn, note_if_empty, whole_numbers

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["draw_counts", "draw_raster"]


def draw_raster(
    probability: np.ndarray,
    sites: pd.DataFrame,
    events: pd.DataFrame,
    axes: Axes,
    *,
    times: np.ndarray | None = None,
) -> Drawn:
    """Draw a row a site that changes: dark where it is occupied, with its events.

    Parameters
    ----------
    probability : (t, s) array
        Of every site being occupied.
    sites : pandas.DataFrame
        ``site``, ``changes``; one row a column of `probability`.
    events : pandas.DataFrame
        ``kind``, ``frame``, ``site``, ``from_site``.
    axes : matplotlib Axes
        Where to draw.
    times : (t,) array, optional
        Seconds of every frame; frames otherwise.

    Returns
    -------
    Drawn
        One row a site and frame of those that change; its points are the events, with the site
        as ``track``.
    """
    import pandas as pd

    numbers = sites["site"].to_numpy(int)
    rows = np.flatnonzero(sites["changes"].to_numpy(int) > 0)
    n_frames = len(probability)
    along = np.arange(n_frames, dtype=float) if times is None else np.asarray(times, float)
    half = (along[-1] - along[0]) / max(2 * (n_frames - 1), 1) or 0.5
    place = {int(numbers[row]): height for height, row in enumerate(rows)}
    if len(rows):
        axes.imshow(
            probability[:, rows].T, aspect="auto", origin="lower", cmap="Greys", vmin=0, vmax=1.4,
            extent=(along[0] - half, along[-1] + half, -0.5, len(rows) - 0.5),
            interpolation="nearest",
        )  # fmt: skip
    points = []
    columns = [events[name].to_numpy(int) for name in ("frame", "site", "from_site")]
    for kind, frame, site, origin in zip(events["kind"], *columns, strict=True):
        at, left = place.get(site), place.get(origin)
        x = along[frame] - half
        colour = {"hop": PALETTE[0], "appear": PALETTE[2]}.get(kind, PALETTE[1])
        if at is None:
            continue
        points.append((x, float(at), int(site), int(frame)))
        if left is None:
            marker = "^" if kind == "appear" else "v"
            axes.plot(x, at, marker, color=colour, ms=4)
            continue
        axes.plot([x, x], [left, at], "-", color=colour, lw=1.2)
        axes.plot(x, at, "o", color=colour, ms=3)
    kinds = [("hop", "o-", 0), ("appears", "^", 2), ("disappears", "v", 1)]
    if points:
        for words, style, place_of in kinds:
            axes.plot([], [], style, color=PALETTE[place_of], ms=4, label=words)
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    ticks = np.unique(np.linspace(0, max(len(rows) - 1, 0), min(len(rows), 14)).round().astype(int))
    axes.set_yticks(ticks, [str(numbers[rows[tick]]) for tick in ticks] if len(rows) else [])
    axes.set_ylabel("Site")
    axes.set_xlabel("Frame" if times is None else "Time (s)")
    whole_numbers(axes, "frame" if times is None else "time_s")
    note_if_empty(axes, not len(rows), "No site changes.")
    data = pd.DataFrame(
        {
            "frame": np.repeat(np.arange(n_frames), len(rows)),
            "site": np.tile(numbers[rows], n_frames),
            "probability": probability[:, rows].ravel(),
        }
    )
    where = pd.DataFrame(points, columns=["x", "y", "track", "frame"])
    return Drawn(data, points=where, frame_x=along)


def draw_counts(table: pd.DataFrame, axes: Axes) -> Drawn:
    """Draw how many columns every particle has over time, with its standard deviation.

    Parameters
    ----------
    table : pandas.DataFrame
        ``frame`` (and ``time_s``), ``particle``, ``columns``, ``columns_error``,
        ``surface_columns``.
    axes : matplotlib Axes
        Where to draw.
    """
    along = "time_s" if "time_s" in table else "frame"
    particles = table["particle"].unique()
    for index, number in enumerate(sorted(particles)):
        rows = table[table["particle"] == number]
        colour = PALETTE[index % len(PALETTE)]
        x, y = rows[along].to_numpy(float), rows["columns"].to_numpy(float)
        spread = rows["columns_error"].to_numpy(float)
        words = "all columns" if len(particles) == 1 else f"particle {number}"
        axes.plot(x, y, "-", color=colour, label=words)
        axes.fill_between(x, y - spread, y + spread, color=colour, alpha=0.25, lw=0)
        if len(particles) == 1 and "surface_columns" in rows:
            surface = rows["surface_columns"].to_numpy(float)
            spread = rows["surface_columns_error"].to_numpy(float)
            axes.plot(x, surface, "-", color=PALETTE[1], label="at the surface")
            axes.fill_between(
                x, surface - spread, surface + spread, color=PALETTE[1], alpha=0.25, lw=0
            )
    axes.legend(loc="best")
    axes.set_ylabel("Columns")
    axes.set_xlabel("Time (s)" if along == "time_s" else "Frame")
    whole_numbers(axes, along)
    frames = table.drop_duplicates("frame")
    places = np.full(int(frames["frame"].max()) + 1 if len(frames) else 0, np.nan)
    places[frames["frame"].to_numpy(int)] = frames[along].to_numpy(float)
    return Drawn(table, frame_x=places)
