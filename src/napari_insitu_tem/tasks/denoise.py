"""Denoise: less noise, classically; the learned denoiser has a dock of its own."""

from __future__ import annotations

from typing import Literal

import numpy as np

from napari_insitu_tem.analysis import denoise as methods
from napari_insitu_tem.analysis.camera_noise import CameraNoise
from napari_insitu_tem.analysis.variance_stabilisation import (
    CountingNoise,
    estimate_counting_noise,
)
from napari_insitu_tem.io.cameras import load_camera
from napari_insitu_tem.io.store import as_dask, write_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.settings import Settings, SettingsError, setting
from napari_insitu_tem.tasks.registry import task

__all__ = ["DenoiseSettings", "denoise"]

_SAMPLES = 5
_ADAPTIVE = ("total variation", "non-local means", "wavelets")
_LAST = ("mean of last frames", "sum of last frames")


class DenoiseSettings(Settings):
    """Method, its extent, and the noise of the camera."""

    method: Literal[
        "gaussian",
        "mean of last frames",
        "sum of last frames",
        "median",
        "total variation",
        "non-local means",
        "wavelets",
    ] = setting(
        "total variation",
        title="Method",
        description="Total variation keeps edges and finds its strength from the noise; the "
        "mean or sum of the last frames keeps sharpness but smears what moves; the median "
        "removes single bright pixels.",
    )
    strength: float = setting(
        1.0,
        title="Strength",
        description="1 is matched to the noise found in each frame; more smooths more.",
        gt=0,
        le=20,
        step=0.1,
        shown_when={"method": _ADAPTIVE},
    )
    frames: int = setting(
        5,
        title="Frames",
        description="How many frames, the present one and those before it. At the start, where "
        "there are fewer, the mean is of those there are, and the sum is scaled to the full "
        "number.",
        unit="frames",
        ge=1,
        le=1000,
        shown_when={"method": _LAST},
    )
    sigma: float = setting(
        1.0,
        title="In space",
        description="Standard deviation of the Gaussian in space; 0 smooths in time only.",
        unit="px",
        ge=0,
        le=100,
        step=0.25,
        shown_when={"method": ("gaussian",)},
    )
    sigma_time: float = setting(
        1.0,
        title="In time",
        description="Standard deviation of the Gaussian in time; 0 takes each frame by itself.",
        unit="frames",
        ge=0,
        le=100,
        step=0.25,
        shown_when={"method": ("gaussian",)},
    )
    median_size: int = setting(
        3,
        title="Square",
        description="Edge of the square of pixels that the median is taken over; an even number "
        "is taken as the next odd one, 1 takes the median over time only.",
        unit="px",
        ge=1,
        le=25,
        shown_when={"method": ("median",)},
    )
    median_frames: int = setting(
        1,
        title="Frames around",
        description="How many frames the median is taken over, the present one in the middle; "
        "an even number is taken as the next odd one.",
        unit="frames",
        ge=1,
        le=99,
        shown_when={"method": ("median",)},
    )
    stabilise: Literal["automatic", "on", "off"] = setting(
        "automatic",
        title="Counted electrons",
        description="Even out the noise of counted electrons (which grows with brightness) "
        "before denoising, and undo it without bias. Automatic does so for the methods that "
        "need it.",
    )
    camera: str | None = setting(
        None,
        title="Camera",
        description="Name of a camera that was fitted under Detector (or the path of its .json "
        "file). Its blur, gain, offset and readout noise are then known, which makes total "
        "variation, non-local means and wavelets better. Only for the recording as the camera "
        "gave it, neither binned nor aligned.",
        none_means="not known",
        shown_when={"stabilise": ("automatic", "on")},
    )
    gain: float | None = setting(
        None,
        title="Gain",
        description="Counts in the movie for one electron.",
        gt=0,
        none_means="from the movie",
        advanced=True,
        shown_when={"stabilise": ("automatic", "on")},
    )
    offset: float | None = setting(
        None,
        title="Offset",
        description="Counts of a pixel that no electron hit. Only used together with a gain.",
        none_means="0",
        advanced=True,
        shown_when={"stabilise": ("automatic", "on")},
    )
    readout_noise: float | None = setting(
        None,
        title="Readout noise",
        description="Standard deviation of a pixel that no electron hit, in counts. Only used "
        "together with a gain.",
        ge=0,
        none_means="0",
        advanced=True,
        shown_when={"stabilise": ("automatic", "on")},
    )

    @property
    def context(self) -> tuple[int, int]:
        """Frames needed before and after, by method."""
        if self.method in _LAST:
            return self.frames - 1, 0
        if self.method == "gaussian":
            reach = methods.gaussian_reach(self.sigma_time)
            return reach, reach
        if self.method == "median":
            return self.median_frames // 2, self.median_frames // 2
        return 0, 0


