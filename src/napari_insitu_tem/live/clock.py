"""When a file was finished, by clocks that need not agree: this computer's and the drive's."""

from __future__ import annotations

import time

from napari_insitu_tem.live.frames import Notes

__all__ = ["Clock"]

#: Further than this (s) from when it was first seen, a file's time is by another clock.
_AGREES = 2.0


class Clock:
    """Tells when a file was finished.

    Parameters
    ----------
    notes : Notes
        Told once when the clocks differ.
    """

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._followed = False

    def long_ago(self, modified: float) -> bool:
        """Whether a file that is seen for the first time was finished well before."""
        return time.time() - modified > _AGREES

    def arrival(self, modified: float, seen: float) -> float:
        """Return when a file arrived: its own time where that can be true.

        Parameters
        ----------
        modified, seen : float
            When it was changed last, and when that was first seen; s.
        """
        if -0.05 <= seen - modified <= _AGREES:
            self._followed = True
            return modified
        if self._followed and not self._notes.count("clock"):
            self._notes.add(
                "clock",
                "The clock of the drive differs from this computer's; latency counts from when "
                "a frame is first seen.",
            )
        return seen
