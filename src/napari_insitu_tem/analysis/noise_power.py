"""The noise power spectrum of featureless parts of a movie, read frame by frame.

Windows (Hann, half overlapping) of a few successive frames are compared with their own mean
over those frames, so that neither uneven illumination nor the camera's fixed pattern counts as
noise; a single frame is only freed from its slope. Averaged periodograms after P. D. Welch, IEEE
Trans. Audio Electroacoust. 15 (1967) 70.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.fft

__all__ = ["NoisePower", "NoisePowerEstimator", "hann_window", "window_corners"]

_BLOCK = 16
_CHUNK = 64
_MOST_WINDOWS = 1024
_OUTLIER = 6.0


@dataclass(frozen=True, eq=False)
class NoisePower:
    """An averaged periodogram of noise.

    Parameters
    ----------
    power : (n, n // 2 + 1) array
        Of windows of n pixels, in squared counts: noise of independent pixels with the variance
        v has the power v at every frequency. Laid out as by `numpy.fft.rfft2`.
    spectra : float
        How many independent spectra are as good as the average.
    mean : float
        Mean reading that goes with the power (windows overlap, so the middle counts for more).
    frame_means : (t,) array
        Mean reading of every frame over the area of the windows, evenly.
    windows : int
        How many windows of the frame were used.
    rejected : float
        Part of the readings left out as outliers (X-rays, something moving through).
    correlation : float
        Correlation between the noise of successive frames; not 0 where frames were averaged or
        interpolated, or the camera lags. NaN of a single frame.
    """

    power: np.ndarray
    spectra: float
    mean: float
    frame_means: np.ndarray
    windows: int
    rejected: float
    correlation: float

    @property
    def window(self) -> int:
        """Edge of a window in pixels."""
        return int(self.power.shape[0])


def hann_window(size: int) -> np.ndarray:
    """Return the (size, size) Hann window."""
    line = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size)
    return np.outer(line, line)


def window_corners(allowed: np.ndarray, window: int) -> np.ndarray:
    """Return the first pixels (n, 2) of half-overlapping windows that lie in `allowed` wholly.

    Parameters
    ----------
    allowed : (y, x) bool array
        Pixels that may be used.
    window : int
        Edge of a window in pixels. Of more than 1024 windows, as many are kept, spread evenly.
    """
    height, width = allowed.shape
    if min(height, width) < window:
        return np.zeros((0, 2), int)
    total = np.pad(np.cumsum(np.cumsum(allowed, axis=0), axis=1), ((1, 0), (1, 0)))
    rows, columns = (_starts(size, window) for size in (height, width))
    y, x = (grid.ravel() for grid in np.meshgrid(rows, columns, indexing="ij"))
    inside = (
        total[y + window, x + window] - total[y, x + window] - total[y + window, x] + total[y, x]
    )
    found = np.stack([y, x], axis=1)[inside == window**2]
    if len(found) > _MOST_WINDOWS:
        found = found[np.linspace(0, len(found) - 1, _MOST_WINDOWS).round().astype(int)]
    return found


def _starts(size: int, window: int) -> np.ndarray:
    """First pixels of half-overlapping windows along an axis, its very end included."""
    return np.unique([*range(0, size - window + 1, window // 2), size - window])


class NoisePowerEstimator:
    """Takes the frames one after another, and then gives the noise power.

    Memory is that of the windows' spectra, however many frames there are.

    Parameters
    ----------
    corners : (n, 2) int array
        First pixels of the windows.
    window : int
        Their edge.
    block : int
        How many successive frames are compared; few where a faint pattern may drift.
    """

    def __init__(self, corners: np.ndarray, window: int, *, block: int = _BLOCK) -> None:
        self._corners, self._window, self._length = corners, window, block
        taper = hann_window(window).astype(np.float32)
        self._taper = taper / np.float32(np.sqrt(np.sum(taper**2)))
        self._slopes = slopes(window)
        self._area = _area(corners, window)
        self._frame_means: list[float] = []
        self._power = np.zeros((window, window // 2 + 1))
        self._weight = self._mean = self._spread = self._steps = 0.0
        self._taken = self._left_out = 0
        self._block = _Block(len(corners), self._power.shape)

    def add(self, frame: np.ndarray) -> None:
        """Take the next frame. Windows with NaN or infinite pixels are passed over."""
        block = self._block
        for part, values in tiles(frame, self._corners, self._window):
            flat = values.reshape(len(values), -1)
            usable = np.isfinite(flat).all(axis=1)
            flat = np.where(usable[:, np.newaxis], flat, np.float32(0))
            level = flat.mean(axis=1, keepdims=True)
            flat = flat - level
            flat -= (flat @ self._slopes) @ self._slopes.T
            spectrum = scipy.fft.rfft2(flat.reshape(values.shape) * self._taper)
            block.add(part, spectrum, level[:, 0], usable)
        height, width = self._area.shape
        readings = frame[:height, :width][self._area]
        readings = readings[np.isfinite(readings)]
        self._frame_means.append(float(readings.mean(dtype=float)) if readings.size else np.nan)
        block.frames += 1
        if block.frames == self._length:
            self._enter(block, block.differences(), block.counts - 1)
            self._block = _Block(len(self._corners), self._power.shape)

    def result(self) -> NoisePower:
        """Return the average over all frames.

        Raises
        ------
        ValueError
            When no window could be used.
        """
        block = self._block
        if len(self._frame_means) == 1:
            self._enter(block, block.squares, block.counts)
        else:
            self._enter(block, block.differences(), block.counts - 1)
        if not self._weight:
            raise ValueError(
                "No part of the vacuum could be read: it has missing pixels (NaN) in every frame."
            )
        return NoisePower(
            self._power / self._weight,
            self._weight / _overlap_factor(self._corners, self._taper),
            self._mean / self._weight,
            np.array(self._frame_means),
            len(self._corners),
            self._left_out / self._taken,
            1 - self._steps / self._spread if self._spread else np.nan,
        )

    def _enter(self, block: _Block, power: np.ndarray, freedom: np.ndarray) -> None:
        """Add a block's noise to the average, without the windows that are far too noisy."""
        used = freedom > 0
        if not used.any():
            return
        power, freedom = power[used], freedom[used]
        level = block.levels[used] / block.counts[used]
        kept = ~_outliers(power.mean(axis=(1, 2)) / freedom, level)
        self._power += power[kept].sum(axis=0, dtype=np.float64)
        self._weight += freedom[kept].sum()
        self._mean += (level * freedom)[kept].sum()
        self._taken += len(kept)
        self._left_out += int((~kept).sum())
        whole = kept & (block.counts[used] == block.frames)
        if block.frames > 2:  # of two frames, the one difference is all there is
            self._spread += float(power[whole].sum(dtype=np.float64))
            self._steps += float(block.steps[used][whole].sum()) / 2


class _Block:
    """Sums over the spectra of a few successive frames, window by window."""

    def __init__(self, count: int, shape: tuple[int, ...]) -> None:
        self.frames = 0
        self.squares = np.zeros((count, *shape), np.float32)
        self.levels = np.zeros(count)
        self.counts = np.zeros(count, int)
        self.steps = np.zeros(count)
        self._sum = np.zeros((count, *shape), np.complex64)
        self._before = np.zeros((count, *shape), np.complex64)

    def add(self, part: slice, spectrum: np.ndarray, level: np.ndarray, usable: np.ndarray) -> None:
        if self.frames:
            self.steps[part] += _squared(spectrum - self._before[part]).sum(axis=(1, 2))
        self._before[part] = spectrum
        self._sum[part] += spectrum
        self.squares[part] += _squared(spectrum)
        self.levels[part] += level
        self.counts[part] += usable

    def differences(self) -> np.ndarray:
        """Return the summed power of what differs from the mean of the frames."""
        counts = np.maximum(self.counts, 1)[:, np.newaxis, np.newaxis]
        return self.squares - _squared(self._sum) / counts


def _squared(spectrum: np.ndarray) -> np.ndarray:
    return spectrum.real**2 + spectrum.imag**2


def tiles(
    frame: np.ndarray, corners: np.ndarray, window: int
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield (which, float32 values of these windows), a few dozen windows at a time."""
    view = np.lib.stride_tricks.sliding_window_view(frame, (window, window))
    for start in range(0, len(corners), _CHUNK):
        part = slice(start, start + _CHUNK)
        yield part, view[corners[part, 0], corners[part, 1]].astype(np.float32)


def slopes(window: int) -> np.ndarray:
    """Two orthonormal slopes as columns, for values without their mean."""
    line = np.arange(window) - (window - 1) / 2
    both = np.stack([np.repeat(line, window), np.tile(line, window)], axis=1)
    return (both / np.linalg.norm(both, axis=0)).astype(np.float32)


def _area(corners: np.ndarray, window: int) -> np.ndarray:
    """Mask of the pixels that lie in any window, as far down and right as there are any."""
    inside = np.zeros(corners.max(axis=0) + window, bool)
    for y, x in corners:
        inside[y : y + window, x : x + window] = True
    return inside


def _outliers(variance: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Windows that are far noisier than their brightness explains."""
    middle = np.median(variance)
    expected = np.full_like(variance, middle)
    bright = level > np.median(level)
    if bright.any():
        # A line through the medians of the darker and the brighter half, which outliers leave be.
        low, high = (
            (np.median(level[half]), np.median(variance[half])) for half in (~bright, bright)
        )
        slope = (high[1] - low[1]) / (high[0] - low[0])
        expected = np.maximum(low[1] + slope * (level - low[0]), 0.2 * middle)
        expected = np.minimum(expected, max(low[1], high[1]) * 2)
    relative = variance / np.where(expected > 0, expected, 1)
    middle = np.median(relative)
    spread = 1.4826 * np.median(np.abs(relative - middle))
    return relative > middle + _OUTLIER * max(float(spread), 1e-3)


def _overlap_factor(corners: np.ndarray, taper: np.ndarray) -> float:
    """How many overlapping windows are worth one independent window."""
    size = len(taper)
    line = taper[size // 2].astype(float)
    line /= np.linalg.norm(line)
    alike = np.correlate(line, line, "full")[size - 1 :] ** 2
    alike = np.append(alike, 0.0)
    away = np.minimum(np.abs(corners[:, np.newaxis] - corners[np.newaxis]), size)
    return float(np.mean(np.sum(alike[away[..., 0]] * alike[away[..., 1]], axis=1)))
