"""Follow: a window that moves with one tracked particle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_insitu_tem.analysis.shifting import moved_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Tracking
from napari_insitu_tem.settings import Settings, SettingsError, setting
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FollowSettings", "follow"]


class FollowSettings(Settings):
    """Which particle, and the window around it."""

    track: int | None = setting(
        None,
        title="Track",
        description="Number of the particle's track.",
        ge=1,
        none_means="the longest",
    )
    size: int | None = setting(
        None,
        title="Window",
        description="Edge of the square window.",
        unit="px",
        ge=4,
        step=16,
        none_means="three times the particle",
    )
    turn: bool = setting(
        False,
        title="Turn with it",
        description="Turn the window with the particle's orientation, so that it stands still.",
    )
    smoothing: Literal["sub-pixel", "whole pixels"] = setting(
        "sub-pixel",
        title="Move by",
        description="Sub-pixel moves interpolate (cubic splines); whole pixels keep every value "
        "as it was recorded.",
        advanced=True,
    )


@task(title="Follow a particle", result="followed")
def follow(
    tracking: Tracking, settings: FollowSettings = FollowSettings(), job: Job = Job()
) -> Movie:
    """Crop a window that follows one tracked particle.

    Parameters
    ----------
    tracking : Tracking
        The particle's track. Frames of a gap are interpolated.
    settings : FollowSettings
        Which particle and how large a window.
    job : Job
        Asked whether to stop.

    Returns
    -------
    Movie
        From the track's first frame to its last, cut when it is read; float32. Outside of the
        recording it shows the frame's median. Its origin is where the window begins in the
        first of these frames.

    Raises
    ------
    SettingsError
        When there is no such track.
    """
    job.check()
    rows = _rows(tracking, settings.track)
    first, last = int(rows["frame"].iloc[0]), int(rows["frame"].iloc[-1])
    frames = np.arange(first, last + 1)
    centre = np.stack(
        [np.interp(frames, rows["frame"], rows[axis].to_numpy(float)) for axis in ("y", "x")],
        axis=1,
    )
    size = settings.size or _window(rows, tracking.movie.frame_shape)
    moves = centre - (size - 1) / 2
    if settings.smoothing == "whole pixels" and not settings.turn:
        moves = np.round(moves)
    options = {}
    if settings.turn:
        options["angle"] = _angles(tracking, rows, frames)
    cut = tracking.movie.select(first, last + 1)
    track = int(rows["track"].iloc[0])
    return cut.moved(*moves[0]).replace(
        data=moved_frames(cut.data, moves, (size, size), **options),
        name=f"{tracking.movie.name} [track {track}]",
    )


def _rows(tracking: Tracking, track: int | None) -> pd.DataFrame:
    particles = tracking.particles
    if not len(particles):
        raise SettingsError("There are no tracks to follow. Track the particles first.")
    if track is None:
        numbers, lengths = np.unique(particles["track"], return_counts=True)
        track = int(numbers[np.argmax(lengths)])
    rows = particles[particles["track"] == track].sort_values("frame")
    if not len(rows):
        numbers = np.sort(particles["track"].unique())
        raise SettingsError(
            f"There is no track {track}; the tracks are numbered {numbers[0]} to {numbers[-1]}."
        )
    return rows.drop_duplicates("frame")


def _window(rows: pd.DataFrame, shape: tuple[int, int]) -> int:
    """Return three times the particle's largest extent, an odd number within the frame."""
    name = "major_axis" if "major_axis" in rows else "equivalent_diameter"
    if name in rows:
        extent = float(rows[name].max())
    else:
        extent = 2 * float(np.sqrt(rows["area"].max() / np.pi))
    return int(np.clip(3 * extent, 16, max(16, min(shape)))) // 2 * 2 + 1


def _angles(tracking: Tracking, rows: pd.DataFrame, frames: np.ndarray) -> np.ndarray:
    """Return the particle's angle against its first frame, interpolated over gaps, degrees."""
    if "orientation" not in rows:
        raise SettingsError(
            "The tracks have no orientation to turn with. Track again, or switch off "
            "'Turn with it'."
        )
    known = rows.dropna(subset=["orientation"])
    if not len(known):
        raise SettingsError("This particle has no orientation in any frame (it is round).")
    angles = known["orientation"].to_numpy(float)
    fold = float(known["symmetry"].iloc[0]) if "symmetry" in known else 2.0
    angles = np.unwrap(angles, period=360.0 / fold if fold >= 1 else 360.0)
    return np.interp(frames, known["frame"], angles - angles[0])
