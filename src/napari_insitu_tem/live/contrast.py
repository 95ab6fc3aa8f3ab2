"""Contrast limits that hold still from frame to frame, and follow when the picture changes."""

from __future__ import annotations

import numpy as np

__all__ = ["SteadyLimits"]

_PERCENTILES = (0.3, 99.7)
_PIXELS = 65_536
#: Limits move when the picture's own are off by this part of their width ...
_OFF = 0.35
#: ... for so many frames in a row.
_FRAMES = 10


class SteadyLimits:
    """Finds limits from the first frame, and others only when these no longer fit."""

    def __init__(self) -> None:
        self._limits: tuple[float, float] | None = None
        self._off = 0

    def update(self, picture: np.ndarray) -> tuple[float, float]:
        """Return the limits to show a picture (y, x) with."""
        own = _own_limits(picture)
        if self._limits is None:
            self._limits = own
            return own
        low, high = self._limits
        width = high - low
        off = max(abs(own[0] - low), abs(own[1] - high)) > _OFF * width
        self._off = self._off + 1 if off else 0
        if self._off >= _FRAMES:
            self._limits, self._off = own, 0
        return self._limits

    def restart(self) -> None:
        """Find the limits anew from the next picture."""
        self._limits, self._off = None, 0


def _own_limits(picture: np.ndarray) -> tuple[float, float]:
    step = max(1, int(np.sqrt(picture.size / _PIXELS)))
    sample = picture[::step, ::step]
    if sample.dtype.kind == "f":
        sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 1.0
    low, high = (float(each) for each in np.percentile(sample, _PERCENTILES))
    return (low, high) if high > low else (low, low + 1.0)
