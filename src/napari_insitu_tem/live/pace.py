"""Frame rates and delays over the last seconds."""

from __future__ import annotations

import time
from collections import deque

import numpy as np

__all__ = ["Delays", "Rate"]


class Rate:
    """Events per second over the last few seconds.

    Parameters
    ----------
    over : float
        Seconds that are looked back.
    """

    def __init__(self, over: float = 3.0) -> None:
        self._over = over
        self._times: deque[float] = deque(maxlen=4096)

    def tick(self, now: float | None = None) -> None:
        """Count an event at the time `now` (`time.monotonic`)."""
        self._times.append(time.monotonic() if now is None else now)

    def value(self, now: float | None = None) -> float:
        """Return events per second; 0 when there were fewer than two lately."""
        now = time.monotonic() if now is None else now
        recent = [moment for moment in list(self._times) if now - moment <= self._over]
        if len(recent) < 2 or recent[-1] <= recent[0]:
            return 0.0
        interval = (recent[-1] - recent[0]) / (len(recent) - 1)
        # After the last event, silence counts as soon as it is longer than usual.
        silence = max(0.0, now - recent[-1] - interval)
        return (len(recent) - 1) / (recent[-1] - recent[0] + silence)


class Delays:
    """Median of the last delays, in seconds."""

    def __init__(self, most: int = 100) -> None:
        self._delays: deque[float] = deque(maxlen=most)

    def add(self, delay: float) -> None:
        """Take a delay into account."""
        self._delays.append(max(0.0, delay))

    def median(self) -> float | None:
        """Return their median, or None without any."""
        return float(np.median(list(self._delays))) if self._delays else None
