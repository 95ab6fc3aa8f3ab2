"""Columns followed over time, in the frames that were not left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.columns.dynamics import Dynamics, DynamicsError, dynamics
from napari_insitu_tem.tasks.columns.result import Columns

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["follow"]


def follow(found: Columns, job: Job) -> tuple[Dynamics | None, str]:
    """Follow the columns of a movie over time.

    Returns
    -------
    Dynamics or None
        None where nothing can be followed; frames count as in the movie.
    str
        What happened, or why nothing could be followed.
    """
    movie = found.movie
    kept = np.setdiff1d(np.arange(movie.n_frames), found.refused)
    if not np.isfinite(found.spacing):
        return None, "Single columns cannot be followed over time."
    part = movie if not found.refused else _part(movie, kept)
    table = found.table.assign(frame=np.searchsorted(kept, found.table["frame"]))
    try:
        course = dynamics(
            part,
            table,
            bright=found.bright,
            spacing=found.spacing,
            barred=_cleared(found),
            job=job,
        )
    except DynamicsError as error:
        return None, f"They were not followed: {error}"
    return _renumbered(course, movie, kept), course.message


def _cleared(found: Columns) -> np.ndarray:
    """Return sites (n, 2) that a hand cleared of all columns since they were last followed."""
    before = found.dynamics
    if before is None or "site" not in found.table:
        return np.zeros((0, 2))
    sites = before.sites
    gone = (sites["seen"] > 0) & ~sites["site"].isin(found.table["site"])
    return np.concatenate([before.barred, sites.loc[gone, ["y", "x"]].to_numpy(float)])


def _part(movie: Movie, kept: np.ndarray) -> Movie:
    """Return a movie of some frames alone."""
    frames = None if movie.frames is None else movie.frames.iloc[kept].reset_index(drop=True)
    return movie.replace(data=movie.data[kept], frames=frames)


def _renumbered(course: Dynamics, movie: Movie, kept: np.ndarray) -> Dynamics:
    """Return the course with frames as in the whole movie; nothing is known between."""
    if len(kept) == movie.n_frames:
        return course

    def whole(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(frame=kept[table["frame"].to_numpy(int)])

    probability = np.full((movie.n_frames, course.probability.shape[1]), np.nan, np.float32)
    probability[kept] = course.probability
    return course.replace(
        movie=movie,
        table=whole(course.table),
        events=whole(course.events),
        counts=whole(course.counts),
        motion=whole(course.motion),
        probability=probability,
    )
