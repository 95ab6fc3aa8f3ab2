"""Heavy atoms on a lattice: bright columns followed from frame to frame, and their hops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem import units
from napari_insitu_tem.analysis.columns.heavy import (
    LOW,
    brightness_over_lattice,
    heavy_hops,
    with_hysteresis,
)
from napari_insitu_tem.analysis.columns.local_motion import local_displacement
from napari_insitu_tem.analysis.columns.shared_motion import Motion, follow, refine
from napari_insitu_tem.analysis.columns.site_levels import response
from napari_insitu_tem.analysis.columns.sites import find_sites
from napari_insitu_tem.analysis.linking import LINKERS
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HeavyAtoms", "HeavyAtomsError", "heavy_atoms"]

units.register(
    from_y=units.Quantity("Left y", length=1),
    from_x=units.Quantity("Left x", length=1),
    hop_length=units.Quantity("Length of the hop", length=1),
    still_y=units.Quantity("y without the motion of the lattice", length=1),
    still_x=units.Quantity("x without the motion of the lattice", length=1),
)

_SIZE = 0.2
_MEMORY = 3
_REACH = 1.3
"""Farthest step, in neighbour distances."""


class HeavyAtomsError(ValueError):
    """No bright atoms can be followed; one plain sentence."""


@dataclass(frozen=True, eq=False)
class HeavyAtoms:
    """Bright atoms of a movie over time; tables in pixels and frames.

    Parameters
    ----------
    movie : Movie
        As it was.
    tracks : pandas.DataFrame
        One row an atom and frame: ``atom`` (from 1), ``frame``, ``y``, ``x``, ``brightness``
        (standard deviations over the usual columns), ``still_y``, ``still_x`` (without the motion
        of the lattice).
    hops : pandas.DataFrame
        One row a hop: ``atom``, ``frame``, ``y``, ``x``, ``from_y``, ``from_x``, ``hop_length``.
    message : str
        What was found.
    """

    movie: Movie
    tracks: pd.DataFrame
    hops: pd.DataFrame
    message: str = ""

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return tracks and hops in published units."""
        size, time = self.movie.pixel_size, self.movie.frame_time
        named = {"heavy_atoms": self.tracks, "heavy_atom_hops": self.hops}
        return {name: units.publish(table, size, time) for name, table in named.items()}


def heavy_atoms(
    movie: Movie, table: pd.DataFrame, *, bright: bool, spacing: float, job: Job = Job()
) -> HeavyAtoms:
    """Follow the atoms that stand out of a lattice.

    Parameters
    ----------
    movie : Movie
        Read once, frame by frame.
    table : pandas.DataFrame
        All columns as found: ``frame``, ``y``, ``x`` (px), and possibly their fitted
        ``intensity``; the response of a filter of a column's size is taken otherwise.
    bright : bool
        Whether columns are bright.
    spacing : float
        Distance of neighbouring columns, px.
    job : Job
        Progress and cancel.

    Raises
    ------
    HeavyAtomsError
        When no column stands out by five standard deviations in three frames.
    """
    import pandas as pd

    rows = table.sort_values("frame", kind="stable")
    points = [
        rows.loc[rows["frame"] == number, ["y", "x"]].to_numpy(float)
        for number in range(movie.n_frames)
    ]
    heights = [
        rows.loc[rows["frame"] == number, "intensity"].to_numpy(float)
        if "intensity" in rows
        else np.full(len(points[number]), np.nan)
        for number in range(movie.n_frames)
    ]
    motion = follow(points, spacing)
    sites = find_sites(_still(motion, points), spacing).positions
    motion = refine(motion, points, sites, spacing)
    frames = job.track(movie.iter_frames(), "Looking for bright atoms", movie.n_frames)
    found = []
    for number, frame in enumerate(frames):
        here = points[number]
        fitted = heights[number]
        if not np.isfinite(fitted).all():
            fitted = _heights(frame, here, spacing, bright=bright)
        over = brightness_over_lattice(fitted)
        still = motion.to_sites(number, here)
        still = still - local_displacement(still, sites, still, spacing)
        part = pd.DataFrame(
            {
                "frame": number,
                "y": here[:, 0],
                "x": here[:, 1],
                "brightness": over,
                "still_y": still[:, 0],
                "still_x": still[:, 1],
            }
        )
        found.append(part[over >= LOW])
    places = [part[["still_y", "still_x"]].to_numpy(float) for part in found]
    links = LINKERS["trackpy"](places, search_range=_REACH * spacing, memory=_MEMORY, job=job)
    tracks = pd.concat(found, ignore_index=True)
    tracks.insert(0, "atom", np.concatenate([*links.tracks, np.zeros(0, int)]))
    tracks = with_hysteresis(tracks)
    if not len(tracks):
        raise HeavyAtomsError(
            "No column is brighter than the others by five of their standard deviations in three "
            "frames."
        )
    tracks["atom"] = pd.factorize(tracks["atom"])[0] + 1
    tracks = tracks.sort_values(["atom", "frame"], ignore_index=True)
    hops = heavy_hops(tracks, spacing)
    longest = int(tracks.groupby("atom").size().max())
    message = (
        f"{tracks['atom'].nunique()} bright atoms, the longest followed through {longest} of "
        f"{movie.n_frames} frames; {len(hops)} hops."
    )
    return HeavyAtoms(movie, tracks, hops, message)


def _heights(frame: np.ndarray, points: np.ndarray, spacing: float, *, bright: bool) -> np.ndarray:
    """Return the response at the pixel of every column."""
    filtered = response(frame, _SIZE * spacing, bright=bright)
    pixels = np.clip(np.round(points).astype(int), 0, np.array(filtered.shape) - 1)
    return np.asarray(filtered[tuple(pixels.T)])


def _still(motion: Motion, points: list[np.ndarray]) -> list[np.ndarray]:
    return [motion.to_sites(number, here) for number, here in enumerate(points)]
