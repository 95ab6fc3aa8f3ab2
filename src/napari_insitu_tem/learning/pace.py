"""How far a training is, and the learning rate that belongs there."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from napari_insitu_tem.learning.settings import TrainSettings

__all__ = ["Pace", "learning_rate"]


class Pace:
    """Counts steps and seconds; a training ends when either has reached its limit.

    Parameters
    ----------
    settings : TrainSettings
        Where the limits stand.
    agreed : callable
        Turns this machine's share into the one that all machines go by.
    """

    def __init__(self, settings: TrainSettings, agreed: Callable[[float], float]) -> None:
        self._settings, self._agreed = settings, agreed
        self._seconds_before, self._start = 0.0, time.monotonic()
        self.step = 0
        self.done = 0.0

    def begin(self, step: int = 0, seconds: float = 0.0) -> None:
        """Start the clock, at the beginning or where an interrupted training stood."""
        self.step, self._seconds_before, self._start = step, seconds, time.monotonic()
        self._look()

    def advance(self) -> None:
        """Count a step."""
        self.step += 1
        self._look()

    @property
    def ended(self) -> bool:
        """Whether a limit is reached."""
        return self.done >= 1

    @property
    def seconds(self) -> float:
        """Since the start, all parts of an interrupted training together."""
        return self._seconds_before + time.monotonic() - self._start

    @property
    def seconds_left(self) -> float:
        """Estimate, if all goes on as it went so far."""
        return self.seconds / self.done * (1 - self.done) if 0 < self.done < 1 else 0.0

    @property
    def learning_rate(self) -> float:
        """At this step."""
        return learning_rate(self._settings, self.done)

    def _look(self) -> None:
        done = self.step / self._settings.steps
        if self._settings.minutes is not None:
            done = max(done, self.seconds / (60 * self._settings.minutes))
        self.done = self._agreed(done)


def learning_rate(settings: TrainSettings, done: float) -> float:
    """Return the learning rate when a share `done` of a training is done.

    It rises linearly to the highest in the warm-up, then falls along half a cosine to a
    thousandth (Loshchilov & Hutter, ICLR 2017, without restarts).
    """
    done = min(1.0, done)
    if done < settings.warm_up:
        share = max(done / settings.warm_up, 0.01)
    else:
        past = (done - settings.warm_up) / (1 - settings.warm_up)
        share = 0.5 * (1 + math.cos(math.pi * past))
    return settings.learning_rate * max(share, 1e-3)
