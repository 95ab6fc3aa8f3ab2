"""Whether the images of a focal series are in the order of their defocus, by their contrast.

The transform of an image of a thin object is that of the object times a real transfer function
(weak-phase imaging; Williams and Carter, *Transmission Electron Microscopy*, ch. 28). At the
first reflections of the sheet it falls steadily from overfocus, where atoms are bright, through
zero to underfocus, where they are dark, up to about 9 nm at 80 keV. So the reflections of all
images are the same three complex numbers, times one real number an image: its contrast.

Which sign means bright atoms follows from the product of the three reflections: as their
frequencies add up to nothing, it does not depend on where the lattice lies. It is negative where
two of the three sublattices (columns of Mo and of S) are brighter than the third (the middles of
the hexagons), and positive where they are darker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft

__all__ = ["Contrasts", "lattice_contrasts"]

#: px of the middle of the images that are looked at, and how much finer than that the lattice's
#: frequencies are looked up.
_PART, _FINER = 512, 2
_STRETCHES = np.linspace(0.93, 1.07, 15)
_ANGLES = np.deg2rad(np.arange(60))
#: Times the noise's power that the reflections need to be told from it.
_CLEAR = 12.0
#: In an order that is wrong some image has more contrast than an earlier one, by more than so
#: many standard errors and by more than this share of the largest contrast.
_ERRORS, _SHARE = 5.0, 0.2
#: Share of the reflections' power that may not be real factors of the same three numbers:
#: images that do not lie over each other.
_ODD = 0.1


@dataclass(frozen=True, eq=False)
class Contrasts:
    """How strongly the lattice shows in every image of a series.

    Parameters
    ----------
    values : (n,) array
        In units of the largest; positive where atoms are bright.
    errors : (n,) array
        Their standard errors.
    clear : bool
        Whether the lattice shows, and the images lie over each other.
    """

    values: np.ndarray
    errors: np.ndarray
    clear: bool

    @property
    def best(self) -> tuple[int, ...]:
        """Positions of the images from overfocus to underfocus."""
        return tuple(int(at) for at in np.argsort(-self.values, kind="stable"))

    @property
    def out_of_order(self) -> bool:
        """Whether an image has clearly more contrast than an earlier one."""
        rise = self.values - self.values[:, np.newaxis]
        least = _ERRORS * np.hypot(self.errors, self.errors[:, np.newaxis])
        return self.clear and bool(np.any(np.triu(rise > np.maximum(least, _SHARE), 1)))

    @property
    def dark(self) -> bool:
        """Whether atoms are clearly dark in the first image."""
        return self.clear and bool(self.values[0] < -_SHARE)


def lattice_contrasts(images: Sequence[np.ndarray], *, bond: float) -> Contrasts:
    """Measure the contrast of a honeycomb lattice in every image of a focal series.

    Parameters
    ----------
    images : sequence of (y, x) arrays
        Laid over each other.
    bond : float
        Expected distance of neighbouring columns, px; within 7 %.
    """
    parts = [_windowed(image) for image in images]
    spectra = [_spectrum(part) for part in parts]
    waves, noise = _reflections(spectra, bond)
    values = np.array([_at(part, waves) for part in parts])
    left, strengths, right = np.linalg.svd(np.hstack([values.real, values.imag]))
    contrasts, common = left[:, 0] * strengths[0], right[0, :3] + 1j * right[0, 3:]
    if np.prod(common).real > 0:
        contrasts = -contrasts
    largest = max(float(np.abs(contrasts).max()), 1e-12)
    power, odd = float(np.sum(strengths**2)), float(np.sum(strengths[1:] ** 2))
    clear = power > _CLEAR * 3 * float(noise.sum()) and odd < _ODD * power
    return Contrasts(contrasts / largest, np.sqrt(noise / 2) / largest, clear)


def _windowed(image: np.ndarray) -> np.ndarray:
    """Return the middle of an image with mean 0 and deviation 1, falling to 0 at its border."""
    height, width = (min(edge, _PART) for edge in image.shape)
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    part = np.asarray(image[top : top + height, left : left + width], np.float32)
    part = (part - part.mean()) / max(float(part.std()), 1e-12)
    down, across = (np.sin(np.pi * (np.arange(n) + 0.5) / n) for n in (height, width))
    return np.asarray(part * np.outer(down, across).astype(np.float32))


def _spectrum(part: np.ndarray) -> np.ndarray:
    """Return the power at finer frequencies than those of the image, negative ones first."""
    shape = [_FINER * edge for edge in part.shape]
    return np.asarray(np.fft.fftshift(np.abs(scipy.fft.fft2(part, shape)) ** 2))


def _reflections(spectra: list[np.ndarray], bond: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the three frequencies (3, 2; 1/px) of most power, and every image's noise power."""
    turned = _ANGLES[:, np.newaxis] + 2 * np.pi / 3 * np.arange(3)
    length = 2 / (3 * bond * _STRETCHES)[:, np.newaxis, np.newaxis]
    waves = np.stack([length * np.sin(turned), length * np.cos(turned)], axis=-1)
    shape = np.array(spectra[0].shape)
    rows, columns = np.moveaxis(np.round(waves * shape).astype(int) + shape // 2, -1, 0)
    power = np.array([spectrum[rows, columns] for spectrum in spectra])
    best = np.unravel_index(int(np.argmax(power.sum(axis=(0, 3)))), power.shape[1:3])
    # The power of noise has an exponential distribution, whose median is ln 2 of its mean.
    return waves[best], np.median(power, axis=(1, 2, 3)) / np.log(2)


def _at(part: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """Return the transform at some frequencies, with phases from the middle of the image."""
    y, x = (np.arange(edge) - (edge - 1) / 2 for edge in part.shape)
    down, across = (np.exp(-2j * np.pi * np.outer(waves[:, k], at)) for k, at in ((0, y), (1, x)))
    return np.asarray(np.sum((down @ part) * across, axis=1))
