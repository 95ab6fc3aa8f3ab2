"""How frames are brought to the values that a forecasting network takes, and back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

__all__ = ["EachFrame", "Fixed", "Scaling", "ScalingName", "scaling_of"]

ScalingName = Literal["z-score", "min-max", "z-score of each frame"]
_OUTLIERS = (0.1, 99.9)
_ENOUGH = 100_000


class Scaling(Protocol):
    """From readings to a network's values and back."""

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """Return readings (…, y, x) as a network takes them."""
        ...

    def restore(self, values: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return readings of what a network gave after the `last` frame of readings."""
        ...

    def restore_spread(self, spread: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return a standard deviation in readings."""
        ...


@dataclass(frozen=True)
class Fixed:
    """The same offset and width for all frames, so that their brightness can be compared.

    Parameters
    ----------
    offset, width : float
        In readings: what becomes 0, and what becomes 1 above it.
    """

    offset: float
    width: float

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """Return readings (…, y, x) as a network takes them."""
        values = (np.asarray(frames, np.float32) - np.float32(self.offset)) / self.width
        return values.astype(np.float32, copy=False)

    def restore(self, values: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return readings of what a network gave."""
        return np.asarray(values * np.float32(self.width) + np.float32(self.offset), np.float32)

    def restore_spread(self, spread: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return a standard deviation in readings."""
        return np.asarray(spread * np.float32(self.width), np.float32)


class EachFrame:
    """Zero mean and unit deviation of every frame by itself, as Fu et al. have it.

    Frames to come get the brightness and contrast of the last one that is known.
    """

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        """Return readings (…, y, x) as a network takes them."""
        frames = np.asarray(frames, np.float32)
        mean, deviation = _of_frame(frames)
        return ((frames - mean) / deviation).astype(np.float32, copy=False)

    def restore(self, values: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return readings of what a network gave after the `last` frame."""
        mean, deviation = _of_frame(np.asarray(last, np.float32))
        return np.asarray(values * deviation + mean, np.float32)

    def restore_spread(self, spread: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Return a standard deviation in readings."""
        return np.asarray(spread * _of_frame(np.asarray(last, np.float32))[1], np.float32)


def scaling_of(name: ScalingName, frames: Iterable[np.ndarray]) -> Scaling:
    """Return the scaling of a movie.

    Parameters
    ----------
    name : str
        ``"z-score"`` makes zero mean and unit deviation of all frames together, ``"min-max"``
        0 … 1 of their range but for a thousandth at either end, ``"z-score of each frame"``
        takes every frame by itself.
    frames : iterable of (y, x) arrays
        Some frames of the movie; of those that are learnt from.
    """
    if name == "z-score of each frame":
        return EachFrame()
    values = np.concatenate(
        [frame.ravel()[:: max(1, frame.size // _ENOUGH)].astype(np.float64) for frame in frames]
    )
    if name == "min-max":
        low, high = np.percentile(values, _OUTLIERS)
        return Fixed(float(low), float(high - low) if high > low else 1.0)
    deviation = float(values.std())
    return Fixed(float(values.mean()), deviation if deviation > 0 else 1.0)


def _of_frame(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = frames.mean(axis=(-2, -1), keepdims=True)
    deviation = frames.std(axis=(-2, -1), keepdims=True)
    return mean, np.where(deviation > 0, deviation, np.float32(1))
