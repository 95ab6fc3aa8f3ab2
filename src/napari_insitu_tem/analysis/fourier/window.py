"""The window through which a region's Fourier transform is taken: its mask, with soft edges."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.fft
from scipy import ndimage

__all__ = ["FourierError", "Window"]

_FEWEST = 64
_TAPER = 0.25


class FourierError(ValueError):
    """A region or its frame shows nothing that could be analysed; one plain sentence."""


@dataclass(frozen=True, eq=False)
class Window:
    """Weights of a region's pixels, within the smallest rectangle that holds them.

    Positions count from the weights' centroid.

    Parameters
    ----------
    rows, columns : slice
        Where the rectangle lies in the frame.
    weights : (h, w) float32 array
        1 in the middle of the region, falling to 0 at its border.
    """

    rows: slice
    columns: slice
    weights: np.ndarray

    @classmethod
    def of_mask(cls, mask: np.ndarray, *, taper: float | None = None) -> Window:
        """Make the window of a region.

        Parameters
        ----------
        mask : (y, x) bool array
            The region. Where it touches the edge of the frame, that is its border.
        taper : float, optional
            Width of the soft edge, in pixels, over which a weight falls as a cosine. A quarter
            of the region's half-width otherwise: narrow, as what is tapered away is lost, and
            wide enough to keep strong peaks from hiding weak ones.

        Raises
        ------
        FourierError
            When the region has fewer than 64 pixels.
        """
        mask = np.asarray(mask, bool)
        count = int(np.count_nonzero(mask))
        if count < _FEWEST:
            raise FourierError(
                f"A region of {count} pixels is too small for a Fourier transform; at least "
                f"{_FEWEST} are needed. Draw a larger one."
            )
        present = [np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0)]
        rows, columns = (slice(int(at[0]), int(at[-1]) + 1) for at in present)
        depth = ndimage.distance_transform_edt(np.pad(mask[rows, columns], 1))[1:-1, 1:-1]
        depth = np.asarray(depth) - 0.5
        width = _TAPER * float(depth.max()) if taper is None else taper
        soft = np.clip(depth / max(width, 1e-6), 0, 1)
        weights = (0.5 - 0.5 * np.cos(np.pi * soft)) * mask[rows, columns]
        return cls(rows, columns, weights.astype(np.float32))

    @classmethod
    def of_frame(cls, shape: tuple[int, int], *, taper: float | None = None) -> Window:
        """Make the window of a whole frame."""
        return cls.of_mask(np.ones(shape, bool), taper=taper)

    # -- geometry ---------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the rectangle."""
        return int(self.weights.shape[0]), int(self.weights.shape[1])

    @cached_property
    def padded(self) -> tuple[int, int]:
        """Shape of the transform: at least twice as large, so that no peak falls between."""
        height, width = self.shape
        return (
            scipy.fft.next_fast_len(2 * height, real=False),
            scipy.fft.next_fast_len(2 * width, real=True),
        )

    @cached_property
    def total(self) -> float:
        """Sum of the weights."""
        return float(self.weights.sum(dtype=float))

    @cached_property
    def power(self) -> float:
        """Sum of the squared weights: the power that white noise of variance 1 has."""
        return float(np.square(self.weights).sum(dtype=float))

    @property
    def area(self) -> float:
        """Number of pixels that count, as independent measurements."""
        return self.total**2 / self.power

    @property
    def resolution(self) -> float:
        """Smallest difference of frequencies that can be told apart, cycles per pixel."""
        return self.area**-0.5

    @cached_property
    def y(self) -> np.ndarray:
        """Rows (h,), from the centroid."""
        rows = np.arange(self.shape[0], dtype=float)
        return rows - float(self.weights.sum(axis=1, dtype=float) @ rows) / self.total

    @cached_property
    def x(self) -> np.ndarray:
        """Columns (w,), from the centroid."""
        columns = np.arange(self.shape[1], dtype=float)
        return columns - float(self.weights.sum(axis=0, dtype=float) @ columns) / self.total

    @property
    def centre(self) -> tuple[float, float]:
        """The centroid (y, x) in the frame."""
        return self.rows.start - float(self.y[0]), self.columns.start - float(self.x[0])

    @cached_property
    def spread(self) -> np.ndarray:
        """Covariance (2, 2) of frequencies (cycles per pixel) at unit noise and unit amplitude.

        See `peaks.covariance`.
        """
        first, second = self._moments(self.weights), self._moments(self.weights**2)
        inverse = np.linalg.inv(first)
        return inverse @ second @ inverse / (2 * (2 * np.pi) ** 2)

    def _moments(self, weights: np.ndarray) -> np.ndarray:
        down, across = weights.sum(axis=1, dtype=float), weights.sum(axis=0, dtype=float)
        mixed = float(self.y @ weights.astype(float) @ self.x)
        return np.array([[down @ self.y**2, mixed], [mixed, across @ self.x**2]])

    # -- pixels -----------------------------------------------------------------------------

    def of(self, image: np.ndarray) -> np.ndarray:
        """Return the weighted pixels (h, w) of a frame, freed from their mean and slope.

        Outside of the region lies its mean, which is 0 here; missing pixels (NaN) get it, too.

        Raises
        ------
        FourierError
            When the region is constant, saturated or missing.
        """
        part = np.asarray(image)[self.rows, self.columns]
        _check(part[self.weights > 0])
        pixels = part.astype(float)
        known = np.isfinite(pixels)
        if not known.all():
            weights = np.where(known, self.weights, 0).astype(float)
            pixels[~known] = np.average(pixels[known], weights=np.maximum(weights[known], 1e-9))
        return ((pixels - self._plane(pixels)) * self.weights).astype(np.float32)

    def _plane(self, pixels: np.ndarray) -> np.ndarray:
        """Return the mean and slope that fit the pixels best, by their weights."""
        weighted = pixels * self.weights
        down, across = weighted.sum(axis=1), weighted.sum(axis=0)
        found = np.array([down.sum(), down @ self.y, across @ self.x])
        moments = np.zeros((3, 3))
        moments[0, 0], moments[1:, 1:] = self.total, self._moments(self.weights)
        level, down_slope, across_slope = np.linalg.solve(moments, found)
        return level + down_slope * self.y[:, np.newaxis] + across_slope * self.x


def _check(pixels: np.ndarray) -> None:
    finite = pixels[np.isfinite(pixels)]
    if finite.size < 0.5 * pixels.size:
        raise FourierError("More than half of the region's pixels are missing (NaN).")
    top = finite.max()
    if finite.min() == top:
        raise FourierError(
            f"The region shows the same value ({top:g}) everywhere; there is nothing to transform."
        )
    kind = pixels.dtype
    most = np.iinfo(kind).max if kind.kind in "ui" else None
    if most is not None and top == most and np.mean(finite == top) > 0.1:
        raise FourierError(
            f"More than a tenth of the region's pixels are saturated (at {top:g}); what is left "
            "of a lattice there cannot be measured. Record with fewer electrons a frame."
        )
