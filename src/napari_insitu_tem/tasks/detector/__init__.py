"""Detector: a camera's transfer function, gain and dose, from what vacuum looks like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_insitu_tem.analysis.noise_power import (
    NoisePower,
    NoisePowerEstimator,
    window_corners,
)
from napari_insitu_tem.analysis.transfer_fit import TransferFit, fit_transfer
from napari_insitu_tem.analysis.vacuum import Vacuum, find_vacuum, tile_size
from napari_insitu_tem.io.cameras import save_camera
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.settings import Settings, SettingsError, setting
from napari_insitu_tem.tasks.detector.fit import DetectorFit, square_angstroms
from napari_insitu_tem.tasks.detector.words import doubts, doubts_of_fit, no_vacuum, summary
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DetectorFit", "DetectorFitSettings", "detector", "search_vacuum"]

_SMALLEST = 32
_RUNS = 12
_RECTANGLE = {"region": ("rectangle",)}


class DetectorFitSettings(Settings):
    """Where the vacuum is, and what is known of the camera."""

    region: Literal["automatic", "whole frame", "rectangle"] = setting(
        "automatic",
        title="Vacuum",
        description="Where nothing but the beam is. Automatic finds the parts of the frame that "
        "show only noise; choose the whole frame for a recording of vacuum.",
    )
    top: int = setting(
        0,
        title="Top",
        description="First row of the rectangle.",
        unit="px",
        ge=0,
        shown_when=_RECTANGLE,
    )
    left: int = setting(
        0,
        title="Left",
        description="First column of the rectangle.",
        unit="px",
        ge=0,
        shown_when=_RECTANGLE,
    )
    height: int | None = setting(
        None,
        title="Height",
        description="Rows of the rectangle.",
        unit="px",
        ge=_SMALLEST,
        none_means="to the bottom",
        shown_when=_RECTANGLE,
    )
    width: int | None = setting(
        None,
        title="Width",
        description="Columns of the rectangle.",
        unit="px",
        ge=_SMALLEST,
        none_means="to the right",
        shown_when=_RECTANGLE,
    )
    offset: float | None = setting(
        None,
        title="Offset",
        description="Reading of a pixel without beam: the mean of a dark frame. Gain and dose are "
        "wrong without it.",
        unit="counts",
        none_means="0",
    )
    readout_noise: float | None = setting(
        None,
        title="Readout noise",
        description="Standard deviation of a pixel without beam, from a dark frame. It makes the "
        "other values more certain; it is found from the spectrum otherwise.",
        unit="counts",
        ge=0,
        none_means="found",
        advanced=True,
    )
    save_as: str | None = setting(
        None,
        title="Save as camera",
        description="Name under which the camera is kept for simulating and denoising; an older "
        "one of that name is replaced.",
        none_means="not saved",
        advanced=True,
    )


@task(title="Detector", result="with dose")
def detector(
    movie: Movie, settings: DetectorFitSettings = DetectorFitSettings(), job: Job = Job()
) -> DetectorFit:
    """Find a camera's transfer function, gain and dose per frame from vacuum.

    Parameters
    ----------
    movie : Movie
        As the camera gave it; read once, frame by frame, and a few frames more to find vacuum.
    settings : DetectorFitSettings
        Where the vacuum is, and what is known of the camera.
    job : Job
        Progress and cancel.

    Returns
    -------
    DetectorFit
        The camera, and the movie with the dose of every frame.

    Raises
    ------
    MovieError
        When there is no vacuum, or the frames are too small.
    SettingsError
        When the rectangle does not lie in the frame.
    TransferFitError
        When the frames do not differ, or the signal is not above the offset.
    """
    rows, columns = _rectangle(movie, settings)
    part = movie.crop(rows, columns)
    vacuum = search_vacuum(part, job)
    notes = doubts(movie, vacuum, settings.region)
    if settings.region == "automatic":
        if not vacuum.empty.any():
            raise MovieError(no_vacuum(movie, vacuum))
        mask = vacuum.mask
    else:
        mask = np.ones(part.frame_shape, bool)
    noise = _noise_power(part, mask, vacuum, job)
    fit = fit_transfer(
        noise,
        offset=settings.offset or 0.0,
        readout_noise=settings.readout_noise,
        rounded=np.dtype(movie.data.dtype).kind in "ui",
    )
    whole = np.zeros(movie.frame_shape, bool)
    whole[rows, columns] = mask
    kind = np.dtype(movie.data.dtype).name
    found = DetectorFit(
        _with_dose(movie, fit, noise),
        fit,
        noise,
        whole,
        kind if kind in ("uint8", "uint16") else "float32",
        " ".join([summary(fit, noise, vacuum, settings), *notes, *doubts_of_fit(fit, noise)]),
    )
    if settings.save_as is not None:
        path = save_camera(found.camera(settings.save_as))
        job.log(f"Saved the camera '{path.stem}'.")
    job.log(found.message)
    return found


def search_vacuum(movie: Movie, job: Job) -> Vacuum:
    """Look for tiles of a movie that show nothing but noise.

    Raises
    ------
    MovieError
        When frames are smaller than 32 pixels.
    """
    tile = tile_size(movie.frame_shape)
    if tile is None:
        height, width = movie.frame_shape
        raise MovieError(
            f"{width} × {height} px are too few to learn a camera from; at least {_SMALLEST} × "
            f"{_SMALLEST} are needed."
        )
    count = min(_RUNS, max(1, movie.n_frames // 2))
    starts = np.unique(np.linspace(0, max(movie.n_frames - 2, 0), count).round().astype(int))

    def runs() -> Iterator[list[np.ndarray]]:
        for start in job.track(starts, "Looking for vacuum"):
            yield [movie.frame(at) for at in range(start, min(start + 2, movie.n_frames))]

    return find_vacuum(runs(), tile, job)


def _rectangle(movie: Movie, settings: DetectorFitSettings) -> tuple[slice, slice]:
    height, width = movie.frame_shape
    if settings.region != "rectangle":
        return slice(0, height), slice(0, width)
    bottom = height if settings.height is None else settings.top + settings.height
    right = width if settings.width is None else settings.left + settings.width
    if bottom > height or right > width or settings.top >= bottom or settings.left >= right:
        raise SettingsError(
            f"The rectangle (rows {settings.top} to {bottom}, columns {settings.left} to {right}) "
            f"does not lie in the frame of {width} × {height} px. Draw it again."
        )
    return slice(settings.top, bottom), slice(settings.left, right)


def _noise_power(movie: Movie, mask: np.ndarray, vacuum: Vacuum, job: Job) -> NoisePower:
    corners = window_corners(mask, vacuum.tile)
    # What stays is taken out best by the frames just before, in case it drifts; three of them
    # tell it from frames that were averaged.
    block = {"block": 3} if vacuum.faint_pattern else {}
    estimator = NoisePowerEstimator(corners, vacuum.tile, **block)
    for frame in job.track(movie.iter_frames(), "Measuring noise", movie.n_frames):
        estimator.add(frame)
    return estimator.result()


def _with_dose(movie: Movie, fit: TransferFit, noise: NoisePower) -> Movie:
    """Return the movie with the dose of every frame in its table, and their mean."""
    import pandas as pd

    electrons = (noise.frame_means - fit.offset) / fit.gain
    frames: pd.DataFrame = (
        pd.DataFrame(index=range(movie.n_frames)) if movie.frames is None else movie.frames
    )
    frames = frames.assign(dose_e_per_px=electrons)
    dose = movie.dose
    if movie.pixel_size:
        frames["dose_e_per_A2"] = electrons / square_angstroms(movie.pixel_size)
        dose = float(np.nanmean(frames["dose_e_per_A2"]))
    return movie.replace(frames=frames, dose=dose)
