"""Fourier ring correlation: up to which detail two halves of the data agree.

Half-bit threshold after M. van Heel, M. Schatz, J. Struct. Biol. 151 (2005) 250; the fixed 1/7
after P. B. Rosenthal, R. Henderson, J. Mol. Biol. 333 (2003) 721; halves of one frame by
checkerboard after S. Koho et al., Nat. Commun. 10 (2019) 3103.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft

__all__ = [
    "ONE_SEVENTH",
    "RingCorrelation",
    "RingCorrelator",
    "checkerboard_correlation",
    "ring_correlation",
]

ONE_SEVENTH = 1 / 7
# Independent values that a pixel of half the spectrum is worth: two (it is complex), less what
# neighbours share behind a Hann window; measured on independent noise.
_WORTH = 0.79
_FIRST_RING = 2


@dataclass(frozen=True, eq=False)
class RingCorrelation:
    """A Fourier ring correlation.

    Parameters
    ----------
    frequency : (n,) array
        Middle of each ring, in cycles per pixel.
    correlation : (n,) array
        From −1 to 1.
    independent : (n,) array
        How many independent values each rests on.
    """

    frequency: np.ndarray
    correlation: np.ndarray
    independent: np.ndarray

    @property
    def half_bit(self) -> np.ndarray:
        """The half-bit threshold at every ring."""
        root = np.sqrt(self.independent)
        return (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root)

    def limit(self, threshold: np.ndarray | float) -> float | None:
        """Return the frequency at which the correlation first falls below a threshold.

        Parameters
        ----------
        threshold : array or float
            `ONE_SEVENTH`, or `half_bit`.

        Returns
        -------
        float or None
            In cycles per pixel, between rings; infinite where it never falls below, and None
            where it never is above.
        """
        over = self.correlation - threshold
        inside = over[_FIRST_RING:]
        if not len(inside) or inside[0] <= 0:
            return None
        below = np.flatnonzero(inside <= 0)
        if not len(below):
            return float("inf")
        after = below[0] + _FIRST_RING
        share = over[after - 1] / (over[after - 1] - over[after])
        step = self.frequency[after] - self.frequency[after - 1]
        return float(self.frequency[after - 1] + share * step)


class RingCorrelator:
    """Adds up pairs of halves, and gives the correlation of all of them.

    Parameters
    ----------
    shape : (height, width)
        Of the frames.
    shift : float
        By how much of a pixel the second half of every pair lies down and to the right.
    """

    def __init__(self, shape: tuple[int, int], *, shift: float = 0.0) -> None:
        self._shape = shape
        rows = scipy.fft.fftfreq(shape[0])[:, np.newaxis]
        columns = scipy.fft.rfftfreq(shape[1])[np.newaxis, :]
        modulus = np.hypot(rows, columns)
        self._rings = int(0.5 * min(shape))
        ring = np.rint(modulus * min(shape)).astype(int)
        # The two half planes are the same but for the columns that are their own opposites.
        self._weight = np.where((columns == 0) | (columns == 0.5), 0.5, 1.0) * (
            (ring > 0) & (ring <= self._rings)
        )
        self._ring = np.where(ring <= self._rings, ring, 0)
        self._turn = np.exp(2j * np.pi * shift * (rows + columns)) if shift else None
        self._taper = np.outer(*(_hann(size) for size in shape)).astype(np.float32)
        self._sums = np.zeros((3, self._rings + 1))
        self._pairs = 0

    def add(self, first: np.ndarray, second: np.ndarray) -> None:
        """Enter a pair of (y, x) halves."""
        one, other = (
            scipy.fft.rfft2((each - np.mean(each)).astype(np.float32) * self._taper)
            for each in (np.asarray(first, np.float32), np.asarray(second, np.float32))
        )
        if self._turn is not None:
            other = other * self._turn
        for row, product in enumerate(
            ((one * other.conj()).real, np.abs(one) ** 2, np.abs(other) ** 2)
        ):
            self._sums[row] += np.bincount(
                self._ring.ravel(), (self._weight * product).ravel(), self._rings + 1
            )
        self._pairs += 1

    def result(self) -> RingCorrelation:
        """Return the correlation of all pairs entered; 0 where there is nothing."""
        cross, one, other = self._sums[:, 1:]
        strength = np.sqrt(one * other)
        correlation = np.divide(cross, strength, out=np.zeros_like(cross), where=strength > 0)
        count = np.bincount(self._ring.ravel(), self._weight.ravel(), self._rings + 1)[1:]
        frequency = np.arange(1, self._rings + 1) / min(self._shape)
        independent = np.maximum(count * _WORTH * max(self._pairs, 1), 1.0)
        return RingCorrelation(frequency, np.clip(correlation, -1, 1), independent)


def ring_correlation(first: np.ndarray, second: np.ndarray) -> RingCorrelation:
    """Return the Fourier ring correlation of two (y, x) halves, behind a Hann window.

    Rings are as wide as the spectrum's step along the shorter side. Identical frames give 1,
    independent noise about 0.
    """
    correlator = RingCorrelator((first.shape[0], first.shape[1]))
    correlator.add(first, second)
    return correlator.result()


def checkerboard_correlation(frames: list[np.ndarray]) -> RingCorrelation:
    """Return the Fourier ring correlation within single frames.

    The halves are every other pixel of every other row, and the pixels diagonally beside them,
    so it ends at half of Nyquist. Noise that neighbours share looks like detail: not for cameras
    that blur.

    Parameters
    ----------
    frames : list of (y, x) arrays
        At least one.

    Returns
    -------
    RingCorrelation
        With the frequency in cycles per pixel of the frames.
    """
    height, width = (size // 2 for size in frames[0].shape)
    correlator = RingCorrelator((height, width), shift=-0.5)
    for frame in frames:
        correlator.add(
            frame[: 2 * height : 2, : 2 * width : 2], frame[1 : 2 * height : 2, 1 : 2 * width : 2]
        )
    found = correlator.result()
    return RingCorrelation(found.frequency / 2, found.correlation, found.independent)


def _hann(size: int) -> np.ndarray:
    return 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(size) + 0.5) / size)
