"""What lies behind and beside particles: illumination, film, membranes, bubbles, wrinkles."""

from __future__ import annotations

import numpy as np
import scipy.fft
from scipy import ndimage

__all__ = ["film", "illumination", "structure"]


def illumination(edge: int, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Return an illumination of mean 1 that varies smoothly by `amount` over the frame."""
    y, x = np.mgrid[-1 : 1 : edge * 1j, -1 : 1 : edge * 1j]
    slopes = rng.normal(size=5)
    field = slopes[0] * y + slopes[1] * x + slopes[2] * x * y
    field = field + slopes[3] * y**2 + slopes[4] * x**2
    field -= field.mean()
    largest = np.abs(field).max()
    return np.clip(1 + amount * field / largest, 0.1, None) if largest > 0 else 1 + 0 * field


def film(edge: int, rng: np.random.Generator) -> np.ndarray:
    """Return a random field of deviation 1 with a power-law spectrum, as support films have."""
    frequency = np.hypot(
        scipy.fft.fftfreq(edge)[:, np.newaxis], scipy.fft.rfftfreq(edge)[np.newaxis, :]
    )
    lowest = rng.uniform(0.5, 8) / edge
    amplitude = (frequency**2 + lowest**2) ** (-rng.uniform(0.6, 1.8) / 2)
    # The grain of amorphous films ends at some finest scale.
    amplitude *= np.exp(-((frequency * rng.uniform(0, 6)) ** 2))
    spectrum = scipy.fft.rfft2(rng.standard_normal((edge, edge))) * amplitude
    spectrum[0, 0] = 0
    field: np.ndarray = scipy.fft.irfft2(spectrum, s=(edge, edge))
    return field / max(float(field.std()), 1e-9)


def structure(edge: int, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Draw something that is no particle, of strength about 1 (either sign).

    The edge of a membrane, a wrinkle or the rim of a large bubble.

    Parameters
    ----------
    edge : int
        Height and width of the frame in pixels.
    scale : float
        Typical diameter of the particles in pixels.
    rng : numpy Generator
        Source of all randomness.
    """
    y, x = np.mgrid[:edge, :edge].astype(float)
    angle = rng.uniform(0, 2 * np.pi)
    across = (x - edge * rng.random()) * np.cos(angle) + (y - edge * rng.random()) * np.sin(angle)
    bend = rng.normal(0, 0.4) / edge
    along = -(x - edge / 2) * np.sin(angle) + (y - edge / 2) * np.cos(angle)
    across = across + bend * along**2
    sign = rng.choice([-1.0, 1.0])
    kind = rng.choice(["membrane", "wrinkle", "bubble"])
    if kind == "membrane":
        width = rng.uniform(0.5, 4)
        return sign * 0.5 * (1 + np.tanh(across / width))
    if kind == "wrinkle":
        width = rng.uniform(0.6, 2 + 0.1 * scale)
        wave = np.exp(-((across / width) ** 2))
        return sign * (wave - rng.random() * np.exp(-(((across - 2 * width) / width) ** 2)))
    radius = rng.uniform(1.5, 4) * max(scale, 10) + 10
    centre = rng.uniform(-0.3, 1.3, 2) * edge
    far = np.hypot(y - centre[0], x - centre[1]) - radius
    rim = np.exp(-((far / rng.uniform(0.8, 3)) ** 2))
    inside = 0.5 * (1 - np.tanh(far / 1.5))
    bubble: np.ndarray = sign * (rng.uniform(-1, 1) * rim + 0.6 * inside)
    return ndimage.gaussian_filter(bubble, 0.5)
