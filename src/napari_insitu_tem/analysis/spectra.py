"""Frames to filtered spectra: without background, spikes and noise, for registration."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.fft

__all__ = ["Spectra"]

_LARGEST_SIDE = 1024
_CLIP = 8.0
_BACKGROUND_CELLS = 12


@dataclass(frozen=True, eq=False)
class Spectra:
    """Turns frames into filtered spectra, all on the same grid.

    Parameters
    ----------
    shape : (int, int)
        Of a frame.
    region : (slice, slice), optional
        Part of the frame that counts.
    sigma : float
        Of the Gaussian pre-filter, in pixels.
    power : array, optional
        Mean power by radial frequency (see `learn`), for whitening; none otherwise.
    quiet : array, optional
        Median power by radial frequency: the noise, also where a lattice has its spots.
    fixed : array, optional
        Flattened image of what does not move with the scene, taken off every frame.
    """

    shape: tuple[int, int]
    region: tuple[slice, slice] | None = None
    sigma: float = 1.0
    power: np.ndarray | None = None
    quiet: np.ndarray | None = None
    fixed: np.ndarray | None = None

    # -- geometry ---------------------------------------------------------------------------

    @cached_property
    def _area(self) -> tuple[slice, slice]:
        rows, columns = self.region or (slice(None), slice(None))
        height, width = self.shape
        return slice(*rows.indices(height)[:2]), slice(*columns.indices(width)[:2])

    @cached_property
    def binning(self) -> int:
        """Pixels of the movie for one pixel compared; above 1 only for large frames."""
        smaller = min(part.stop - part.start for part in self._area)
        return max(1, int(2 ** np.floor(np.log2(max(1, smaller / _LARGEST_SIDE) * 1.0001))))

    @cached_property
    def flat_shape(self) -> tuple[int, int]:
        """Shape of what is compared: the region after binning."""
        height, width = (part.stop - part.start for part in self._area)
        return height // self.binning, width // self.binning

    @cached_property
    def _transform_shape(self) -> tuple[int, int]:
        height, width = self.flat_shape
        return (scipy.fft.next_fast_len(height, real=False), scipy.fft.next_fast_len(width, True))

    @cached_property
    def _kept(self) -> tuple[int, int]:
        """Highest frequency index kept along y and x; the pre-filter leaves nothing beyond."""
        limit = 0.5 / max(self.sigma / self.binning, 1e-3)
        height, width = self._transform_shape
        return (
            max(2, min((height - 1) // 2, int(np.ceil(limit * height)))),
            max(2, min((width - 1) // 2, int(np.ceil(limit * width)))),
        )

    @cached_property
    def _grid(self) -> tuple[int, int]:
        rows, columns = self._kept
        return (
            scipy.fft.next_fast_len(2 * rows + 1, real=False),
            scipy.fft.next_fast_len(2 * columns + 1, real=True),
        )

    @cached_property
    def _pitch(self) -> np.ndarray:
        return np.array(self._transform_shape) / np.array(self._grid)

    @cached_property
    def _frequencies(self) -> tuple[np.ndarray, np.ndarray]:
        """Cycles per compared pixel of every kept row and column."""
        rows, columns = self._kept
        height, width = self._transform_shape
        y = np.concatenate([np.arange(rows + 1), np.arange(-rows, 0)]) / height
        return y, np.arange(columns + 1) / width

    def _window(self, span: np.ndarray | None) -> np.ndarray:
        """Return the window over the whole region, or over a span ((y0, y1), (x0, x1))."""
        if span is None:
            return self._full_window
        return np.outer(
            *(
                _taper(length, start / self.binning, stop / self.binning)
                for length, (start, stop) in zip(self.flat_shape, span, strict=True)
            )
        )

    @cached_property
    def _full_window(self) -> np.ndarray:
        return np.outer(*(_taper(length, 0, length) for length in self.flat_shape))

    def common_span(self, shifts: np.ndarray) -> np.ndarray | None:
        """Return the part ((y0, y1), (x0, x1)) of the scene that is in view at every shift.

        None when it is less than half of the region along y or x.
        """
        lengths = np.array(self.flat_shape) * self.binning
        start = np.maximum(0, -shifts.min(axis=0))
        stop = lengths - np.maximum(0, shifts.max(axis=0))
        return np.stack([start, stop], axis=1) if np.all(stop - start >= lengths / 2) else None

    @cached_property
    def _background(self) -> tuple[int, np.ndarray, np.ndarray]:
        """Block edge and the two matrices that spread block means smoothly over the frame."""
        block = max(2, min(self.flat_shape) // _BACKGROUND_CELLS)
        height, width = self.flat_shape
        return block, _spreader(height, block), _spreader(width, block)

    @cached_property
    def _filter(self) -> np.ndarray:
        y, x = self._frequencies
        square = y[:, None] ** 2 + x[None, :] ** 2
        sigma = self.sigma / self.binning
        weight = np.exp(-2 * np.pi**2 * sigma**2 * square)
        if self.power is not None:
            weight = weight / np.sqrt(self._by_radius(self.power))
        weight[0, 0] = 0  # the mean says nothing about position
        return weight.astype(np.float32)

    # -- frames to spectra ------------------------------------------------------------------

    def flatten(self, frame: np.ndarray) -> np.ndarray:
        """Return the region of a frame without background, spikes and NaN, of unit variance."""
        image = np.asarray(frame[self._area], np.float32)
        height, width = self.flat_shape
        if self.binning > 1:
            n = self.binning
            image = image[: height * n, : width * n].reshape(height, n, width, n).mean((1, 3))
        sample = image[::5, ::5]
        sample = sample[np.isfinite(sample)]
        if sample.size == 0:
            return np.zeros(self.flat_shape, np.float32)
        middle = float(np.median(sample))
        image = np.nan_to_num(image, nan=middle, posinf=middle, neginf=middle)
        block, down, across = self._background
        coarse = _block_means(image, block)
        image = image - down @ coarse @ across.T
        spread = 1.4826 * float(np.median(np.abs(image[::5, ::5])))
        spread = spread or float(image.std())
        if not spread > 1e-6 * max(1.0, abs(middle)):
            return np.zeros(self.flat_shape, np.float32)
        np.clip(image, -_CLIP * spread, _CLIP * spread, out=image)
        return image / float(image.std())

    def spectrum(self, frame: np.ndarray, span: np.ndarray | None = None) -> np.ndarray:
        """Return the filtered spectrum of a frame, or of the part of it within a span."""
        return self.transform(self.flatten(frame), span=span)

    def transform(
        self,
        flat: np.ndarray,
        *,
        span: np.ndarray | None = None,
        weight: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the filtered spectrum of a flattened frame, times `weight` if given."""
        return self.filtered(self.windowed(flat, span=span, weight=weight))

    def windowed(
        self,
        flat: np.ndarray,
        *,
        span: np.ndarray | None = None,
        weight: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return the whole Fourier transform of a flattened frame in its window."""
        if self.fixed is not None:
            flat = flat - self.fixed
        flat = flat * self._window(span)
        if weight is not None:
            flat = flat * weight
        return self._full(flat)

    def filtered(self, full: np.ndarray) -> np.ndarray:
        """Return the frequencies that the pre-filter keeps of a whole transform, weighted."""
        return self._cut(full) * self._filter

    def _full(self, image: np.ndarray) -> np.ndarray:
        return np.asarray(scipy.fft.rfft2(image, self._transform_shape))

    def _cut(self, full: np.ndarray) -> np.ndarray:
        rows, columns = self._kept
        return np.concatenate([full[: rows + 1, : columns + 1], full[-rows:, : columns + 1]])

    def rings(self) -> np.ndarray:
        """Return the number of the ring of frequency of every element of a spectrum."""
        y, x = self._frequencies
        count = int(np.clip(min(self.flat_shape) // 4, 4, 64))
        return np.rint(np.hypot(y[:, None], x[None, :]) * 2 * count).astype(int)

    @cached_property
    def _noise(self) -> np.ndarray:
        """Power of the filtered noise by frequency, but for a factor."""
        if self.quiet is None:
            return np.maximum(self._filter**2, 1e-30)
        return np.maximum(self._by_radius(self.quiet) * self._filter**2, 1e-30)

    def _by_radius(self, profile: np.ndarray) -> np.ndarray:
        """Spread a profile over radial frequencies, from 0 to 1/2 per pixel, over a spectrum."""
        y, x = self._frequencies
        radii = np.hypot(y[:, None], x[None, :]) * 2 * (len(profile) - 1)
        return np.asarray(np.interp(radii, np.arange(len(profile)), profile), np.float32)

    def image(self, spectrum: np.ndarray) -> np.ndarray:
        """Return the image of a spectrum, on a grid just fine enough for it."""
        rows, columns = self._kept
        whole = np.zeros((self._grid[0], self._grid[1] // 2 + 1), np.complex64)
        whole[: rows + 1, : columns + 1] = spectrum[: rows + 1]
        whole[-rows:, : columns + 1] = spectrum[rows + 1 :]
        return np.asarray(scipy.fft.irfft2(whole, self._grid, overwrite_x=True))


def _taper(length: int, start: float, stop: float, part: float = 0.125) -> np.ndarray:
    """Return a window from `start` to `stop` whose ends fall to zero as cosines."""
    position = np.arange(length) + 0.5
    edge = np.minimum(position - start, stop - position) / (part * (stop - start))
    return (0.5 - 0.5 * np.cos(np.pi * np.clip(edge, 0, 1))).astype(np.float32)


def _spreader(length: int, block: int) -> np.ndarray:
    """Return the matrix from block means to a smooth curve: Gaussian weights, rows of sum 1."""
    centres = (np.arange(-(-length // block)) + 0.5) * block
    distance = (np.arange(length)[:, None] + 0.5 - centres) / block
    weight = np.exp(-0.5 * distance**2)
    return (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)


def _block_means(image: np.ndarray, block: int) -> np.ndarray:
    starts = [np.arange(0, length, block) for length in image.shape]
    sums = np.add.reduceat(np.add.reduceat(image, starts[0], axis=0), starts[1], axis=1)
    sizes = [np.diff([*start, length]) for start, length in zip(starts, image.shape, strict=True)]
    return np.asarray(sums / np.multiply.outer(*sizes), np.float32)
