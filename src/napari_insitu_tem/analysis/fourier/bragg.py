"""Bragg (Fourier) filter: the part of an image that a lattice's peaks make, and how strong it is.

As in geometric phase analysis (M. J. Hÿtch, E. Snoeck and R. Kilaas, Ultramicroscopy 74 (1998)
131): a Gaussian around every peak is kept, and the modulus of its transform back is the local
amplitude of these fringes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from scipy.interpolate import RectBivariateSpline
from scipy.special import erf

from napari_insitu_tem.analysis.fourier.pairs import Pair

__all__ = ["LatticeAmplitude", "bragg_filter", "lattice_amplitude"]

_REACH = 4.0  # standard deviations of the blur
_BAND = 8.0  # standard deviations of the aperture that the squared modulus spans
_OVER_NOISE = 3.0


def bragg_filter(image: np.ndarray, pairs: Sequence[Pair], *, blur: float) -> np.ndarray:
    """Return the part (y, x) of an image that some pairs of peaks make.

    Parameters
    ----------
    image : (y, x) array
        A frame; missing pixels count as its mean.
    pairs : sequence of Pair
        Whose peaks are kept.
    blur : float
        Standard deviation, px, of the Gaussian over which fringes are averaged: that of the
        aperture around each peak is 1 / (2π blur) cycles per pixel.
    """
    flat = _flat(image)
    shape = _padded(flat.shape, blur)
    y, x = scipy.fft.fftfreq(shape[0])[:, np.newaxis], scipy.fft.rfftfreq(shape[1])[np.newaxis]
    aperture = np.zeros((shape[0], shape[1] // 2 + 1), np.float32)
    for pair in pairs:
        for sign in (1, -1):
            square = (y - sign * pair.frequency[0]) ** 2 + (x - sign * pair.frequency[1]) ** 2
            aperture += np.exp(-2 * (np.pi * blur) ** 2 * square).astype(np.float32)
    kept = scipy.fft.rfft2(flat, shape) * aperture
    return np.asarray(scipy.fft.irfft2(kept, shape))[: flat.shape[0], : flat.shape[1]]


def lattice_amplitude(
    images: Iterable[np.ndarray], pairs: Sequence[Pair], *, blur: float
) -> LatticeAmplitude:
    """Return the local amplitude of a lattice's fringes, and what noise alone makes of it.

    Parameters
    ----------
    images : iterable of (y, x) arrays
        A frame, or a few whose squared amplitudes are averaged, which drift does not blur.
    pairs : sequence of Pair
        The lattice's peaks. In the mean of their squared amplitudes they have the weight of
        their signal over noise, so that faint ones do no harm; the share of noise is subtracted.
    blur : float
        As for `bragg_filter`.

    Notes
    -----
    Fringes are averaged over the pixels that the frame has, so that its edge is not an edge of
    the lattice. Where a lattice ends straight, its amplitude is half of that within. The
    transform back is done on a grid that is just fine enough for the aperture, and the squared
    modulus interpolated by cubic splines.
    """
    # Of complex noise of the power N, averaged by a Gaussian: 4 N / (4π blur²).
    own = np.array([max(pair.noise, 1e-30) for pair in pairs]) / (np.pi * blur**2)
    weights = np.array([pair.amplitude**2 for pair in pairs]) / own
    weights = weights / weights.sum()
    total: Any = 0.0
    count = 0
    for image in images:
        flat = _flat(image)
        spectrum = scipy.fft.fft2(flat, _padded(flat.shape, blur))
        for weight, pair in zip(weights, pairs, strict=True):
            total = total + weight * 4 * _squared(spectrum, pair.frequency, blur, flat.shape)
        count += 1
    seen = np.outer(*(_seen(length, blur) for length in total.shape))
    total = total / count / seen**2 - weights @ own
    spread = float(np.sqrt(np.sum((weights * own) ** 2) / count))
    return LatticeAmplitude(
        np.sqrt(np.maximum(total, 0)).astype(np.float32), float(np.sqrt(_OVER_NOISE * spread))
    )


@dataclass(frozen=True, eq=False)
class LatticeAmplitude:
    """How strong a lattice's fringes are, place by place.

    Parameters
    ----------
    amplitude : (y, x) float32 array
        Root mean square amplitude of the pairs, in units of the image, without noise.
    floor : float
        What noise alone hardly exceeds: three standard deviations of its squared amplitude.
    """

    amplitude: np.ndarray
    floor: float


def _flat(image: np.ndarray) -> np.ndarray:
    flat = np.asarray(image, np.float32)
    known = np.isfinite(flat)
    mean = float(flat[known].mean(dtype=float)) if known.any() else 0.0
    return np.where(known, flat - np.float32(mean), np.float32(0))


def _padded(shape: tuple[int, ...], blur: float) -> tuple[int, int]:
    reach = int(np.ceil(_REACH * blur))
    height, width = (scipy.fft.next_fast_len(length + reach, real=False) for length in shape[:2])
    return height, width


def _seen(length: int, blur: float) -> np.ndarray:
    """Return which part of a Gaussian around every pixel lies within the frame, along an axis."""
    at = np.arange(length)
    scale = np.sqrt(2) * blur
    return 0.5 * (erf((length - 0.5 - at) / scale) + erf((at + 0.5) / scale))


def _squared(
    spectrum: np.ndarray, frequency: np.ndarray, blur: float, shape: tuple[int, ...]
) -> np.ndarray:
    """Return the squared modulus (y, x) of what an aperture around a frequency lets through."""
    width = 1 / (2 * np.pi * blur)
    picks, weights, places = [], [], []
    for length, wanted, centre in zip(spectrum.shape, shape, frequency, strict=True):
        middle = round(centre * length)
        half = int(np.ceil(_BAND * width * length))
        count = scipy.fft.next_fast_len(min(2 * half + 1, length), real=False)
        count = min(count, length)
        offsets = np.arange(count) - count // 2
        picks.append((middle + offsets) % length)
        weights.append(np.exp(-0.5 * (((middle + offsets) / length - centre) / width) ** 2))
        step = length / count
        last = int(np.ceil((wanted - 1) / step))
        places.append((np.arange(-2, last + 3), step, count))
    kept = spectrum[np.ix_(*picks)] * np.outer(*weights).astype(np.float32)
    small = scipy.fft.ifft2(scipy.fft.ifftshift(kept))
    small *= small.size / spectrum.size
    square = small.real**2 + small.imag**2
    (rows, down, height), (columns, across, count) = places
    near = square[np.ix_(rows % height, columns % count)]
    if down == 1 and across == 1:
        return np.asarray(near[2 : 2 + shape[0], 2 : 2 + shape[1]], float)
    spline = RectBivariateSpline(rows * down, columns * across, near)
    return np.asarray(spline(np.arange(shape[0]), np.arange(shape[1])))
