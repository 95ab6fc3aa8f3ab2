"""The latest frame with the mean that it belongs to, handed from one thread to another."""

from __future__ import annotations

import threading

import numpy as np

from napari_insitu_tem.live.frames import Frame
from napari_insitu_tem.live.running_mean import RunningMean

__all__ = ["LatestMean"]


class LatestMean:
    """The mean of the last frames, as it stands whenever somebody is ready for it.

    Parameters
    ----------
    most : int
        Frames to take the mean of.
    """

    def __init__(self, most: int) -> None:
        self._mean = RunningMean(most)
        self._frame: Frame | None = None
        self._taken: Frame | None = None
        self._lock = threading.Lock()
        self._fresh = threading.Event()

    def __len__(self) -> int:
        return len(self._mean)

    @property
    def frame(self) -> Frame | None:
        """The latest frame, for whoever takes it beside; it stays to be taken."""
        return self._frame

    def add(self, frame: Frame) -> Frame | None:
        """Hand on a frame.

        Returns
        -------
        Frame or None
            The one before, where it had another size and the mean begins anew.
        """
        with self._lock:
            before, self._frame = self._frame, frame
            same = self._mean.add(frame.pixels)
        self._fresh.set()
        return None if same else before

    def take(self, timeout: float) -> tuple[Frame, np.ndarray, int] | None:
        """Wait for a new frame; return it, the mean (y, x), and of how many frames that is."""
        if not self._fresh.wait(timeout):
            return None
        self._fresh.clear()
        with self._lock:
            frame = self._frame
            if frame is None or frame is self._taken:
                return None
            self._taken = frame
            return frame, self._mean.value(), len(self._mean)