@task(title="Denoise", previews=True, result="denoised")
def denoise(movie: Movie, settings: DenoiseSettings = DenoiseSettings(), job: Job = Job()) -> Movie:
    """Reduce the noise of a movie, frame by frame.

    Parameters
    ----------
    movie : Movie
        Never wholly in memory. NaN is replaced by the frame's median.
    settings : DenoiseSettings
        Method and extent.
    job : Job
        Progress and cancel.

    Returns
    -------
    Movie
        float32, on the scale of the input, whose mean stays; only the sum of n frames is n
        times brighter, and its dose is n times that of a frame.

    Raises
    ------
    CameraError
        When there is no such camera.
    SettingsError
        When both a camera and a gain are given.
    """
    noise = _camera(movie, settings)
    before, after = settings.context

    def prepared(frame: np.ndarray) -> np.ndarray:
        frame = methods.fill_missing(frame)
        return frame if noise is None else noise.stabilise(frame)

    def one(window: methods.Window) -> np.ndarray:
        result = _filtered(window, settings)
        return scale * (result if noise is None else noise.restore(result))

    scale = np.float32(settings.frames if settings.method == "sum of last frames" else 1)
    around = methods.windows(map(prepared, movie.iter_frames()), before, after)
    results = job.map(one, around, "Denoising", movie.n_frames)
    data = as_dask(write_frames(results, movie.data.shape, np.float32))
    dose = movie.dose * float(scale) if movie.dose is not None else None
    return movie.replace(data=data, dose=dose, name=movie.name)


def _camera(movie: Movie, settings: DenoiseSettings) -> CountingNoise | CameraNoise | None:
    """Return the noise to even out, or None when there is nothing to."""
    if settings.camera is not None and settings.gain is not None:
        raise SettingsError(
            "Both a camera and a gain are given; they would set the same thing. Leave one of them "
            "out."
        )
    wanted = (
        settings.method in _ADAPTIVE
        if settings.stabilise == "automatic"
        else (settings.stabilise == "on")
    )
    if not wanted:
        return None
    if settings.gain is not None:
        return CountingNoise(settings.gain, settings.offset or 0.0, settings.readout_noise or 0.0)
    indices = np.unique(np.linspace(0, movie.n_frames - 1, _SAMPLES).round().astype(int))
    samples = [methods.fill_missing(movie.frame(i)) for i in indices]
    if settings.camera is None:
        return estimate_counting_noise(samples)
    camera = load_camera(settings.camera)
    return CameraNoise(
        camera.c1,
        camera.c2,
        camera.c3,
        camera.gain,
        camera.offset,
        camera.readout_noise * camera.gain,
        level=float(np.mean([sample.mean() for sample in samples])),
    )


def _filtered(window: methods.Window, settings: DenoiseSettings) -> np.ndarray:
    frame = window.frames[window.centre]
    match settings.method:
        case "mean of last frames" | "sum of last frames":
            return methods.mean_of_window(window)
        case "gaussian":
            return methods.denoise_gaussian(
                window, sigma=settings.sigma, sigma_time=settings.sigma_time
            )
        case "median":
            return methods.denoise_median(window, size=settings.median_size // 2 * 2 + 1)
        case "total variation":
            return methods.denoise_total_variation(frame, strength=settings.strength)
        case "non-local means":
            return methods.denoise_non_local_means(frame, strength=settings.strength)
        case "wavelets":
            return methods.denoise_wavelets(frame, strength=settings.strength)
