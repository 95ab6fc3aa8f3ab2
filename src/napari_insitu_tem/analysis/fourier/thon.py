"""The averaged power spectrum of an amorphous region, in sectors: where Thon rings show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.fft
from scipy import ndimage

from napari_insitu_tem.analysis.fourier.window import FourierError, Window

__all__ = ["SECTORS", "PolarSpectrum", "ThonSpectrum", "averaged", "polar", "window_size"]

#: Directions are told apart in so many sectors of a half circle.
SECTORS = 36

_SMALLEST, _LARGEST = 64, 512
_INSIDE = 0.98  # of a window's weight that must lie in the region
_HANN_BINS = 3.8  # frequencies of a Hann window, in two dimensions, that one value stands for
_LOCAL = 13  # frequencies over which a peak is compared with what lies around it
_STANDS_OUT = 5.0
_FEWEST_LEFT = 0.6


@dataclass(frozen=True, eq=False)
class ThonSpectrum:
    """The power spectrum of a region, averaged over overlapping windows and over frames.

    Parameters
    ----------
    power : (n, n // 2 + 1) array
        Mean power, laid out as by `rfft2`; 1 for white noise of variance 1.
    windows : int
        Number of windows that were averaged, over all frames.
    """

    power: np.ndarray
    windows: int

    @property
    def size(self) -> int:
        """Width of a window, px."""
        return int(self.power.shape[0])

    @cached_property
    def frequencies(self) -> tuple[np.ndarray, np.ndarray]:
        """Frequencies of the rows (n, 1) and columns (1, n // 2 + 1), cycles per pixel."""
        rows, columns = scipy.fft.fftfreq(self.size), scipy.fft.rfftfreq(self.size)
        return rows[:, np.newaxis], columns[np.newaxis]

    @cached_property
    def peaks(self) -> np.ndarray:
        """Where lattice fringes or streaks stick out of their surroundings: bool, as `power`.

        Rings vary slowly along themselves and are wider than a few frequencies; what is far
        above the median of its surroundings is no ring.
        """
        logarithm = np.log(np.maximum(self.centred(), 1e-30))
        around = ndimage.median_filter(logarithm, _LOCAL, mode="nearest")
        # An average of w windows scatters by 1/√w; its logarithm has the spread of that.
        limit = np.log1p(_STANDS_OUT / np.sqrt(self.windows) + 0.5)
        above = ndimage.binary_dilation(logarithm - around > limit, np.ones((5, 5)))
        half = scipy.fft.ifftshift(above)[:, : self.power.shape[1]]
        return np.asarray(half, bool)

    def centred(self) -> np.ndarray:
        """Return the power (n, n) over all frequencies, zero in the middle."""
        half = self.power
        rows = -np.arange(half.shape[0]) % half.shape[0]
        mirrored = half[rows][:, 1 : (self.size + 1) // 2][:, ::-1]
        return scipy.fft.fftshift(np.concatenate([half, mirrored], axis=1))

    def __add__(self, other: ThonSpectrum) -> ThonSpectrum:
        """Average with the spectrum of another frame."""
        total = self.windows + other.windows
        mean = (self.power * self.windows + other.power * other.windows) / total
        return replace(self, power=mean, windows=total)


@dataclass(frozen=True, eq=False)
class PolarSpectrum:
    """A spectrum in cells of a sector and a ring; lattice peaks left out.

    Parameters
    ----------
    power : (SECTORS, rings) array
        Mean power of every cell; 0 where nothing counts.
    weight : (SECTORS, rings) array
        Of how many independent values that is the mean.
    frequency : (rings,) array
        Middle of every ring, cycles per pixel.
    angle : (SECTORS,) array
        Direction of every sector, rad, counter-clockwise on the screen from the right.
    """

    power: np.ndarray
    weight: np.ndarray
    frequency: np.ndarray
    angle: np.ndarray

    @property
    def step(self) -> float:
        """Distance of the rings, cycles per pixel."""
        return float(self.frequency[1] - self.frequency[0])

    @cached_property
    def radial(self) -> np.ndarray:
        """Mean power (rings,) over all directions."""
        total = self.weight.sum(axis=0)
        return (self.power * self.weight).sum(axis=0) / np.maximum(total, 1e-9)


def window_size(mask: np.ndarray) -> int:
    """Return the width of windows that suits a region: half of its shorter side.

    Raises
    ------
    FourierError
        When the region is too small for windows of 64 px.
    """
    sides = [int(np.ptp(np.flatnonzero(mask.any(axis=axis)))) + 1 for axis in (0, 1)]
    side = min(sides)
    if side < _SMALLEST:
        raise FourierError(
            f"The region is {sides[0]} × {sides[1]} px; Thon rings need at least {_SMALLEST} px "
            "each way. Draw a larger one."
        )
    fits = [size for size in (64, 96, 128, 192, 256, 384, _LARGEST) if 2 * size <= side]
    return fits[-1] if fits else _SMALLEST


def averaged(
    images: Sequence[np.ndarray], mask: np.ndarray, *, size: int | None = None
) -> ThonSpectrum:
    """Average the power spectra of half-overlapping Hann windows in a region (Welch's method).

    Parameters
    ----------
    images : sequence of (y, x) arrays
        Frames.
    mask : (y, x) bool array
        The region.
    size : int, optional
        Width of a window, px; by `window_size` otherwise.

    Raises
    ------
    FourierError
        When no window lies in the region, or it is constant, saturated or missing.
    """
    size = window_size(mask) if size is None else size
    hann = np.hanning(size + 2)[1:-1]
    weights = np.outer(hann, hann)
    places = _places(mask, weights)
    power = np.zeros((size, size // 2 + 1))
    for image in images:
        for row, column in places:
            window = Window(slice(row, row + size), slice(column, column + size),
                            weights.astype(np.float32))  # fmt: skip
            full = scipy.fft.rfft2(window.of(image))
            power += (full.real**2 + full.imag**2) / window.power
    return ThonSpectrum(power / (len(places) * len(images)), len(places) * len(images))


def _places(mask: np.ndarray, weights: np.ndarray) -> list[tuple[int, int]]:
    """Return where windows lie whose weight is in the region, half of one apart."""
    size = len(weights)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    found = []
    for row in _starts(rows[0], rows[-1] + 1, size):
        for column in _starts(columns[0], columns[-1] + 1, size):
            part = mask[row : row + size, column : column + size]
            if part.all() or (weights * part).sum() >= _INSIDE * weights.sum():
                found.append((row, column))
    if not found:
        raise FourierError(
            f"No window of {size} px lies within the region. Draw a larger one, or choose a "
            "smaller window."
        )
    return found


def _starts(low: int, high: int, size: int) -> list[int]:
    room = int(high - low - size)
    if room < 0:
        return []
    count = int(np.ceil(room / (size / 2))) + 1
    return [int(at) for at in np.linspace(low, low + room, count).round()]


def polar(spectrum: ThonSpectrum, *, lowest: float, highest: float) -> PolarSpectrum:
    """Average a spectrum in cells of a sector and a ring.

    Parameters
    ----------
    spectrum : ThonSpectrum
        The spectrum.
    lowest, highest : float
        Between which frequencies, cycles per pixel.

    Raises
    ------
    FourierError
        When lattice fringes take too much of it.
    """
    rows, columns = spectrum.frequencies
    magnitude = np.hypot(rows, columns)
    angle = np.arctan2(-rows, columns) % np.pi
    # Of a column whose mirror image is itself, one half counts.
    own = np.broadcast_to((columns > 0) | (rows > 0), magnitude.shape)
    inside = own & (magnitude >= lowest) & (magnitude < highest)
    used = inside & ~spectrum.peaks
    if np.count_nonzero(used) < _FEWEST_LEFT * np.count_nonzero(inside):
        raise FourierError(
            "Lattice fringes fill the power spectrum, so that no rings of an amorphous film can be "
            "seen. Draw a region of film alone."
        )
    step = 1 / spectrum.size
    # Rings around whole steps: along rows and columns all frequencies lie there.
    first = round(lowest / step)
    ring = np.rint(magnitude / step).astype(int) - first
    count = round(highest / step) + 1 - first
    sector = np.minimum((angle / np.pi * SECTORS).astype(int), SECTORS - 1)
    cell = (sector * count + ring)[used]
    number = np.bincount(cell, minlength=SECTORS * count).reshape(SECTORS, count)
    total = np.bincount(cell, spectrum.power[used], SECTORS * count).reshape(SECTORS, count)
    return PolarSpectrum(
        power=total / np.maximum(number, 1),
        weight=number * spectrum.windows / _HANN_BINS,
        frequency=(np.arange(count) + first) * step,
        angle=(np.arange(SECTORS) + 0.5) * np.pi / SECTORS,
    )
