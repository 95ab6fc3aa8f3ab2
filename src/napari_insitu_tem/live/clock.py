"""When a file was finished, by clocks that need not agree: this computer's and the drive's."""

from __future__ import annotations

__all__ = ["Clock"]

#: A file's own time is by this computer's clock when it was first seen within so many seconds.
_AGREES = 2.0


class Clock:
    """Tells when a file was finished; by its own time, once that was seen to agree."""

    def __init__(self) -> None:
        self._agrees = False

    def arrival(self, modified: float, seen: float) -> float:
        """Return when a file arrived.

        Parameters
        ----------
        modified, seen : float
            When it was changed last, by the drive, and when that was first seen, by this
            computer; s.
        """
        self._agrees = self._agrees or -0.05 <= seen - modified <= _AGREES
        return min(modified, seen) if self._agrees else seen
