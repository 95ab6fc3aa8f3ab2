"""What noise a frame has at which brightness, and how it is correlated between pixels.

Found from the camera, from the differences between successive frames, or, of a single frame, from
its finest details; never from what is to be judged.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft

from napari_insitu_tem.analysis.transfer import modulation_transfer_function, spatial_frequency
from napari_insitu_tem.analysis.variance_stabilisation import (
    estimate_counting_noise,
    noise_level,
)

__all__ = [
    "ExpectedNoise",
    "noise_between_frames",
    "noise_of_camera",
    "noise_of_frame",
]

_TILE, _WIDE_TILE = 8, 16
_BINS = 10
_ROUNDS = 4
# A quarter of tiles of 64 pixels of noise has less than this part of its variance; hardly any
# has more than the other.
_QUARTER = 0.875
_MOVING = 1.6
_REACH = 3
_LEAST_POWER = 0.02
_MARGIN = 16


@dataclass(frozen=True, eq=False)
class ExpectedNoise:
    """Noise as it is expected: variance ``slope * level + rest``, and correlation.

    Parameters
    ----------
    slope, rest : float
        In counts, and squared counts.
    least : float
        The variance is never taken to be less.
    correlation : (2 n + 1, 2 n + 1) array
        Correlation between pixels by their distance (dy, dx), 1 in the middle.
    source : str
        From what it was found, in words.
    rough : bool
        Whether it may well be a quarter off.
    """

    slope: float
    rest: float
    least: float
    correlation: np.ndarray
    source: str
    rough: bool = False

    @property
    def beside(self) -> float:
        """Correlation of a pixel with its four neighbours."""
        reach = len(self.correlation) // 2
        if reach == 0:
            return 0.0
        row, column = self.correlation[reach + 1, reach], self.correlation[reach, reach + 1]
        return float((row + column) / 2)

    def variance(self, level: np.ndarray) -> np.ndarray:
        """Return the variance of pixels of these expected readings, in squared counts."""
        return np.maximum(self.slope * np.asarray(level, np.float32) + self.rest, self.least)

    def independent(self) -> ExpectedNoise:
        """Return the same with independent pixels."""
        return dataclasses.replace(self, correlation=np.ones((1, 1)))

    def whitened(self, values: np.ndarray) -> np.ndarray:
        """Return a frame in which noise of this correlation is independent, its variance kept."""
        return self._filtered(values, -0.5)

    def drawn(self, level: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return fresh Gaussian noise, as strong and as correlated as that at these levels."""
        white = rng.standard_normal(level.shape, np.float32)
        return self._filtered(white, 0.5) * np.sqrt(self.variance(level))

    def _filtered(self, values: np.ndarray, power: float) -> np.ndarray:
        values = np.asarray(values, np.float32)
        if len(self.correlation) == 1:
            return values
        margin = [(min(_MARGIN, size - 1),) * 2 for size in values.shape]
        padded = np.pad(values, margin, "symmetric")
        spectrum = (
            scipy.fft.rfft2(padded) * self._power((padded.shape[0], padded.shape[1])) ** power
        )
        whole = scipy.fft.irfft2(spectrum, s=padded.shape)
        inside = tuple(
            slice(edge, edge + size) for (edge, _), size in zip(margin, values.shape, strict=True)
        )
        return np.asarray(whole[inside], np.float32)

    def _power(self, shape: tuple[int, int]) -> np.ndarray:
        """Noise power, 1 on average, at every mode of `rfft2`."""
        reach = len(self.correlation) // 2
        kernel = np.zeros(shape)
        around = np.arange(-reach, reach + 1)
        kernel[np.ix_(around, around)] = self.correlation
        power = np.maximum(scipy.fft.rfft2(kernel).real, _LEAST_POWER)
        return np.asarray(power, np.float32)


def noise_of_camera(
    c1: float, c2: float, c3: float, *, gain: float, offset: float, readout: float, level: float
) -> ExpectedNoise:
    """Return the noise of a known camera.

    Parameters
    ----------
    c1, c2, c3 : float
        Of `analysis.transfer.modulation_transfer_function`, with c0 = 1.
    gain, offset, readout : float
        Counts per electron, counts without any, and standard deviation of the readout in counts.
    level : float
        Mean reading, which says how much of the noise is blurred shot noise.
    """
    size = 64
    transfer = modulation_transfer_function(spatial_frequency((size, size)), 1.0, c1, c2, c3)
    shot = scipy.fft.irfft2(transfer**2, s=(size, size))  # at distance 0: the mean of MTF**2
    left = float(shot[0, 0])
    strength = gain * max(level - offset, 1e-6 * gain)
    covariance = strength * shot
    covariance[0, 0] += readout**2
    reach = size // 4
    around = np.arange(-reach, reach + 1)
    correlation = covariance[np.ix_(around, around)] / covariance[0, 0]
    slope = gain * left
    rest = readout**2 - slope * offset
    return ExpectedNoise(
        slope, rest, max(readout**2, 1e-3 * slope * gain), correlation, "the camera"
    )


