"""The classical methods, on a frame and those around it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_insitu_tem.analysis import denoise as methods
from napari_insitu_tem.analysis.camera_noise import CameraNoise
from napari_insitu_tem.analysis.variance_stabilisation import CountingNoise
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.denoise.settings import DenoiseSettings

__all__ = ["denoised", "filtered"]


def denoised(
    movie: Movie, noise: CountingNoise | CameraNoise | None, settings: DenoiseSettings, job: Job
) -> Iterator[np.ndarray]:
    """Yield every frame with less noise; `noise` is evened out before and put back after."""

    def prepared(frame: np.ndarray) -> np.ndarray:
        frame = methods.fill_missing(frame)
        return frame if noise is None else noise.stabilise(frame)

    def one(window: methods.Window) -> np.ndarray:
        result = filtered(window, settings)
        return result if noise is None else noise.restore(result)

    around = methods.windows(map(prepared, movie.iter_frames()), *settings.context)
    return job.map(one, around, "Denoising", movie.n_frames)


def filtered(window: methods.Window, settings: DenoiseSettings) -> np.ndarray:
    """Return the frame in the middle of a window, with less noise."""
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
        case _:
            raise ValueError(f"'{settings.method}' is no classical method.")
