"""Grids of waves: sizes that Fourier transforms like, frequencies, resampling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.fft

__all__ = ["Grid", "resampled"]


@dataclass(frozen=True)
class Grid:
    """A periodic field of `shape` points that is `extent` Å high and wide.

    Parameters
    ----------
    shape : (int, int)
        Points along y and x.
    extent : (float, float)
        Size, Å.
    """

    shape: tuple[int, int]
    extent: tuple[float, float]

    @classmethod
    def covering(cls, extent: tuple[float, float], spacing: float) -> Grid:
        """Return a grid whose points lie at most `spacing` Å apart, of a fast size."""
        rows, columns = (
            scipy.fft.next_fast_len(int(np.ceil(length / spacing)), real=True) for length in extent
        )
        return cls((rows, columns), extent)

    def window(self, extent: tuple[float, float]) -> Grid:
        """Return a grid of the same spacing that covers `extent` Å, of a fast size."""
        rows, columns = (
            scipy.fft.next_fast_len(int(np.ceil(length / step)), real=True)
            for length, step in zip(extent, self.spacing, strict=True)
        )
        return Grid((rows, columns), (rows * self.spacing[0], columns * self.spacing[1]))

    @property
    def spacing(self) -> tuple[float, float]:
        """Distance of the points along y and x, Å."""
        return self.extent[0] / self.shape[0], self.extent[1] / self.shape[1]

    @cached_property
    def frequencies(self) -> tuple[np.ndarray, np.ndarray]:
        """Spatial frequencies in 1/Å of a full transform: a column along y, a row along x."""
        rows = scipy.fft.fftfreq(self.shape[0], self.spacing[0]).astype(np.float32)
        columns = scipy.fft.fftfreq(self.shape[1], self.spacing[1]).astype(np.float32)
        return rows[:, np.newaxis], columns[np.newaxis, :]

    @cached_property
    def squared(self) -> np.ndarray:
        """Squared spatial frequency in 1/Å² of a full transform (float32)."""
        rows, columns = self.frequencies
        return rows**2 + columns**2

    @cached_property
    def half_squared(self) -> np.ndarray:
        """Squared spatial frequency in 1/Å² of a real transform (float32)."""
        return self.squared[:, : self.shape[1] // 2 + 1]

    @property
    def band_limit(self) -> float:
        """Highest frequency in 1/Å that multislice keeps: two thirds of the lower Nyquist."""
        return 2 / 3 * 0.5 / max(self.spacing)


def resampled(spectrum: np.ndarray, old: tuple[int, int], new: tuple[int, int]) -> np.ndarray:
    """Return an image on another grid over the same field, by cutting or padding its spectrum.

    Parameters
    ----------
    spectrum : (y, x // 2 + 1) complex array
        Real transform (``rfft2``) of the image of `old` points.
    old, new : (int, int)
        Points along y and x before and after.

    Returns
    -------
    array of `new` points
        With the mean and, below the lower Nyquist frequency, the content of the image.
    """
    # The Nyquist frequency of an even grid stands for two waves; it is left out.
    rows, columns = min(old[0], new[0]), (min(old[1], new[1]) + 1) // 2
    out = np.zeros((new[0], new[1] // 2 + 1), spectrum.dtype)
    top, bottom = (rows + 1) // 2, (rows - 1) // 2
    out[:top, :columns] = spectrum[:top, :columns]
    if bottom:
        out[-bottom:, :columns] = spectrum[-bottom:, :columns]
    scale = (new[0] * new[1]) / (old[0] * old[1])
    return scipy.fft.irfft2(out, s=new) * np.asarray(scale, spectrum.real.dtype)
