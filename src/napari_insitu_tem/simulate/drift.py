"""Drift that is known exactly, and a textured scene that drifts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.movie import Movie

__all__ = ["DriftingScene", "drift_curve", "drifting_scene", "random_texture", "shifted"]


@dataclass(frozen=True, eq=False)
class DriftingScene:
    """A movie of one unchanging scene that drifts.

    Parameters
    ----------
    movie : Movie
        The noisy frames.
    drift : (t, 2) array
        Shift (dy, dx) of the scene in every frame against the first one, in pixels.
    scene : (y, x) array
        The first frame without noise.
    """

    movie: Movie
    drift: np.ndarray
    scene: np.ndarray


def drift_curve(
    n_frames: int, *, speed: float, jitter: float, rng: np.random.Generator
) -> np.ndarray:
    """Return a drift (t, 2) that starts at zero.

    A velocity of root-mean-square `speed` that changes over some 50 frames (an
    Ornstein-Uhlenbeck process) is added up; on it comes white `jitter` of that standard
    deviation on each axis. Both in pixels.
    """
    memory = np.exp(-1 / 50)
    kicks = rng.normal(size=(n_frames, 2)) * np.sqrt(1 - memory**2)
    velocity = np.zeros((n_frames, 2))
    velocity[0] = rng.normal(size=2)
    for index in range(1, n_frames):
        velocity[index] = memory * velocity[index - 1] + kicks[index]
    path = np.cumsum(velocity * speed / np.sqrt(2), axis=0)
    path += rng.normal(0, 1, (n_frames, 2)) * jitter
    return path - path[0]


def random_texture(
    shape: tuple[int, int], feature_size: float, rng: np.random.Generator
) -> np.ndarray:
    """Return the spectrum (for `shifted`) of a random texture of mean 0 and standard deviation 1.

    White noise under a Gaussian of standard deviation `feature_size` pixels, cut at 0.8 of the
    Nyquist frequency, so that sub-pixel shifts are exact.
    """
    import scipy.fft

    rows = scipy.fft.fftfreq(shape[0])[:, np.newaxis]
    columns = scipy.fft.rfftfreq(shape[1])[np.newaxis, :]
    frequency = np.hypot(rows, columns)
    spectrum = scipy.fft.rfft2(rng.normal(size=shape))
    spectrum *= np.exp(-2 * (np.pi * feature_size * frequency) ** 2) * (frequency < 0.4)
    spectrum[0, 0] = 0
    return spectrum / scipy.fft.irfft2(spectrum, s=shape).std()


def shifted(spectrum: np.ndarray, shape: tuple[int, int], shift: np.ndarray) -> np.ndarray:
    """Return the texture moved by (dy, dx) pixels; what leaves at one edge enters at the other."""
    import scipy.fft

    rows = scipy.fft.fftfreq(shape[0])[:, np.newaxis]
    columns = scipy.fft.rfftfreq(shape[1])[np.newaxis, :]
    phase = np.exp(-2j * np.pi * (rows * shift[0] + columns * shift[1]))
    return scipy.fft.irfft2(spectrum * phase, s=shape)


def drifting_scene(
    *,
    n_frames: int = 200,
    shape: tuple[int, int] = (256, 256),
    signal_to_noise: float = 1.0,
    speed: float = 0.3,
    jitter: float = 0.3,
    feature_size: float = 3.0,
    seed: int = 0,
) -> DriftingScene:
    """Simulate a textured scene under sub-pixel drift that is known exactly.

    Parameters
    ----------
    n_frames, shape : int, (int, int)
        Size of the movie.
    signal_to_noise : float
        Standard deviation of the scene without noise, divided by that of the (white, Gaussian)
        noise on one pixel of one frame.
    speed, jitter : float
        See `drift_curve`.
    feature_size : float
        See `random_texture`.
    seed : int
        Of the scene, the drift and the noise.

    Returns
    -------
    DriftingScene
        The scene is cut out of a larger one: nothing wraps around at the edges.
    """
    rng = np.random.default_rng([seed, 11])
    drift = drift_curve(n_frames, speed=speed, jitter=jitter, rng=rng)
    margin = int(np.ceil(np.abs(drift).max())) + 1
    large = (shape[0] + 2 * margin, shape[1] + 2 * margin)
    spectrum = random_texture(large, feature_size, rng)
    inner = (slice(margin, margin + shape[0]), slice(margin, margin + shape[1]))
    frames = np.empty((n_frames, *shape), np.float32)
    for index in range(n_frames):
        noise = rng.normal(0, 1 / signal_to_noise, shape)
        frames[index] = shifted(spectrum, large, drift[index])[inner] + noise
    return DriftingScene(
        Movie(frames, name="drifting scene"), drift, shifted(spectrum, large, np.zeros(2))[inner]
    )
