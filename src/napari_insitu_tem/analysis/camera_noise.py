"""The noise of a known camera made independent between pixels, and the same at any brightness.

A camera blurs its shot noise, so neighbouring pixels err alike, and what compares neighbours
(total variation, non-local means, wavelets) takes noise for structure. Dividing the spectrum by
the modulation transfer function makes the noise white again; where readout noise, which is not
blurred, would be raised beyond the shot noise, it divides by less: by the root of the whole noise
power. Variance stabilisation follows. What was denoised is blurred
again on the way back, so that it looks as the camera would have shown it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.fft

from napari_insitu_tem.analysis.transfer import modulation_transfer_function, spatial_frequency
from napari_insitu_tem.analysis.variance_stabilisation import CountingNoise

__all__ = ["CameraNoise"]

_MARGIN = 16


@dataclass(frozen=True)
class CameraNoise:
    """How a known camera's readings follow from electrons; a `CountingNoise` that is blurred.

    Parameters
    ----------
    c1, c2, c3 : float
        Of `modulation_transfer_function`, with c0 = 1.
    gain : float
        Reading per electron.
    offset : float
        Reading without electrons.
    readout : float
        Standard deviation of the readout noise, in readings.
    level : float
        Mean reading of the movie, which says how shot and readout noise compare.
    """

    c1: float
    c2: float
    c3: float
    gain: float
    offset: float
    readout: float
    level: float

    def stabilise(self, values: np.ndarray) -> np.ndarray:
        """Return a frame with independent noise of unit variance."""
        return self._counting.stabilise(self._filtered(values, -1))

    def restore(self, values: np.ndarray) -> np.ndarray:
        """Return the expected reading for a stabilised frame."""
        return self._filtered(self._counting.restore(values), 1)

    @cached_property
    def _counting(self) -> CountingNoise:
        return CountingNoise(self.gain, self.offset, self.readout)

    def _filtered(self, frame: np.ndarray, power: int) -> np.ndarray:
        """Multiply or divide the spectrum; edges are mirrored, so that they do not wrap."""
        margin = [min(_MARGIN, size - 1) for size in frame.shape]
        sizes = [
            scipy.fft.next_fast_len(size + 2 * edge, real=True)
            for size, edge in zip(frame.shape, margin, strict=True)
        ]
        after = [
            total - size - edge
            for total, size, edge in zip(sizes, frame.shape, margin, strict=True)
        ]
        padded = np.pad(
            np.asarray(frame, np.float32), list(zip(margin, after, strict=True)), "symmetric"
        )
        spectrum = scipy.fft.rfft2(padded) * self._noise_transfer(padded.shape) ** power
        whole = scipy.fft.irfft2(spectrum, s=padded.shape)
        rows, columns = (
            slice(edge, edge + size) for edge, size in zip(margin, frame.shape, strict=True)
        )
        return np.asarray(whole[rows, columns], np.float32)

    def _noise_transfer(self, shape: tuple[int, ...]) -> np.ndarray:
        shot = self.gain * max(self.level - self.offset, 1e-6 * self.gain)
        white = self.readout**2 / shot
        return _noise_transfer((shape[0], shape[1]), self.c1, self.c2, self.c3, white)


@functools.lru_cache(maxsize=2)
def _noise_transfer(
    shape: tuple[int, int], c1: float, c2: float, c3: float, white: float
) -> np.ndarray:
    """Root of the noise power, 1 at zero frequency, for every mode of `rfft2`."""
    transfer = modulation_transfer_function(spatial_frequency(shape), 1.0, c1, c2, c3)
    return np.sqrt((transfer**2 + white) / (1 + white)).astype(np.float32)
