"""The mean of the last frames, without adding them all up each time."""

from __future__ import annotations

from collections import deque

import numpy as np

__all__ = ["RunningMean"]


class RunningMean:
    """Mean of the last `most` frames of one size.

    It assumes that nothing drifts or moves by more than the detail looked for within those
    frames; what moves is smeared. Whole numbers add up exactly; of others the sum is made anew
    now and then, so that rounding cannot pile up.

    Parameters
    ----------
    most : int
        Frames to take the mean of.
    """

    _ANEW_EVERY = 1000

    def __init__(self, most: int) -> None:
        self._frames: deque[np.ndarray] = deque()
        self._most = max(1, most)
        self._sum: np.ndarray | None = None
        self._added = 0

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: np.ndarray) -> bool:
        """Take a frame (y, x) into account.

        NaN and infinities would stay in the sum for good, so they count as the frame's mean.

        Returns
        -------
        bool
            False when the mean had to begin anew, as the frame has another size.
        """
        same = self._sum is None or self._sum.shape == frame.shape
        if not same:
            self._frames.clear()
            self._sum = None
        if frame.dtype.kind == "f":
            finite = np.isfinite(frame)
            if not finite.all():
                mean = frame[finite].mean() if finite.any() else 0.0
                frame = np.where(finite, frame, mean).astype(frame.dtype)
        self._frames.append(frame)
        self._added += 1
        gone = self._frames.popleft() if len(self._frames) > self._most else None
        if self._sum is None or (frame.dtype.kind == "f" and not self._added % self._ANEW_EVERY):
            self._sum = np.asarray(np.sum(self._frames, axis=0, dtype=np.float64))
            return same
        self._sum += frame
        if gone is not None:
            self._sum -= gone
        return same

    def value(self) -> np.ndarray:
        """Return the mean, (y, x) float32.

        Raises
        ------
        ValueError
            When there is no frame yet.
        """
        if self._sum is None:
            raise ValueError("There is no frame to take the mean of.")
        return (self._sum / len(self._frames)).astype(np.float32)
