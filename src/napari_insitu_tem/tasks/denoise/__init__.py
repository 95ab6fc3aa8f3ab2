"""Denoise: less noise, classically, by a network, or by one that learns from the movie itself."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from napari_insitu_tem.io.store import as_dask, write_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.denoise.camera import noise_of
from napari_insitu_tem.tasks.denoise.settings import CLASSICAL, DenoiseSettings
from napari_insitu_tem.tasks.registry import task

__all__ = ["DenoiseSettings", "denoise"]


@task(title="Denoise", previews=True, result="denoised")
def denoise(movie: Movie, settings: DenoiseSettings = DenoiseSettings(), job: Job = Job()) -> Movie:
    """Reduce the noise of a movie.

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
        When both a camera and a gain are given, or there are too few frames to learn from.
    ModelError
        When there is no such network, or the name to keep one under is taken.
    """
    by = "classical" if settings.method in CLASSICAL else "learned"
    # Loaded only now: torch takes its time.
    way = import_module(f"napari_insitu_tem.tasks.denoise.{by}")
    frames = way.denoised(movie, noise_of(movie, settings), settings, job)
    times = settings.frames if settings.method == "sum of last frames" else 1
    results = (np.float32(times) * frame for frame in frames) if times > 1 else frames
    data = as_dask(write_frames(results, movie.data.shape, np.float32))
    dose = movie.dose * times if movie.dose is not None else None
    return movie.replace(data=data, dose=dose, name=movie.name)
