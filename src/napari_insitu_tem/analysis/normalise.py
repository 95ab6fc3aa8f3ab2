"""How frames are brought to the values that a denoising network takes, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

__all__ = ["NORMALISATIONS", "MovieScale", "Normalisation", "Standard", "Stretched"]

#: Percentiles beyond which values do not count (Katsuno et al.).
_OUTLIERS = (0.1, 99.9)
_FARTHEST = 12.0
#: Pixels that percentiles are taken of.
_ENOUGH = 65_000


class Normalisation(Protocol):
    """How frames are brought to a network's values, and what it gives back to readings."""

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Return an image (y, x) as a network takes it."""
        ...

    def restore(self, given: np.ndarray, image: np.ndarray) -> np.ndarray:
        """Return what a network gave for an image, in the readings of that image."""
        ...


class Standard:
    """Zero mean and unit standard deviation of the noisy image; the clean one in the same units.

    What a network gives is the expected value of the reading, so contrast stays what it is.
    """

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Return an image (y, x) with zero mean and unit deviation, far outliers clipped."""
        mean, deviation = _scale(image)
        return np.clip((image - mean) / deviation, -_FARTHEST, _FARTHEST).astype(np.float32)

    def pair(self, noisy: np.ndarray, clean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both images in the noisy one's units."""
        mean, deviation = _scale(noisy)
        return self.prepare(noisy), ((clean - mean) / deviation).astype(np.float32)

    def restore(self, given: np.ndarray, image: np.ndarray) -> np.ndarray:
        """Return what a network gave, in the readings of the image."""
        mean, deviation = _scale(image)
        return np.asarray(given * np.float32(deviation) + np.float32(mean), np.float32)


class Stretched:
    """Both images from 0 to 1, each by its own extremes, as Katsuno et al. have it.

    A network's answer then has the contrast of a picture, not of a measurement. `restore` gives
    it the gain and offset with which it is nearest to the noisy image.
    """

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Return an image (y, x) between 0 and 1."""
        low, high = np.percentile(_some(image), _OUTLIERS)
        width = high - low
        if width <= 1e-12 * max(abs(float(low)), abs(float(high)), 1e-30):
            return np.zeros(image.shape, np.float32)
        return np.clip((image - low) / width, 0, 1).astype(np.float32)

    def pair(self, noisy: np.ndarray, clean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return both images, each stretched by itself."""
        return self.prepare(noisy), self.prepare(clean)

    def restore(self, given: np.ndarray, image: np.ndarray) -> np.ndarray:
        """Return what a network gave, in the readings of the image, by least squares."""
        shape, level = given - given.mean(), float(image.mean())
        power = float(np.mean(shape**2))
        if power <= 1e-12:
            return np.full(given.shape, level, np.float32)
        gain = float(np.mean(shape * (image - level))) / power
        return np.asarray(gain * shape + level, np.float32)


@dataclass(frozen=True)
class MovieScale:
    """One scale for all frames of a movie, so that their brightness can be compared.

    Parameters
    ----------
    mean, deviation : float
        In readings.
    """

    mean: float
    deviation: float

    @classmethod
    def of(cls, frames: Iterable[np.ndarray]) -> MovieScale:
        """Return the scale of some frames of a movie."""
        values = np.concatenate([_some(frame) for frame in frames])
        deviation = float(values.std())
        return cls(float(values.mean()), deviation if deviation > 0 else 1.0)

    def prepare(self, image: np.ndarray) -> np.ndarray:
        """Return values about zero of an array of readings of any shape."""
        values = (np.asarray(image, np.float32) - np.float32(self.mean)) / self.deviation
        return values.astype(np.float32, copy=False)

    def restore(self, given: np.ndarray, image: np.ndarray) -> np.ndarray:
        """Return readings of values about zero."""
        return np.asarray(given * np.float32(self.deviation) + np.float32(self.mean), np.float32)


#: By the names that model cards and recipes use.
NORMALISATIONS: Mapping[str, Standard | Stretched] = MappingProxyType(
    {"standard": Standard(), "stretched": Stretched()}
)


def _scale(image: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation, outliers clipped; 1 for a constant image."""
    values = _some(image)
    low, high = np.percentile(values, _OUTLIERS)
    typical = np.clip(values, low, high)
    deviation = float(typical.std())
    flat = deviation <= 1e-12 * max(abs(float(low)), abs(float(high)), 1e-30)
    return float(typical.mean()), 1.0 if flat else deviation


def _some(image: np.ndarray) -> np.ndarray:
    return image.ravel()[:: max(1, -(-image.size // _ENOUGH))]
