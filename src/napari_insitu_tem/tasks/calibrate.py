"""Calibrate: say how large a pixel and how long a frame is; crop, cut and bin."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_insitu_tem.analysis.binning import bin_movie, bin_origin, bin_rows
from napari_insitu_tem.analysis.scale_bar import find_scale_bar
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.settings import Settings, SettingsError, setting
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CalibrateSettings", "calibrate"]


class CalibrateSettings(Settings):
    """Calibration and extent of a movie; every value is of the movie as it was opened."""

    pixel_size: float | None = setting(
        None,
        title="Pixel size",
        description="Edge of a pixel of the movie as it was opened (before binning).",
        unit="nm",
        gt=0,
        step=0.001,
        none_means="as in the file",
    )
    frame_time: float | None = setting(
        None,
        title="Frame time",
        description="Time from one frame to the next (before frames are binned).",
        unit="s",
        gt=0,
        step=0.001,
        none_means="as in the file",
    )
    dose: float | None = setting(
        None,
        title="Dose",
        description="Electrons per square ångström and frame (before frames are binned).",
        unit="e/Å²",
        gt=0,
        step=1,
        none_means="as in the file",
    )
    scale_bar_length: float | None = setting(
        None,
        title="Scale bar says",
        description="The length printed at the burned-in scale bar; the pixel size follows.",
        unit="nm",
        gt=0,
        step=10,
        none_means="no scale bar",
    )
    scale_bar_pixels: float | None = setting(
        None,
        title="Scale bar measures",
        description="Its length in pixels, for example from a line drawn over it. Found in the "
        "first frame when left automatic.",
        unit="px",
        gt=0,
        step=1,
        none_means="found in the frame",
    )
    crop_top: int = setting(
        0, title="Crop at the top", description="Rows to take away at the top.", unit="px", ge=0
    )
    crop_bottom: int = setting(
        0,
        title="Crop at the bottom",
        description="Rows to take away at the bottom, for example a burned-in banner.",
        unit="px",
        ge=0,
    )
    crop_left: int = setting(
        0,
        title="Crop at the left",
        description="Columns to take away at the left.",
        unit="px",
        ge=0,
    )
    crop_right: int = setting(
        0,
        title="Crop at the right",
        description="Columns to take away at the right.",
        unit="px",
        ge=0,
    )
    first_frame: int = setting(
        0, title="First frame", description="First frame to keep, counted from 0.", ge=0
    )
    last_frame: int | None = setting(
        None,
        title="Last frame",
        description="Last frame to keep, counted from 0; it is kept itself.",
        ge=0,
        none_means="the end",
    )
    bin: int = setting(
        1,
        title="Bin pixels",
        description="Join squares of so many by so many pixels into one.",
        unit="px",
        ge=1,
    )
    bin_frames: int = setting(
        1,
        title="Bin frames",
        description="Join so many successive frames into one.",
        unit="frames",
        ge=1,
    )
    bin_by: Literal["mean", "sum"] = setting(
        "mean",
        title="Bin by",
        description="The mean keeps the greys; the sum keeps the counts, for counted electrons. "
        "Either way a binned frame has the dose of all frames in it.",
        advanced=True,
    )
    time_axis: Literal[0, 1, 2] | None = setting(
        None,
        title="Time axis",
        description="Which axis of the opened data is time, when a file was read wrongly: 0, 1 "
        "or 2. Calibration from the file is then dropped, since it was of other axes.",
        none_means="as opened",
        advanced=True,
    )


@task(title="Calibrate", result="calibrated")
def calibrate(
    movie: Movie, settings: CalibrateSettings = CalibrateSettings(), job: Job = Job()
) -> Movie:
    """Set the pixel size, frame time and dose; crop, cut and bin the movie.

    Nothing is computed before it is needed. In this order: the time axis is put first, the
    calibration set (a scale bar is looked for in the whole first frame), then the movie is
    cut in time, cropped, and binned. Rows, columns and frames at the end that do not fill a
    bin are left out.

    Binning by n pixels makes the pixel size n times as large; binning n frames makes the
    frame time and the dose of a frame n times as large, by sum and by mean alike, since the
    dose says what the specimen received. Rows of the table of frames are averaged.

    Parameters
    ----------
    movie : Movie
        As it was opened.
    settings : CalibrateSettings
        What to set.
    job : Job
        Takes messages.

    Returns
    -------
    Movie
        Its data are a view or a dask array; nothing is read but a frame with a scale bar.

    Raises
    ------
    MovieError
        When a crop or cut leaves nothing, or no scale bar is found.
    SettingsError
        When a pixel size and a scale bar are both given.
    """
    movie = _time_first(movie, settings, job)
    movie = _calibrated(movie, settings, job)
    movie = _cut(movie, settings, job)
    movie = _cropped(movie, settings)
    return _binned(movie, settings, job)


def _time_first(movie: Movie, settings: CalibrateSettings, job: Job) -> Movie:
    if not settings.time_axis:
        return movie
    job.log(
        f"Axis {settings.time_axis} is now time. What the file said of pixel size and frame time "
        "belonged to other axes and was dropped."
    )
    return movie.replace(
        data=np.moveaxis(movie.data, settings.time_axis, 0)
        if isinstance(movie.data, np.ndarray)
        else movie.data.transpose(
            settings.time_axis, *(axis for axis in range(3) if axis != settings.time_axis)
        ),
        pixel_size=None,
        frame_time=None,
        frames=None,
        origin=(0.0, 0.0),
    )


def _calibrated(movie: Movie, settings: CalibrateSettings, job: Job) -> Movie:
    changes: dict[str, Any] = {}
    pixel_size = settings.pixel_size
    if settings.scale_bar_length is not None:
        if pixel_size is not None:
            raise SettingsError(
                "Both a pixel size and a scale bar are given; they would set the same thing. "
                "Leave one of them automatic."
            )
        pixel_size = settings.scale_bar_length / _bar_pixels(movie, settings, job)
    elif settings.scale_bar_pixels is not None:
        raise SettingsError(
            "The scale bar has been measured, but not what is printed at it: enter its length "
            "in nm as well (scale_bar_length)."
        )
    if pixel_size is not None:
        changes["pixel_size"] = pixel_size
    if settings.dose is not None:
        changes["dose"] = settings.dose
    if settings.frame_time is not None:
        changes["frame_time"] = settings.frame_time
        if movie.frames is not None and "time_s" in movie.frames:
            job.log("The frames' own times were replaced by the frame time that was set.")
            changes["frames"] = movie.frames.assign(
                time_s=np.arange(movie.n_frames) * settings.frame_time
            )
    return movie.replace(**changes) if changes else movie


def _bar_pixels(movie: Movie, settings: CalibrateSettings, job: Job) -> float:
    if settings.scale_bar_pixels is not None:
        return settings.scale_bar_pixels
    bar = find_scale_bar(movie.frame(0))
    if bar is None:
        raise MovieError(
            f"No scale bar was found in the first frame of '{movie.name}'. Draw a line over it, "
            "or enter its length in pixels (scale_bar_pixels) or the pixel size itself."
        )
    job.log(f"Found a scale bar of {bar.length:.4g} px at x = {bar.x:g}, y = {bar.y:g}.")
    return bar.length


def _cut(movie: Movie, settings: CalibrateSettings, job: Job) -> Movie:
    first, last = settings.first_frame, settings.last_frame
    last = movie.n_frames - 1 if last is None else last
    if first >= movie.n_frames:
        raise MovieError(
            f"'{movie.name}' has {movie.n_frames} frames, counted from 0; there is no frame "
            f"{first} to begin with."
        )
    if last < first:
        raise MovieError(
            f"The cut is empty: its last frame ({last}) comes before its first ({first})."
        )
    if last >= movie.n_frames:
        job.log(f"The movie ends with frame {movie.n_frames - 1}; the cut ends there.")
        last = movie.n_frames - 1
    if (first, last) == (0, movie.n_frames - 1):
        return movie
    return movie.select(first, last + 1).replace(metadata=_later_start(movie, first))


def _later_start(movie: Movie, first: int) -> Any:
    """Return the metadata with the clock time of the new first frame.

    Only where frames have no times of their own: those still count from the old start.
    """
    start = movie.metadata.get("start_time")
    if not first or start is None or (movie.frames is not None and "time_s" in movie.frames):
        return movie.metadata
    metadata = {key: value for key, value in movie.metadata.items() if key != "start_time"}
    if movie.frame_time is not None:
        try:
            began = datetime.fromisoformat(str(start))
        except ValueError:
            return metadata
        metadata["start_time"] = (began + timedelta(seconds=first * movie.frame_time)).isoformat()
    return metadata


def _cropped(movie: Movie, settings: CalibrateSettings) -> Movie:
    height, width = movie.frame_shape
    for length, low, high, what in (
        (height, settings.crop_top, settings.crop_bottom, ("top", "bottom", "rows")),
        (width, settings.crop_left, settings.crop_right, ("left", "right", "columns")),
    ):
        if low + high >= length:
            raise MovieError(
                f"The crop is larger than the frame: {low} px at the {what[0]} and {high} px at "
                f"the {what[1]} leave nothing of {length} {what[2]}."
            )
    top, left = settings.crop_top, settings.crop_left
    bottom, right = height - settings.crop_bottom, width - settings.crop_right
    if (top, left, bottom, right) == (0, 0, height, width):
        return movie
    return movie.crop(slice(top, bottom), slice(left, right))


def _binned(movie: Movie, settings: CalibrateSettings, job: Job) -> Movie:
    size, count = settings.bin, settings.bin_frames
    if size == 1 and count == 1:
        return movie
    if size > min(movie.frame_shape) or count > movie.n_frames:
        height, width = movie.frame_shape
        raise MovieError(
            f"A bin of {count} × {size} × {size} (frames, rows, columns) is larger than the "
            f"movie of {movie.n_frames} × {height} × {width}."
        )
    left_out = movie.n_frames % count
    if left_out:
        job.log(f"The last {left_out} of {movie.n_frames} frames do not fill a bin: left out.")
    frames: pd.DataFrame | None = movie.frames
    return movie.replace(
        data=bin_movie(movie.data, size, count, settings.bin_by),
        pixel_size=movie.pixel_size and movie.pixel_size * size,
        frame_time=movie.frame_time and movie.frame_time * count,
        dose=movie.dose and movie.dose * count,
        frames=frames if frames is None else bin_rows(frames, count),
        origin=bin_origin(movie.origin, size),
    )
