"""What is expected of a raw movie: its noise, its brightness scale, the dose of its frames."""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.quality.noise import (
    ExpectedNoise,
    noise_between_frames,
    noise_of_camera,
    noise_of_frame,
)
from napari_insitu_tem.analysis.quality.reference import match_affine
from napari_insitu_tem.io.cameras import Camera
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Compared
from napari_insitu_tem.tasks.quality.settings import QualitySettings

__all__ = ["brightness_scale", "doses", "expected_noise", "sampled", "signal_range"]

_PAIRS = 12
_SAMPLES = 5
_RANGE = (0.1, 99.9)


def sampled(movie: Movie, count: int = _SAMPLES) -> np.ndarray:
    """Return the numbers of a few frames, spread over the movie."""
    return np.unique(np.linspace(0, movie.n_frames - 1, count).round().astype(int))


def expected_noise(raw: Movie, camera: Camera | None, settings: QualitySettings) -> ExpectedNoise:
    """Return the noise of a raw movie, from the camera, its frames, or its only frame."""
    if camera is not None:
        level = float(np.mean([fill_missing(raw.frame(i)).mean() for i in sampled(raw)]))
        noise = noise_of_camera(
            camera.c1,
            camera.c2,
            camera.c3,
            gain=camera.gain,
            offset=camera.offset,
            readout=camera.readout_noise * camera.gain,
            level=level,
        )
    elif raw.n_frames == 1:
        noise = noise_of_frame(fill_missing(raw.frame(0)))
    else:
        starts = np.unique(
            np.linspace(0, raw.n_frames - 2, min(_PAIRS, raw.n_frames - 1)).round().astype(int)
        )
        noise = noise_between_frames(
            [(fill_missing(raw.frame(i)), fill_missing(raw.frame(i + 1))) for i in starts]
        )
    return noise.independent() if settings.correlation == "none" else noise


def brightness_scale(
    compared: Compared, noise: ExpectedNoise, settings: QualitySettings
) -> tuple[float, float]:
    """Return gain and offset that bring the denoised movie to the raw one's scale; 1 and 0.

    They are only other than 1 and 0 where asked for, or, automatically, where the scales clearly
    differ: the mean by more than the noise, or the contrast by more than a factor of two upwards.
    Contrast that a denoiser took away is no other scale, and is left to be seen.
    """
    if settings.scale == "leave":
        return 1.0, 0.0
    numbers = sampled(compared.movie)
    denoised, raw = (
        np.stack([fill_missing(movie.frame(i)) for i in numbers]).astype(np.float64)
        for movie in (compared.movie, compared.raw)
    )
    gain, offset = match_affine(denoised, raw)
    if settings.scale == "match":
        return gain, offset
    deviation = float(np.sqrt(noise.variance(np.array([raw.mean()]))[0]))
    alike = abs(denoised.mean() - raw.mean()) <= deviation
    contrast = denoised.std() <= 2 * raw.std()
    return (1.0, 0.0) if alike and contrast else (gain, offset)


def signal_range(compared: Compared, scale: tuple[float, float]) -> float:
    """Return the peak of PSNR without a reference, in the raw movie's counts.

    The range of the reference where there is one, brought to that scale; else the denoised
    movie's between its 0.1 and 99.9 percentiles.
    """
    numbers = sampled(compared.movie)
    denoised = np.stack([fill_missing(compared.movie.frame(i)) for i in numbers])
    reference = compared.reference
    if reference is None:
        low, high = np.percentile(denoised, _RANGE)
        found = float(high - low)
    else:
        truth = np.stack([fill_missing(reference.frame(min(i, reference.n_frames - 1)))
                          for i in numbers])  # fmt: skip
        found = reference_range(reference) * abs(match_affine(truth, denoised)[0])
    return max(abs(scale[0]) * found, 1e-12)


def reference_range(reference: Movie) -> float:
    """Return the range of a reference, over a few frames."""
    parts = [fill_missing(reference.frame(i)) for i in sampled(reference)]
    low, high = min(float(part.min()) for part in parts), max(float(part.max()) for part in parts)
    return high - low if high > low else 1.0


def doses(raw: Movie, camera: Camera | None, means: np.ndarray) -> dict[str, np.ndarray]:
    """Return the dose of every frame by column name, from what is known of it; possibly none.

    Parameters
    ----------
    raw : Movie
        With doses in its table, or a dose.
    camera : Camera, optional
        Makes electrons of counts.
    means : (t,) array
        Mean reading of every frame.
    """
    names = ("dose_e_per_px", "dose_e_per_A2")
    if raw.frames is not None and any(name in raw.frames for name in names):
        return {name: raw.frames[name].to_numpy(float) for name in names if name in raw.frames}
    found = {}
    if camera is not None:
        found["dose_e_per_px"] = (means - camera.offset) / camera.gain
        if raw.pixel_size:
            found["dose_e_per_A2"] = found["dose_e_per_px"] / (10 * raw.pixel_size) ** 2
    elif raw.dose is not None:
        found["dose_e_per_A2"] = np.full(len(means), raw.dose)
    return found
