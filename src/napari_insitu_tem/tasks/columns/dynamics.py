"""Dynamics of columns: sites, when they are taken and left, counts and rates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem import units
from napari_insitu_tem.analysis.columns.continued import with_continued
from napari_insitu_tem.analysis.columns.counts import count_columns
from napari_insitu_tem.analysis.columns.distances import (
    closest,
    hop_unit,
    own_spacing,
    strong_sites,
)
from napari_insitu_tem.analysis.columns.hops import Event
from napari_insitu_tem.analysis.columns.occupancy import Evidence, Occupancy
from napari_insitu_tem.analysis.columns.rates import event_rates
from napari_insitu_tem.analysis.columns.shared_motion import Motion, follow, refine
from napari_insitu_tem.analysis.columns.site_levels import divide_contrast, levels_of, spot_size
from napari_insitu_tem.analysis.columns.sites import assign, find_sites, surface_sites
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.columns.event_table import event_table, particles_of
from napari_insitu_tem.tasks.columns.site_courses import happened_to, occupancy_over_time

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Dynamics", "DynamicsError", "dynamics"]

units.register(
    event_rate=units.Quantity("Events per site and time", time=-1),
    event_rate_low=units.Quantity("Events per site and time, lower limit", time=-1),
    event_rate_high=units.Quantity("Events per site and time, upper limit", time=-1),
)


_SAMPLED = 8
"""Places of the movie at which the size of a column's spot is told."""


class DynamicsError(ValueError):
    """Columns cannot be followed over time; one plain sentence."""


@dataclass(frozen=True, eq=False)
class Dynamics:
    """Columns of a movie over time; tables in pixels and frames.

    Parameters
    ----------
    movie : Movie
        As it was.
    table : pandas.DataFrame
        The columns as they were found, with ``site`` (from 1; 0 for those at no site).
    sites : pandas.DataFrame
        One row a site: ``site``, ``y``, ``x`` (in the frame that the shared motion counts
        from), ``particle``, ``surface``, ``seen`` (frames with a detection), ``occupied``
        (share of the frames), ``changes``.
    events : pandas.DataFrame
        One row an event: ``event``, ``kind`` ("hop", "appear", "disappear"), ``frame`` (the
        first of the new state), ``site``, ``y``, ``x`` (in that frame; where a column appears
        or disappears), of hops ``from_site``, ``from_y``, ``from_x``, ``hop_length``; and
        ``confidence``, ``surface``, ``particle``.
    counts : pandas.DataFrame
        One row a frame and particle: expected number of columns and its standard deviation.
    rates : pandas.DataFrame
        Events per site and frame, with 95 % intervals.
    motion : pandas.DataFrame
        One row a frame: shared ``shift_y``, ``shift_x`` and ``turn_deg``.
    probability : (t, s) float32 array
        Of every site being occupied, in the order of `sites`.
    message : str
        What was found, in a sentence or two.
    barred : (n, 2) array
        Places, as those of the sites, that a hand cleared of all their columns.
    """

    movie: Movie
    table: pd.DataFrame
    sites: pd.DataFrame
    events: pd.DataFrame
    counts: pd.DataFrame
    rates: pd.DataFrame
    motion: pd.DataFrame
    probability: np.ndarray
    message: str = ""
    barred: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return sites, events, counts and rates in published units."""
        named = {
            "column_sites": self.sites,
            "column_events": self.events,
            "column_counts": self.counts,
            "column_rates": self.rates,
        }
        return {name: self._published(table) for name, table in named.items() if len(table)}

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figures: occupancy of sites over time, counts over time."""
        import functools

        from napari_insitu_tem.figures import columns as figures

        if not len(self.sites):
            return {}
        raster = functools.partial(
            figures.draw_raster, self.probability, self.sites, self.events, times=self.movie.time
        )
        counts = functools.partial(figures.draw_counts, self._published(self.counts))
        return {"column_raster": raster, "column_counts": counts}

    def replace(self, **changes: Any) -> Dynamics:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def _published(self, table: pd.DataFrame) -> pd.DataFrame:
        times = self.movie.time
        if "frame" in table and times is not None:
            table = table.copy()
            table.insert(1, "time_s", times[table["frame"].to_numpy(int)])
        return units.publish(table, self.movie.pixel_size, self.movie.frame_time)


