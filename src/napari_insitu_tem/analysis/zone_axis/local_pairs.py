"""Pairs of peaks in many windows of a frame at once: coarser than `fourier.pairs`, and fast.

A particle's own pairs are found and refined one by one; for a map there are ten thousands of
windows, and what counts is how strong their fringes are, not where exactly the peaks lie. All
windows are transformed together, and the highest peak of all is taken at once, then the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.fft

from napari_insitu_tem.analysis.fourier.window import FourierError

__all__ = ["LocalPairs", "PairFinder"]

_SMALLEST = 24  # px, of a window
_FRINGES = 3.0  # that must cross a window
_FEW = 24  # frequencies that a ring's median needs
_MAIN_LOBE = 2.5  # half-width of a Hamming window's peak, over 1 / edge
_SKIRT = 2.0  # main lobes around a peak in which only strong peaks count
_SKIRT_POWER = 0.3
_ROUNDING = 1e-6  # of the mean: amplitudes that single precision cannot tell from none


@dataclass(frozen=True, eq=False)
class LocalPairs:
    """The strongest pairs of peaks in each of n windows.

    Parameters
    ----------
    frequency : (n, k, 2) array
        Along y and x, cycles per pixel; the strongest first. NaN where there is no further peak.
    amplitude : (n, k) array
        Of the fringes, in units of the image, freed from what noise adds; 0 where there is none.
    """

    frequency: np.ndarray
    amplitude: np.ndarray


class PairFinder:
    """Finds the strongest pairs of peaks in windows of one size.

    Parameters
    ----------
    edge : int
        Of a window, px.
    shortest, longest : float
        Spacings that count as fringes, px. Three of them must cross a window in any case.
    most : int
        How many pairs are looked for in a window.
    false_alarm : float
        How probable it may be that noise alone has a peak anywhere in a window; in windows of
        64 to 80 px it is three to four times as probable, as the medians of narrow rings are not
        exact.

    Raises
    ------
    FourierError
        When a window is too small for the spacings.
    """

    def __init__(
        self,
        edge: int,
        *,
        shortest: float,
        longest: float,
        most: int = 8,
        false_alarm: float = 1e-2,
    ) -> None:
        self.edge, self.most = edge, most
        lowest, highest = max(_FRINGES / edge, 1 / longest), min(0.5, 1 / shortest)
        if edge < _SMALLEST or lowest >= highest:
            raise FourierError(
                f"Windows of {edge} px are too small for fringes of {shortest:.3g} to {longest:.3g}"
                f" px; {_FRINGES:g} fringes and {_SMALLEST} px are needed. Choose larger windows."
            )
        self._size = scipy.fft.next_fast_len(round(1.6 * edge), real=True)
        self._reach = int(np.ceil((highest + 1 / edge) * self._size))
        self._reach = min(self._reach, self._size // 2 - 1)
        self._y = np.arange(-self._reach, self._reach + 1) / self._size
        self._x = np.arange(self._reach + 1) / self._size
        radius = np.hypot(self._y[:, np.newaxis], self._x)
        # The column at zero holds every frequency and its negative: half of it says it all.
        once = np.ones(radius.shape, bool)
        once[self._y < 0, 0] = False
        self._allowed = (radius >= lowest) & (radius <= highest) & once
        self._radius = radius
        self._rings(lowest, highest, once)
        weights = np.hamming(edge)
        area = float(weights.sum() ** 2 / np.sum(weights**2)) ** 2
        trials = np.pi / 2 * (highest**2 - lowest**2) * area * 3
        self._limit = float(np.log(max(trials, 1) / false_alarm))

    @cached_property
    def weights(self) -> np.ndarray:
        """The window (edge, edge): a Hamming window along both axes."""
        line = np.hamming(self.edge).astype(np.float32)
        return np.outer(line, line)

    def find(self, windows: np.ndarray, shares: np.ndarray) -> LocalPairs:
        """Find the pairs of windows.

        Parameters
        ----------
        windows : (n, edge, edge) array
            Pixels. Constant windows, and those with pixels that are not numbers, have no pairs.
        shares : (n, edge, edge) array
            By how much each pixel counts, 0 to 1: how probable it is that it shows a particle.
        """
        power, floor = self._power(windows, shares)
        noise = np.maximum(self._noise(power), floor)
        excess = np.where(self._allowed, power / noise, 0).astype(np.float32)
        count = len(power)
        frequency = np.full((count, self.most, 2), np.nan)
        amplitude = np.zeros((count, self.most))
        every, flat = np.arange(count), excess.reshape(count, -1)
        for number in range(self.most):
            at = flat.argmax(axis=1)
            height = flat[every, at]
            found = height > self._limit
            if not found.any():
                break
            row, column = np.unravel_index(at[found], self._radius.shape)
            here = every[found]
            frequency[here, number, 0] = self._y[row]
            frequency[here, number, 1] = self._x[column]
            level = noise[here, row, column]
            amplitude[here, number] = 2 * np.sqrt((height[found] - 1) * level)
            self._take_out(flat, here, row, column, power[here, row, column] / level)
        return LocalPairs(frequency, amplitude)

    # -- inside ----------------------------------------------------------------------------

    def _rings(self, lowest: float, highest: float, once: np.ndarray) -> None:
        """Prepare the rings over which medians are taken, as wide as what can be resolved."""
        step = 1.3 / self.edge
        centres = np.arange(max(lowest - step, 0.75 / self.edge), highest + step, step)
        rings = [np.flatnonzero((np.abs(self._radius - c) <= step / 2) & once) for c in centres]
        full = [(c, ring) for c, ring in zip(centres, rings, strict=True) if len(ring) >= _FEW]
        if not full:
            raise FourierError("The windows are too small for a spectrum. Choose larger ones.")
        self._members = [ring for _, ring in full]
        self._centres = np.array([self._radius.ravel()[ring].mean() for ring in self._members])
        right = np.clip(np.searchsorted(self._centres, self._radius), 1, len(full) - 1)
        left = self._centres[right - 1]
        width = self._centres[right] - left if len(full) > 1 else np.ones_like(left)
        self._right = right
        self._part = np.clip((self._radius - left) / width, 0, 1).astype(np.float32)

    def _power(self, windows: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the power (n, rows, columns), and below what (n, 1, 1) it is rounding alone.

        The squared amplitude of fringes is four times their power.
        """
        pixels = np.asarray(windows, np.float32)
        weights = self.weights * np.asarray(shares, np.float32)
        total = np.maximum(weights.sum(axis=(1, 2), keepdims=True), 1e-6)
        mean = (pixels * weights).sum(axis=(1, 2), keepdims=True) / total
        size = (self._size, self._size)
        spectra = scipy.fft.rfft2((pixels - mean) * (weights / total), size)
        rows = np.arange(-self._reach, self._reach + 1) % self._size
        spectra = spectra[:, rows, : self._reach + 1]
        power = spectra.real**2 + spectra.imag**2
        floor = np.nan_to_num((_ROUNDING * mean) ** 2) + 1e-30
        return np.where(np.isfinite(power), power, 0), floor

    def _noise(self, power: np.ndarray) -> np.ndarray:
        """Return the power of noise: the median over directions, over ln 2."""
        flat = power.reshape(len(power), -1)
        levels = np.stack([np.median(flat[:, ring], axis=1) for ring in self._members], axis=1)
        levels = np.log(np.maximum(levels / np.log(2), 1e-30))
        if levels.shape[1] == 1:
            levels = np.repeat(levels, 2, axis=1)
        low, high = levels[:, self._right - 1], levels[:, self._right]
        return np.exp(low + (high - low) * self._part)

    def _take_out(
        self,
        excess: np.ndarray,
        windows: np.ndarray,
        row: np.ndarray,
        column: np.ndarray,
        height: np.ndarray,
    ) -> None:
        """Leave out what belongs to a peak in every one of some windows; in place."""
        height = height[:, np.newaxis].astype(np.float32)
        for shifts, below in zip(self._neighbours, (np.inf, _SKIRT_POWER), strict=True):
            y = row[:, np.newaxis] - self._reach + shifts[:, 0]
            x = column[:, np.newaxis] + shifts[:, 1]
            # Beyond the column at zero, the spectrum goes on as its own mirror image.
            mirrored = (x < 0) | ((x == 0) & (y < 0))
            y, x = np.where(mirrored, -y, y) + self._reach, np.abs(x)
            inside = (y >= 0) & (y <= 2 * self._reach) & (x <= self._reach)
            place = np.where(inside, y * (self._reach + 1) + x, 0)
            values = excess[windows[:, np.newaxis], place]
            gone = inside & (values < below * height)
            # An element may come twice (by its mirror image), so each is only ever lowered.
            at = np.broadcast_to(windows[:, np.newaxis], place.shape)[gone]
            excess[at, place[gone]] = 0

    @cached_property
    def _neighbours(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps (m, 2) to all elements of a peak's main lobe, and of the ring around it."""
        lobe = _MAIN_LOBE * self._size / self.edge
        reach = int(np.ceil(_SKIRT * lobe))
        steps = np.mgrid[-reach : reach + 1, -reach : reach + 1].reshape(2, -1).T
        distance = np.hypot(*steps.T)
        return steps[distance <= lobe], steps[(distance > lobe) & (distance <= _SKIRT * lobe)]