def noise_between_frames(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> ExpectedNoise:
    """Return the noise that successive frames differ by.

    The variance of the difference in tiles of 8 pixels against their brightness; tiles that
    differ by clearly more than the rest of their brightness (something moves) are left out. A
    pattern that stays (of the camera's gain) does not count.

    Parameters
    ----------
    pairs : sequence of ((y, x) array, (y, x) array)
        Successive frames.
    """
    apart = [
        (np.asarray(second, np.float64) - np.asarray(first, np.float64)) / np.sqrt(2)
        for first, second in pairs
    ]
    correlation = _correlation(np.concatenate([_tiles(each, _WIDE_TILE) for each in apart]))
    small = np.concatenate([_tiles(each, _TILE) for each in apart])
    levels = np.concatenate(
        [
            _tiles((np.asarray(first, np.float64) + second) / 2, _TILE).mean(axis=(1, 2))
            for first, second in pairs
        ]
    )
    # Each tile loses its own mean, and with it what its correlations sum up to.
    kept = max(1 - float(correlation.sum()) / small[0].size, 0.2)
    slope, rest = _line(levels, small.var(axis=(1, 2)) / kept)
    typical = slope * float(np.median(levels)) + rest
    return ExpectedNoise(
        slope, rest, max(0.05 * typical, 1e-12), correlation, "differences between frames"
    )


def noise_of_frame(frame: np.ndarray) -> ExpectedNoise:
    """Return the noise that the finest details of one frame show, taken to be independent."""
    counting = estimate_counting_noise([frame])
    alone = np.ones((1, 1))
    level = noise_level(frame)
    least = max(0.05 * level**2, 1e-12)
    source = "the finest details of a single frame"
    if counting is None:
        return ExpectedNoise(0.0, max(level**2, 1e-12), least, alone, source, rough=True)
    rest = counting.readout**2 - counting.gain * counting.offset
    return ExpectedNoise(counting.gain, rest, least, alone, source, rough=True)


def _correlation(tiles: np.ndarray) -> np.ndarray:
    """Return the correlation of noise by distance, from the quieter tiles of a difference."""
    size = tiles.shape[1:]
    tiles = tiles - tiles.mean(axis=(1, 2), keepdims=True)
    variance = tiles.var(axis=(1, 2))
    quiet = tiles[variance <= np.quantile(variance, 0.75)]
    padded = (size[0] + _REACH, size[1] + _REACH)
    covariance = scipy.fft.irfft2(np.abs(scipy.fft.rfft2(quiet, s=padded)) ** 2, s=padded)
    around = np.arange(-_REACH, _REACH + 1)
    count = np.outer(size[0] - np.abs(around), size[1] - np.abs(around))
    lags = covariance[:, around[:, np.newaxis], around] / count
    lags /= np.maximum(lags[:, _REACH, _REACH], 1e-30)[:, np.newaxis, np.newaxis]
    found = np.median(lags, axis=0)
    found = found + found.sum() / (size[0] * size[1])
    found /= max(found[_REACH, _REACH], 1e-30)  # there may be no noise at all
    sure = 4 / np.sqrt(size[0] * size[1] * max(len(quiet), 1))
    return np.where(np.abs(found) > max(sure, 0.005), found, 0.0)


def _tiles(frame: np.ndarray, size: int) -> np.ndarray:
    rows, columns = (max(length // size, 1) for length in frame.shape)
    height, width = (min(size, length) for length in frame.shape)
    cut = frame[: rows * height, : columns * width]
    return cut.reshape(rows, height, columns, width).swapaxes(1, 2).reshape(-1, height, width)


def _line(levels: np.ndarray, variances: np.ndarray) -> tuple[float, float]:
    """Return slope and rest of variance against level; slope 0 where none can be seen."""
    quiet = float(np.median(variances))
    if levels.size < 4 * _BINS or quiet <= 0:
        return 0.0, max(float(variances.mean()), 1e-12)
    edges = np.quantile(levels, np.linspace(0, 1, _BINS + 1))
    which = np.clip(np.searchsorted(edges, levels, side="right") - 1, 0, _BINS - 1)
    members = [which == number for number in range(_BINS)]
    members = [member for member in members if member.sum() >= 8]
    x = np.array([levels[member].mean() for member in members])
    # A quarter of the tiles of any brightness is taken to be still.
    y = np.array([np.quantile(variances[member], 0.25) for member in members]) / _QUARTER
    slope, rest = np.polyfit(x, y, 1, w=1 / np.maximum(y, 0.1 * quiet))
    for _ in range(_ROUNDS):
        expected = np.maximum(slope * levels + rest, 0.05 * quiet)
        still = variances < _MOVING * expected
        weight = 1 / expected[still]
        (slope, rest), covariance = np.polyfit(
            levels[still], variances[still], 1, w=weight, cov="unscaled"
        )
    scatter = float(np.sqrt(np.mean((weight * (variances - slope * levels - rest)[still]) ** 2)))
    if slope <= 3 * scatter * np.sqrt(covariance[0, 0]):
        return 0.0, float(variances[still].mean())
    return float(slope), float(rest)
