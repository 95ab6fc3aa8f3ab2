"""Evenness of the local fringes as a map: many windows, summed with Hamming weights.

Rows of windows are looked at one by one, and those of the frame that no further window reaches
are finished at once, so that little memory is needed beside the frame and the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.fourier.window import FourierError
from napari_insitu_tem.analysis.zone_axis.local_pairs import LocalPairs, PairFinder

__all__ = ["EvennessMap", "RowMoments", "WindowRows", "local_evenness", "local_moments"]

_BATCH = 64
_LEAST_SHARE = 0.02  # of a window that must be particle to be looked at


def local_moments(pairs: LocalPairs) -> np.ndarray:
    """Return the moments (n, 3) of the pairs of n windows: yy, yx and xx.

    They are those of `fourier.evenness`: the sum of A g gᵀ over the pairs.
    """
    y, x = np.nan_to_num(pairs.frequency[..., 0]), np.nan_to_num(pairs.frequency[..., 1])
    parts = [(pairs.amplitude * a * b).sum(axis=1) for a, b in ((y, y), (y, x), (x, x))]
    return np.stack(parts, axis=1)


def local_evenness(moments: np.ndarray) -> np.ndarray:
    """Return the evenness (…) of moments (…, 3); 0 where there are none.

    As `fourier.evenness`: twice the smaller eigenvalue over the trace.
    """
    yy, yx, xx = np.moveaxis(moments, -1, 0)
    total = yy + xx
    even = 1 - np.hypot(yy - xx, 2 * yx) / np.where(total > 0, total, 1)
    return np.where(total > 0, np.clip(even, 0, 1), 0)


@dataclass(frozen=True, eq=False)
class RowMoments:
    """What a row of windows shows.

    Parameters
    ----------
    top : int
        Where it begins, px.
    lefts : (n,) array
        Where its windows with fringes begin, px.
    moments : (n, 3) float32 array
        See `local_moments`; times how much of each window is particle.
    """

    top: int
    lefts: np.ndarray
    moments: np.ndarray


class WindowRows:
    """The windows of a frame, row by row, from border to border.

    Parameters
    ----------
    shape : (int, int)
        Of the frame.
    finder : PairFinder
        For windows of its edge.
    step : int
        From one window to the next, px.

    Raises
    ------
    FourierError
        When the frame is smaller than a window.
    """

    def __init__(self, shape: tuple[int, int], finder: PairFinder, step: int) -> None:
        if min(shape) < finder.edge:
            raise FourierError(
                f"Frames of {shape[1]} × {shape[0]} px are smaller than a window of {finder.edge} "
                "px. Choose a smaller window."
            )
        self.shape, self.finder = shape, finder
        self.tops, self.lefts = (_starts(size, finder.edge, step) for size in shape)

    def look(self, frame: np.ndarray, probability: np.ndarray, top: int) -> RowMoments:
        """Find the fringes in a row of windows.

        Parameters
        ----------
        frame : (y, x) array
            Pixels without NaN.
        probability : (y, x) array
            That a pixel shows a particle, 0 to 1; windows without any are left out.
        top : int
            Where the row begins; one of `tops`.
        """
        edge, weights = self.finder.edge, self.finder.weights
        band = np.asarray(probability[top : top + edge], np.float32)
        sums = np.append(0, np.cumsum(band.sum(axis=0, dtype=float)))
        inside = sums[self.lefts + edge] - sums[self.lefts]
        lefts = self.lefts[inside >= _LEAST_SHARE * edge**2]
        pixels = np.asarray(frame[top : top + edge], np.float32)
        moments = np.zeros((len(lefts), 3), np.float32)
        for start in range(0, len(lefts), _BATCH):
            part = slice(start, start + _BATCH)
            windows, shares = (
                np.stack([image[:, left : left + edge] for left in lefts[part]])
                for image in (pixels, band)
            )
            found = local_moments(self.finder.find(windows, shares))
            moments[part] = found * (shares * weights).mean(axis=(1, 2))[:, np.newaxis]
        any_fringes = moments.any(axis=1)
        return RowMoments(top, lefts[any_fringes], moments[any_fringes])


class EvennessMap:
    """How evenly the pairs of peaks are lit around every pixel of a frame.

    At a pixel the moments of all windows that hold it are added, by the window's Hamming weight
    there and by how much of the window is particle; the sum's evenness is the pixel's.

    Parameters
    ----------
    rows : WindowRows
        Whose rows will be added, from the first to the last.
    """

    def __init__(self, rows: WindowRows) -> None:
        edge = rows.finder.edge
        self.values = np.zeros(rows.shape, np.float32)
        self._weights = rows.finder.weights[..., np.newaxis]
        self._open = np.zeros((edge, rows.shape[1], 3), np.float32)
        self._top, self._edge = 0, edge

    def add(self, row: RowMoments) -> None:
        """Add a row of windows; nothing above its top changes any more."""
        self._finish(row.top)
        for left, moments in zip(row.lefts, row.moments, strict=True):
            self._open[:, left : left + self._edge] += self._weights * moments

    def finished(self) -> np.ndarray:
        """Return the map (y, x) float32, 0 (no fringes, or all in one direction) to 1."""
        self._finish(len(self.values))
        return self.values

    def _finish(self, top: int) -> None:
        count = min(top - self._top, self._edge)
        done = self._open[:count]
        if done.any():
            end = min(self._top + count, len(self.values))
            self.values[self._top : end] = local_evenness(done)[: end - self._top]
        self._open = np.concatenate([self._open[count:], np.zeros_like(done)])
        self._top = top


def _starts(size: int, edge: int, step: int) -> np.ndarray:
    """Return where windows begin, so that they reach from border to border."""
    return np.unique(np.append(np.arange(0, size - edge, step), size - edge))
