"""The noise that is evened out before denoising."""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.analysis import denoise as methods
from napari_insitu_tem.analysis.camera_noise import CameraNoise
from napari_insitu_tem.analysis.variance_stabilisation import (
    CountingNoise,
    estimate_counting_noise,
)
from napari_insitu_tem.io.cameras import load_camera
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.denoise.settings import ADAPTIVE, DenoiseSettings

__all__ = ["noise_of", "some_frames"]

_SAMPLES = 5


def noise_of(movie: Movie, settings: DenoiseSettings) -> CountingNoise | CameraNoise | None:
    """Return the noise to even out, or None when there is nothing to."""
    if settings.camera is not None and settings.gain is not None:
        raise SettingsError(
            "Both a camera and a gain are given; they would set the same thing. Leave one of them "
            "out."
        )
    wanted = (
        settings.method in ADAPTIVE
        if settings.stabilise == "automatic"
        else (settings.stabilise == "on")
    )
    if not wanted:
        return None
    if settings.gain is not None:
        return CountingNoise(settings.gain, settings.offset or 0.0, settings.readout_noise or 0.0)
    samples = some_frames(movie)
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


def some_frames(movie: Movie) -> list[np.ndarray]:
    """Return a few frames, spread over the movie, without NaN."""
    indices = np.unique(np.linspace(0, movie.n_frames - 1, _SAMPLES).round().astype(int))
    return [methods.fill_missing(movie.frame(i)) for i in indices]
