"""The latents of the last frames; what is older makes room."""

from __future__ import annotations

import numpy as np

__all__ = ["LatentRing"]


class LatentRing:
    """Latents of the windows of the last frames, in memory that never grows.

    Parameters
    ----------
    most : int
        Frames kept.
    windows, latents : int
        Values of a frame.
    """

    def __init__(self, most: int, windows: int, latents: int) -> None:
        self._values = np.empty((most, windows, latents), np.float32)
        self._added = 0

    def __len__(self) -> int:
        return min(self._added, len(self._values))

    @property
    def nbytes(self) -> int:
        """Memory it may take; less until it is full."""
        return self._values.nbytes

    def add(self, latents: np.ndarray) -> None:
        """Keep the latents (windows, latents) of a frame, in place of the oldest."""
        self._values[self._added % len(self._values)] = latents
        self._added += 1

    def series(self, windows: np.ndarray) -> np.ndarray:
        """Return the latents (t, n, latents) of some windows (their indices), oldest first."""
        count = len(self)
        order = np.arange(self._added - count, self._added) % len(self._values)
        return np.asarray(self._values[order[:, np.newaxis], np.asarray(windows)])