def dynamics(
    movie: Movie,
    table: pd.DataFrame,
    *,
    bright: bool,
    spacing: float,
    barred: np.ndarray | None = None,
    job: Job = Job(),
) -> Dynamics:
    """Follow columns over time: which sites are occupied when, and what changes.

    Parameters
    ----------
    movie : Movie
        Two frames or more; read once, frame by frame.
    table : pandas.DataFrame
        Columns as found, with at least ``frame``, ``y``, ``x`` (px); ``particle`` if there are
        several.
    bright : bool
        Whether columns are brighter than what lies between them.
    spacing : float
        Distance of neighbouring columns, px.
    barred : (n, 2) array, optional
        Places, as those of the sites, that are not looked at where no column was found.
    job : Job
        Progress and cancel.

    Returns
    -------
    Dynamics
        Tables, and the probability of every site being occupied in every frame.

    Raises
    ------
    DynamicsError
        When the movie has a single frame, the spacing is no length, or no place shows a column
        in several frames.
    """
    if movie.n_frames < 2:
        raise DynamicsError("One frame shows no events; columns are followed in movies.")
    if not (np.isfinite(spacing) and spacing > 1):
        raise DynamicsError(f"A distance of {spacing:g} px between columns cannot be followed.")
    barred = np.zeros((0, 2)) if barred is None else barred
    positions = _by_frame(table, movie.n_frames)
    near = closest(positions, spacing)
    motion = follow(positions, near)
    sites = find_sites(_at_sites(motion, positions), near).positions
    for _ in range(2):
        motion = refine(motion, positions, sites, near)
        found = find_sites(_at_sites(motion, positions), near)
        sites = found.positions
    if not len(sites):
        raise DynamicsError(
            "No place shows a column in several frames, so nothing can be followed. Look at the "
            "columns found in single frames first."
        )
    often = sites[found.seen >= np.median(found.seen)]
    unit = hop_unit(often, spacing)
    size, bright = spot_size(_sampled(movie), motion, often, spacing, bright=bright)
    found = with_continued(found, unit, near, barred)
    sites = found.positions
    frames = job.track(movie.iter_frames(), "Reading sites", movie.n_frames)
    levels = levels_of(frames, motion, sites, size, bright=bright)
    inside = (found.seen > 0) | (np.isfinite(levels).mean(0) > 0.5)
    sites, times, levels = sites[inside], found.seen[inside], levels[:, inside]
    levels = divide_contrast(levels)
    often = times >= np.median(times[times > 0])
    typical = float(np.nanmedian(levels[:, often]))
    evidence = Evidence(levels, (0.0, max(typical, 1e-9)))
    state = occupancy_over_time(movie, motion, sites, spacing, evidence, job)
    # Places where the lattice goes on are sites only if a column is there at some time.
    kept = (times > 0) | (state.probability.max(0) > 0.5)
    # Columns hop among sites of their own kind, whatever light columns lie between.
    unit = max(unit, own_spacing(sites[kept & strong_sites(levels)]))
    sites, state = sites[kept], state.of(kept)
    state, events = happened_to(state, sites, unit, job)
    site = np.concatenate(
        [assign(motion.to_sites(k, each), sites, near) for k, each in enumerate(positions)]
    )
    numbers = np.zeros(len(table), int)
    numbers[_rows_by_frame(table)] = site + 1
    table = table.assign(site=numbers)
    seen = np.bincount(site[site >= 0], minlength=len(sites))
    result = _result(movie, table, motion, sites, seen, state, events, spacing)
    return result.replace(barred=barred)


def _sampled(movie: Movie) -> list[tuple[int, np.ndarray]]:
    """Return pairs of neighbouring frames, spread over the movie."""
    starts = np.unique(np.linspace(0, movie.n_frames - 2, _SAMPLED).astype(int))
    numbers = np.unique(np.concatenate([starts, starts + 1]))
    return [(int(number), movie.frame(int(number))) for number in numbers]


def _rows_by_frame(table: pd.DataFrame) -> np.ndarray:
    return np.argsort(table["frame"].to_numpy(int), kind="stable")


def _by_frame(table: pd.DataFrame, n_frames: int) -> list[np.ndarray]:
    """Return the positions (n, 2) of every frame."""
    order = _rows_by_frame(table)
    frame = table["frame"].to_numpy(int)[order]
    if len(frame) and (frame[0] < 0 or frame[-1] >= n_frames):
        raise DynamicsError(
            f"The columns lie in frames {frame[0]} to {frame[-1]}, but the movie has "
            f"{n_frames} frames. They belong to another movie."
        )
    points = table[["y", "x"]].to_numpy(float)[order]
    return np.split(points, np.searchsorted(frame, np.arange(1, n_frames)))


def _at_sites(motion: Motion, positions: list[np.ndarray]) -> list[np.ndarray]:
    return [motion.to_sites(number, found) for number, found in enumerate(positions)]


def _result(
    movie: Movie,
    table: pd.DataFrame,
    motion: Motion,
    sites: np.ndarray,
    seen: np.ndarray,
    state: Occupancy,
    happened: list[Event],
    spacing: float,
) -> Dynamics:
    import pandas as pd

    share = state.probability.mean(0)
    surface = surface_sites(sites, share >= 0.5, spacing)
    particle = particles_of(table, len(sites))
    events = event_table(happened, motion, sites, surface, particle)
    ends = np.array([[each.left, each.taken] for each in happened], int).ravel()
    of_sites = pd.DataFrame(
        {
            "site": np.arange(1, len(sites) + 1),
            "y": sites[:, 0],
            "x": sites[:, 1],
            "particle": particle,
            "surface": surface,
            "seen": seen,
            "occupied": share,
            "changes": np.bincount(ends[ends >= 0], minlength=len(sites)),
        }
    )
    moved = pd.DataFrame(
        {
            "frame": np.arange(movie.n_frames),
            "shift_y": motion.shift[:, 0],
            "shift_x": motion.shift[:, 1],
            "turn_deg": np.degrees(motion.turn),
        }
    )
    counts = count_columns(state.probability, surface, particle)
    rates = event_rates(events, surface, movie.n_frames)
    kinds = events["kind"].value_counts()
    numbers = [int(kinds.get(kind, 0)) for kind in ("hop", "appear", "disappear")]
    message = (
        f"{len(sites)} sites; {numbers[0]} hops, {numbers[1]} columns that appear and "
        f"{numbers[2]} that disappear in {movie.n_frames} frames. Stays shorter than about "
        "three frames are not seen at a low dose."
    )
    return Dynamics(
        movie, table, of_sites, events, counts, rates, moved, state.probability, message
    )
