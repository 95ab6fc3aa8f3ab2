"""Frames that a program in the same process hands over."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np

from napari_insitu_tem.live.decode import as_frame
from napari_insitu_tem.live.frames import Frame, Notes

__all__ = ["PushSource"]


class PushSource:
    """A short queue; whoever pushes into it never waits.

    When it is full, the oldest frame makes room and counts as lost.

    Parameters
    ----------
    most : int
        Frames that may wait.
    name : str
        What to call it.
    pixel_size : float, optional
        In nm.

    Examples
    --------
    >>> source = PushSource()
    >>> source.push(np.zeros((4, 4)))
    >>> source.look()
    1
    """

    def __init__(
        self, most: int = 16, *, name: str = "pushed frames", pixel_size: float | None = None
    ) -> None:
        self.name = name
        self.notes = Notes()
        self.pixel_size = pixel_size
        self.lost = 0
        self._frames: deque[Frame] = deque()
        self._most = max(1, most)
        self._count = 0
        self._closed = False
        self._lock = threading.Lock()

    def push(self, pixels: np.ndarray, *, arrived: float | None = None) -> None:
        """Hand over a frame, which is copied.

        Parameters
        ----------
        pixels : (y, x) array
            The frame.
        arrived : float, optional
            When it was taken (`time.time`); now.

        Raises
        ------
        NotAFrameError
            When it has other dimensions, or complex numbers.
        """
        frame = as_frame(np.array(pixels))
        with self._lock:
            if self._closed:
                return
            number, self._count = self._count, self._count + 1
            if len(self._frames) >= self._most:
                self._frames.popleft()
                self.lost += 1
            when = time.time() if arrived is None else arrived
            self._frames.append(
                Frame(frame, number, f"frame {number}", when, pixel_size=self.pixel_size)
            )

    def look(self) -> int:
        """Return how many frames wait to be taken."""
        return len(self._frames)

    def take(self) -> Frame | None:
        """Return the next frame, or None."""
        with self._lock:
            return self._frames.popleft() if self._frames else None

    def peek(self) -> Frame | None:
        """Return the newest frame that waits, which stays waiting."""
        with self._lock:
            return self._frames[-1] if self._frames else None

    def skip(self, keep: int) -> int:
        """Pass over all waiting frames but the last `keep`; return over how many."""
        with self._lock:
            passed = max(0, len(self._frames) - keep)
            for _ in range(passed):
                self._frames.popleft()
        return passed

    def close(self) -> None:
        """Take no more frames."""
        with self._lock:
            self._closed = True
            self._frames.clear()
