"""Heavy atoms on a lattice: bright spots followed from frame to frame, and their hops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem import units
from napari_insitu_tem.analysis.columns.bright_spots import bright_spots
from napari_insitu_tem.analysis.columns.heavy import followed
from napari_insitu_tem.analysis.columns.local_motion import local_displacement
from napari_insitu_tem.analysis.columns.shared_motion import Motion, follow, refine
from napari_insitu_tem.analysis.columns.sites import find_sites
from napari_insitu_tem.analysis.columns.stays import hops_between
from napari_insitu_tem.analysis.denoise import fill_missing
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
    over=units.Quantity("Standard deviations over the usual columns"),
    stay=units.Quantity("Stay at a place"),
    still_x=units.Quantity("x without the motion of the lattice", length=1),
)

_SIZE = 0.2
"""Standard deviation of a column where it was not fitted, in neighbour distances."""

_SMOOTH = 5
"""Frames over which it is smoothed."""


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
        One row an atom and frame: ``atom`` (from 1), ``frame``, ``y``, ``x``, ``kind`` ("atom",
        or "patch" where it is wider than one), ``brightness`` (times a lone usual column),
        ``over`` (standard deviations over the usual columns), ``stay`` (from 1), ``still_y``,
        ``still_x`` (without the motion of the lattice).
    hops : pandas.DataFrame
        One row a hop of an atom: ``atom``, ``frame`` (first after it), ``y``, ``x``, ``from_y``,
        ``from_x``, ``hop_length``.
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
        All columns as found: ``frame``, ``y``, ``x`` (px), and their fitted ``width`` if there
        is one.
    bright : bool
        Whether columns are bright.
    spacing : float
        Distance of neighbouring columns, px.
    job : Job
        Progress and cancel.

    Raises
    ------
    HeavyAtomsError
        When nothing surely stands out in three frames.
    """
    import pandas as pd

    if not np.isfinite(spacing):
        raise HeavyAtomsError("Without a lattice of columns no atom can be brighter than it.")
    rows = table.sort_values("frame", kind="stable")
    points = [
        rows.loc[rows["frame"] == number, ["y", "x"]].to_numpy(float)
        for number in range(movie.n_frames)
    ]
    size = _sizes(table, movie.n_frames, spacing)
    motion = follow(points, spacing)
    sites = find_sites(_still(motion, points), spacing).positions
    motion = refine(motion, points, sites, spacing)
    frames = job.track(movie.iter_frames(), "Looking for bright atoms", movie.n_frames)
    found = []
    for number, frame in enumerate(frames):
        part = bright_spots(fill_missing(frame), points[number], size[number], bright=bright)
        at = motion.to_sites(number, part[["y", "x"]].to_numpy(float))
        columns = motion.to_sites(number, points[number])
        at = at - local_displacement(columns, sites, at, spacing)
        part.insert(0, "frame", number)
        found.append(part.assign(still_y=at[:, 0], still_x=at[:, 1]))
    spots = pd.concat([part for part in found if len(part)] or found[:1], ignore_index=True)
    tracks = followed(spots, movie.n_frames, spacing, job=job)
    if not len(tracks):
        raise HeavyAtomsError("No spot is surely brighter than the columns in three frames.")
    first = ["atom", "frame", "y", "x", "kind", "brightness", "over", "stay"]
    tracks = tracks[[*first, "still_y", "still_x"]]
    hops = hops_between(tracks[tracks["kind"] == "atom"], spacing)
    return HeavyAtoms(movie, tracks, hops, _words(tracks, hops, movie.n_frames))


def _sizes(table: pd.DataFrame, n_frames: int, spacing: float) -> np.ndarray:
    """Return the standard deviation of a column in every frame, px: the focus changes."""
    if "width" not in table:
        return np.full(n_frames, _SIZE * spacing)
    size = table.groupby("frame")["width"].median().reindex(range(n_frames))
    smooth = size.rolling(_SMOOTH, center=True, min_periods=1).median()
    return smooth.interpolate(limit_direction="both").fillna(_SIZE * spacing).to_numpy(float)


def _words(tracks: pd.DataFrame, hops: pd.DataFrame, n_frames: int) -> str:
    """Return what was found, in a sentence or two."""
    length = tracks[tracks["kind"] == "atom"].groupby("atom").size()
    patches = tracks.loc[tracks["kind"] == "patch", "atom"].nunique()
    words = f"{len(length)} bright atoms"
    if len(length):
        words += f", the longest followed through {int(length.max())} of {n_frames} frames"
    words += f"; {len(hops)} hops."
    if patches:
        words += f" {patches} bright patches are wider than an atom."
    return words


def _still(motion: Motion, points: list[np.ndarray]) -> list[np.ndarray]:
    return [motion.to_sites(number, here) for number, here in enumerate(points)]
