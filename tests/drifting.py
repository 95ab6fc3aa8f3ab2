"""Drifting scenes for the tests: a random texture moved exactly, in Fourier space."""

import numpy as np


def texture(size: int, grain: float, rng: np.random.Generator) -> np.ndarray:
    """Spectrum of a periodic Gaussian random texture of unit variance."""
    spectrum = np.fft.rfft2(rng.normal(size=(size, size)))
    y, x = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)
    spectrum *= np.exp(-2 * np.pi**2 * grain**2 * (y**2 + x**2))
    return spectrum / np.fft.irfft2(spectrum).std()


def drifting(
    drift: np.ndarray,
    size: int = 128,
    *,
    grain: float = 2.0,
    noise: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Frames of a texture displaced by `drift` (n, 2), with white noise; mean 100."""
    rng = np.random.default_rng(seed)
    spectrum = texture(2 * size, grain, rng)
    y, x = np.fft.fftfreq(2 * size)[:, None], np.fft.rfftfreq(2 * size)
    frames = np.empty((len(drift), size, size), np.float32)
    for index, (dy, dx) in enumerate(drift):
        moved = np.fft.irfft2(spectrum * np.exp(-2j * np.pi * (y * dy + x * dx)))
        frames[index] = 100 + moved[:size, :size] + noise * rng.normal(size=(size, size))
    return frames


def walk(n: int, step: float = 0.6, trend: float = 0.05, seed: int = 1) -> np.ndarray:
    """A drift that wanders, from (0, 0)."""
    rng = np.random.default_rng(seed)
    path = np.cumsum(rng.normal(0, step, (n, 2)) + trend, axis=0)
    return path - path[0]


def discs(
    centres: np.ndarray, size: int, radius: float, *, noise: float = 0.7, seed: int = 0
) -> np.ndarray:
    """Dark discs at ``centres[frame, particle]`` on a bright, featureless ground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    frames = 100 + noise * rng.normal(size=(len(centres), size, size))
    for frame, places in zip(frames, centres, strict=True):
        for cy, cx in places:
            frame -= 3 / (1 + np.exp(2 * (np.hypot(y - cy, x - cx) - radius)))
    return frames.astype(np.float32)
