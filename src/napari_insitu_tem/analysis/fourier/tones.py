"""Plane waves in a region's pixels: found to sub-pixel, taken out, and put back.

A region is a sum of plane waves and noise. One wave after another is found where the spectrum
of what is left is highest, and taken out with the window's own side lobes; then every wave is
found once more with all others taken out (RELAX: J. Li and P. Stoica, IEEE Trans. Signal
Process. 44 (1996) 281), and with its own mirror image at the negative frequency, which biases
the frequency of few fringes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.fourier.window import Window

__all__ = ["Residual", "Tone", "highest_near", "refine", "renewed"]

_STEPS = 12
_LONGEST_STEP = 0.3
_CLOSE = 1e-4
_COARSE = 0.35


@dataclass(frozen=True, eq=False)
class Tone:
    """A plane wave ``2 Re(amplitude * exp(2πi frequency·r))`` in every frame.

    Parameters
    ----------
    frequency : (2,) array
        Along y and x, cycles per pixel.
    amplitudes : (k,) complex array
        One a frame, at the window's centroid.
    """

    frequency: np.ndarray
    amplitudes: np.ndarray


class Residual:
    """What is left of a region's pixels when tones are taken out.

    Parameters
    ----------
    pixels : (k, h, w) float32 array
        Weighted pixels; copied.
    window : Window
        The region.
    """

    def __init__(self, pixels: np.ndarray, window: Window) -> None:
        self.pixels = np.array(pixels, np.float32)
        self.window = window

    def take(self, tone: Tone) -> None:
        """Take a tone out."""
        self.pixels -= 2 * self._wave(tone).real

    def put_back(self, tone: Tone) -> None:
        """Undo `take`."""
        self.pixels += 2 * self._wave(tone).real

    def take_again(self, tone: Tone) -> Tone:
        """Find a tone that was taken out once more, and take that out instead."""
        wave = self._wave(tone)
        alone = self.pixels + wave  # without its mirror image, so no longer real
        found = refine(alone, self.window, tone.frequency)
        again = Tone(found, _sums(alone, self.window, found)[:, 0, 0] / self.window.total)
        self.pixels += 2 * (wave - self._wave(again)).real
        return again

    def found_at(self, frequency: np.ndarray) -> Tone:
        """Return the tone near a frequency, and take it out."""
        window = self.window
        frequency = refine(self.pixels, window, frequency)
        value = _sums(self.pixels, window, frequency)[:, 0, 0]
        mirrored = _sums(window.weights[np.newaxis], window, 2 * frequency)[0, 0, 0]
        # What the mirror image at the negative frequency adds is known, but for its amplitude.
        own = window.total * value - mirrored * value.conj()
        tone = Tone(frequency, own / (window.total**2 - abs(mirrored) ** 2))
        self.take(tone)
        return tone

    def _wave(self, tone: Tone) -> np.ndarray:
        down, across = _phases(self.window, tone.frequency)
        wave = self.window.weights * np.outer(down.conj(), across.conj())
        amplitudes = tone.amplitudes.astype(np.complex64)
        return np.asarray(amplitudes[:, np.newaxis, np.newaxis] * wave.astype(np.complex64))


def renewed(residual: Residual, tones: list[Tone], rounds: int) -> list[Tone]:
    """Find every tone again with all others taken out, a few times over."""
    tones = list(tones)
    for _ in range(rounds):
        for index, tone in enumerate(tones):
            tones[index] = residual.take_again(tone)
    return tones


def refine(pixels: np.ndarray, window: Window, frequency: np.ndarray) -> np.ndarray:
    """Return the maximum of the power next to a frequency, by Newton's method.

    Parameters
    ----------
    pixels : (k, h, w) array
        Weighted pixels, real or complex; powers of frames are added.
    window : Window
        The region.
    frequency : (2,) array
        Where to begin, within the peak.
    """
    found = np.asarray(frequency, float)
    limit = _LONGEST_STEP * window.resolution
    for _ in range(_STEPS):
        gradient, curvature = _slopes(_sums(pixels, window, found))
        values, axes = np.linalg.eigh(curvature)
        slopes = axes.T @ gradient
        # Uphill along every axis, also where the peak's top is not yet in reach.
        steepness = np.maximum(np.abs(values), 1e-12 * np.abs(values).max() + 1e-300)
        step = axes @ (slopes / steepness)
        length = float(np.hypot(*step))
        if length > limit:
            step *= limit / length
        found = found + step
        if length < _CLOSE * window.resolution:
            break
    return found


def highest_near(
    pixels: np.ndarray, window: Window, frequency: np.ndarray, reach: float
) -> np.ndarray:
    """Return where the power is highest within `reach` (cycles per pixel), on a grid."""
    count = int(np.ceil(reach / (_COARSE * window.resolution)))
    offsets = np.arange(-count, count + 1) * (reach / max(count, 1))
    down = np.exp(-2j * np.pi * np.outer(frequency[0] + offsets, window.y))
    across = np.exp(-2j * np.pi * np.outer(window.x, frequency[1] + offsets))
    values = down.astype(np.complex64) @ pixels @ across.astype(np.complex64)
    power = np.square(np.abs(values)).sum(axis=0)
    power[np.hypot(*np.meshgrid(offsets, offsets, indexing="ij")) > reach * 1.001] = -1
    row, column = np.unravel_index(int(np.argmax(power)), power.shape)
    return np.array([frequency[0] + offsets[row], frequency[1] + offsets[column]])


def _phases(window: Window, frequency: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.exp(-2j * np.pi * frequency[0] * window.y),
        np.exp(-2j * np.pi * frequency[1] * window.x),
    )


def _sums(pixels: np.ndarray, window: Window, frequency: np.ndarray) -> np.ndarray:
    """Return the transform's moments (k, 3, 3): sums of y^i x^j times the pixels and the wave."""
    down, across = _phases(window, frequency)
    powers = np.arange(3)[:, np.newaxis]
    first = (down * window.y**powers).astype(np.complex64)
    second = (across * window.x**powers).astype(np.complex64).T
    return np.asarray(first @ pixels @ second).astype(complex)


def _slopes(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return gradient (2,) and curvature (2, 2) of the total power, from the moments."""
    value = sums[:, 0, 0]
    turn = -2j * np.pi
    first = turn * np.stack([sums[:, 1, 0], sums[:, 0, 1]])
    second = turn**2 * np.array([[sums[:, 2, 0], sums[:, 1, 1]], [sums[:, 1, 1], sums[:, 0, 2]]])
    gradient = 2 * (value.conj() * first).real.sum(axis=-1)
    products = first.conj()[:, np.newaxis] * first[np.newaxis]
    return gradient, 2 * (products + value.conj() * second).real.sum(axis=-1)
