"""Align: measure the drift of the scene and take it out."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_insitu_tem import units
from napari_insitu_tem.analysis.drift import DriftCurve
from napari_insitu_tem.analysis.scene_drift import measured_drift
from napari_insitu_tem.analysis.shifting import common_area, moved_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AlignSettings", "Alignment", "align"]

units.register(
    drift_x=units.Quantity("Drift in x", length=1),
    drift_y=units.Quantity("Drift in y", length=1),
)

_SMALLEST = 16
_CROP_UP_TO = 0.6


class AlignSettings(Settings):
    """How the drift is found and what becomes of the borders."""

    reference: Literal["running mean", "previous", "first"] = setting(
        "running mean",
        title="Compare with",
        description="What each frame is compared with. The running mean of the aligned frames "
        "is best for noisy movies; the previous frames (several lags, reconciled) for a scene "
        "that changes fast; the first frame for short, clear movies.",
    )
    sigma: float | None = setting(
        None,
        title="Pre-filter",
        description="Width of the Gaussian that smooths the frames before they are compared. "
        "Only the measurement is smoothed, not the result.",
        unit="px",
        gt=0,
        le=50,
        step=0.5,
    )
    largest_jump: float | None = setting(
        None,
        title="Largest jump",
        description="The farthest the scene may move from one frame to the next.",
        unit="px",
        gt=0,
        step=5,
        none_means="half the frame",
    )
    border: Literal["automatic", "crop", "fill"] = setting(
        "automatic",
        title="Borders",
        description="Crop to what is in view in every frame, or keep the size and fill with the "
        "frame's median. Automatic crops unless less than 60 % of the frame would be left.",
    )
    outlier_threshold: float = setting(
        5.0,
        title="Bad frames",
        description="Frames that fit worse than the others by so many robust standard "
        "deviations (blank, blurred) get their drift from their neighbours.",
        gt=0,
        step=1,
        advanced=True,
    )
    check: bool = setting(
        True,
        title="Only real drift",
        description="Leave the movie as it is when the parts of the frame do not move together "
        "(a single moving particle, or noise). Only with the running mean.",
        advanced=True,
    )
    ignore_top: int = setting(
        0,
        title="Ignore at the top",
        description="Rows at the top that are not compared, for example a burned-in banner.",
        unit="px",
        ge=0,
        advanced=True,
    )
    ignore_bottom: int = setting(
        0,
        title="Ignore at the bottom",
        description="Rows at the bottom that are not compared, for example a banner.",
        unit="px",
        ge=0,
        advanced=True,
    )
    ignore_left: int = setting(
        0,
        title="Ignore at the left",
        description="Columns at the left that are not compared.",
        unit="px",
        ge=0,
        advanced=True,
    )
    ignore_right: int = setting(
        0,
        title="Ignore at the right",
        description="Columns at the right that are not compared.",
        unit="px",
        ge=0,
        advanced=True,
    )


@dataclass(frozen=True, eq=False)
class Alignment(MovieResult):
    """A movie with the drift taken out, and the drift.

    Parameters
    ----------
    movie : Movie
        Aligned; frames are moved when they are read. float32, or the input's own pixels when
        nothing had to be moved.
    drift : pandas.DataFrame
        One row a frame: ``frame``; ``drift_y`` and ``drift_x``, displacement of the scene
        against the first frame, in pixels; ``quality``, the correlation coefficient (filtered)
        with what it was compared with; ``interpolated``, whether the neighbours gave it.
    offset : (int, int)
        Row and column of the unmoved frame at which the aligned frame begins (not 0 when
        borders were cropped). A point of the aligned movie lies at ``point + offset + drift``
        in the input.
    message : str
        What was found, in a sentence.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    drift: pd.DataFrame
    offset: tuple[int, int] = (0, 0)
    message: str = ""
    provenance: Provenance | None = None

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def published_drift(self) -> pd.DataFrame:
        """Return the drift with units in the column names (nm when calibrated), and the time."""
        table = units.publish(self.drift, self.movie.pixel_size, self.movie.frame_time)
        if self.movie.time is not None:
            table.insert(1, "time_s", self.movie.time)
        return table

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the drift."""
        return {"drift": self.published_drift()}

    def replace(self, **changes: Any) -> Alignment:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


@task(title="Align", result="aligned")
def align(movie: Movie, settings: AlignSettings = AlignSettings(), job: Job = Job()) -> Alignment:
    """Take out the drift of the scene, to a fraction of a pixel.

    Parameters
    ----------
    movie : Movie
        Read two to three times, frame by frame.
    settings : AlignSettings
        What to compare with, and the borders.
    job : Job
        Progress and cancel.

    Returns
    -------
    Alignment
        The aligned movie (lazy) and the drift.

    Raises
    ------
    MovieError
        When what is left to compare is smaller than 16 pixels, or cropping leaves nothing.
    """
    region = _region(movie, settings)
    curve, message = measured_drift(
        movie,
        region,
        reference=settings.reference,
        sigma=settings.sigma,
        largest_jump=settings.largest_jump,
        outlier_threshold=settings.outlier_threshold,
        check=settings.check,
        job=job,
    )
    job.log(message)
    shifts = curve.shift - curve.shift[0]
    aligned, offset = _aligned(movie, shifts, settings.border)
    return Alignment(aligned, _table(curve, shifts), offset, message)


def _region(movie: Movie, settings: AlignSettings) -> tuple[slice, slice]:
    height, width = movie.frame_shape
    rows = slice(settings.ignore_top, height - settings.ignore_bottom)
    columns = slice(settings.ignore_left, width - settings.ignore_right)
    smallest = min(rows.stop - rows.start, columns.stop - columns.start)
    if smallest < _SMALLEST and movie.n_frames > 1:
        raise MovieError(
            f"Only {max(smallest, 0)} pixels are left to compare; drift needs at least "
            f"{_SMALLEST}. Ignore less at the borders, or skip Align."
        )
    return rows, columns


def _table(curve: DriftCurve, shifts: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "frame": np.arange(len(shifts)),
            "drift_y": shifts[:, 0],
            "drift_x": shifts[:, 1],
            "quality": curve.quality,
            "interpolated": curve.interpolated,
        }
    )


def _aligned(movie: Movie, shifts: np.ndarray, border: str) -> tuple[Movie, tuple[int, int]]:
    """Return the movie that moves its frames as they are read, and where it begins."""
    if not shifts.any():
        return movie, (0, 0)
    height, width = movie.frame_shape
    area = common_area(movie.frame_shape, shifts)
    part = (area[0].stop - area[0].start) * (area[1].stop - area[1].start) / (height * width)
    if border == "crop" and part == 0:
        raise MovieError(
            "No part of the scene is in view in every frame, so nothing is left after cropping. "
            "Choose to fill the borders, or cut the movie shorter under Calibrate."
        )
    if border == "fill" or (border == "automatic" and part < _CROP_UP_TO):
        area = (slice(0, height), slice(0, width))
    offset = (area[0].start, area[1].start)
    shape = (area[0].stop - area[0].start, area[1].stop - area[1].start)
    moves = shifts + np.array(offset)
    aligned = movie.replace(data=moved_frames(movie.data, moves, shape))
    return aligned.moved(*offset), offset
