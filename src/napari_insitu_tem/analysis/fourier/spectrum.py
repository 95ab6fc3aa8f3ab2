"""The power spectrum of a region, its noise, and its radial average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.fft

from napari_insitu_tem.analysis.fourier.window import FourierError, Window

__all__ = ["RadialPower", "Spectrum", "radial_power"]

_FEW = 12  # independent frequencies that a ring's median needs
_FITTED = 6


@dataclass(frozen=True, eq=False)
class RadialPower:
    """A power spectrum, averaged over directions.

    Parameters
    ----------
    frequency : (n,) array
        Middle of every ring, cycles per pixel.
    power : (n,) array
        Mean power, in squared units of the image: noise of independent pixels with the variance
        v has the power v at every frequency.
    noise : (n,) array
        The same without what sticks out in few directions (lattice peaks): from the median over
        the ring, of which the mean of noise is 1/ln 2 times as much.
    """

    frequency: np.ndarray
    power: np.ndarray
    noise: np.ndarray


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The Fourier transform of a region, of one frame or of a few together.

    Of several frames the powers are averaged, which drift does not blur.

    Parameters
    ----------
    pixels : (k, h, w) array
        The region's weighted pixels in k frames, by `Window.of`.
    window : Window
        The region.
    """

    pixels: np.ndarray
    window: Window

    @classmethod
    def of(cls, images: np.ndarray | Sequence[np.ndarray], window: Window) -> Spectrum:
        """Transform a region of an image (y, x), or of several.

        Raises
        ------
        FourierError
            When the region is constant, saturated or missing, in any of the images.
        """
        stack = [np.asarray(image) for image in images]
        if stack[0].ndim == 1:  # the rows of one image
            stack = [np.asarray(images)]
        return cls(np.stack([window.of(image) for image in stack]), window)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.pixels)

    @cached_property
    def power(self) -> np.ndarray:
        """Power (m, n // 2 + 1) on the window's `padded` grid, laid out as by `rfft2`.

        Normalised as `RadialPower.power`.
        """
        return power_of(self.pixels, self.window)

    @cached_property
    def frequencies(self) -> tuple[np.ndarray, np.ndarray]:
        """Frequencies of the rows (m, 1) and columns (1, n // 2 + 1), cycles per pixel."""
        height, width = self.window.padded
        return scipy.fft.fftfreq(height)[:, np.newaxis], scipy.fft.rfftfreq(width)[np.newaxis]

    @cached_property
    def magnitude(self) -> np.ndarray:
        """Distance of every element of the power from zero frequency, cycles per pixel."""
        return np.hypot(*self.frequencies)

    @cached_property
    def radial(self) -> RadialPower:
        """The average over directions."""
        return radial_power(self.power, self.magnitude, self.window.resolution)

    def noise(self, frequency: np.ndarray | float) -> np.ndarray:
        """Return the noise at distances from zero frequency (cycles per pixel)."""
        radial = self.radial
        logarithm = np.log(np.maximum(radial.noise, 1e-30))
        return np.exp(np.interp(frequency, radial.frequency, logarithm))

    @cached_property
    def excess(self) -> np.ndarray:
        """Power over the noise, as `power`."""
        return self.power / self.noise(self.magnitude)

    def centred(self) -> np.ndarray:
        """Return the power (m, n) over all frequencies, zero in the middle, for showing."""
        half, width = self.power, self.window.padded[1]
        rows = -np.arange(half.shape[0]) % half.shape[0]
        mirrored = half[rows][:, 1 : (width + 1) // 2][:, ::-1]
        return scipy.fft.fftshift(np.concatenate([half, mirrored], axis=1))


def power_of(pixels: np.ndarray, window: Window) -> np.ndarray:
    """Return the mean power of weighted pixels (k, h, w); see `Spectrum.power`."""
    total = np.zeros((window.padded[0], window.padded[1] // 2 + 1))
    for frame in pixels:
        full = scipy.fft.rfft2(frame, window.padded)
        total += full.real**2 + full.imag**2
    return total / (len(pixels) * window.power)


def radial_power(power: np.ndarray, magnitude: np.ndarray, width: float) -> RadialPower:
    """Average a power spectrum over rings.

    Parameters
    ----------
    power, magnitude : arrays of one shape
        Power, and distance from zero frequency in cycles per pixel.
    width : float
        Of a ring, cycles per pixel: the resolution of the window.

    Returns
    -------
    RadialPower
        Up to 0.5 cycles per pixel. The noise of rings that hold too few frequencies for a
        median follows from those further out, by a straight line in the logarithms.

    Raises
    ------
    FourierError
        When the region is too small for any ring.
    """
    count = int(0.5 / width)
    if count < 4:
        raise FourierError("The region is too small for a spectrum. Draw a larger one.")
    ring = np.minimum((magnitude / width).astype(int), count)
    inside = ring < count
    order = np.argsort(ring[inside], kind="stable")
    members, values = ring[inside][order], power[inside][order]
    edges = np.searchsorted(members, np.arange(count + 1))
    frequency = (np.arange(count) + 0.5) * width
    parts = [values[start:stop] for start, stop in zip(edges[:-1], edges[1:], strict=True)]
    mean = np.array([part.mean() if len(part) else np.nan for part in parts])
    median = np.array([np.median(part) if len(part) else np.nan for part in parts])
    known = np.isfinite(mean)
    mean = np.interp(frequency, frequency[known], mean[known])
    noise = np.interp(frequency, frequency[known], median[known]) / np.log(2)
    return RadialPower(frequency, mean, _continued(frequency, noise, width))


def _continued(frequency: np.ndarray, noise: np.ndarray, width: float) -> np.ndarray:
    """Continue the noise to rings around zero that hold too few independent frequencies."""
    # A ring of radius r and that width holds pi * r / width of them, each twice in a real image.
    few = np.pi * frequency / width < _FEW
    first = int(np.count_nonzero(few))
    if not 0 < first < len(noise) - 2:
        return noise
    near = slice(first, first + _FITTED)
    safe = np.log(np.maximum(noise[near], 1e-30))
    slope = min(float(np.polyfit(np.log(frequency[near]), safe, 1)[0]), 0.0)
    level = float(np.mean(safe - slope * np.log(frequency[near])))
    continued = noise.copy()
    continued[:first] = np.exp(level + slope * np.log(frequency[:first]))
    return continued
