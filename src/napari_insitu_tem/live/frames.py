"""What every source of live frames gives: frames, and notes on what went wrong with some."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np

__all__ = ["Frame", "FrameSource", "Notes", "SourceError"]


class SourceError(ValueError):
    """Something cannot be followed; one plain sentence says why."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a running experiment.

    Parameters
    ----------
    pixels : (y, x) array
        As the camera gave them.
    number : int
        The number in its file's name, its position in the file, or a running count.
    name : str
        Where it came from.
    arrived : float
        When it was complete, in seconds of the computer's clock (`time.time`).
    late : bool
        Whether one that follows it was given before it.
    pixel_size : float, optional
        In nm.
    """

    pixels: np.ndarray
    number: int
    name: str
    arrived: float
    late: bool = False
    pixel_size: float | None = None


class FrameSource(Protocol):
    """Where frames come from while they are taken.

    Asked by one thread. Nothing here raises for what a recording may bring (half-written,
    missing, damaged, vanished frames): such a frame becomes a note. Nothing here writes, locks
    or keeps open what the writer writes.
    """

    #: What to call it.
    name: str
    #: What went wrong with some frames.
    notes: Notes
    #: Frames that could not be read, or had to make room for newer ones.
    lost: int

    def look(self) -> int:
        """Look for new frames; return how many wait to be taken."""

    def take(self) -> Frame | None:
        """Read the next frame; None when none is complete yet."""

    def peek(self) -> Frame | None:
        """Read the newest frame that waits, which stays waiting; None when it is not whole."""

    def skip(self, keep: int) -> int:
        """Pass over all waiting frames but the last `keep`; return over how many."""

    def close(self) -> None:
        """Let go of everything."""


class Notes:
    """Plain sentences on what happened, from any thread to any other; bounded.

    A fault that keeps on coming is told five times, then each time its number has doubled.

    Parameters
    ----------
    most : int
        Sentences kept for whoever has not asked for them yet; the oldest go.
    """

    def __init__(self, most: int = 200) -> None:
        self._texts: deque[str] = deque(maxlen=most)
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, kind: str, text: str) -> None:
        """Tell something of a kind; only the kind counts for how often it was told."""
        with self._lock:
            self._counts[kind] += 1
            count = self._counts[kind]
            if count <= 5:
                self._texts.append(text)
            elif count % 10 == 0 and count // 10 & (count // 10 - 1) == 0:
                self._texts.append(f"{text} ({count} such so far.)")

    def take(self) -> list[str]:
        """Return what was told since the last time."""
        with self._lock:
            texts = list(self._texts)
            self._texts.clear()
        return texts

    def count(self, kind: str) -> int:
        """Return how often a kind was told."""
        with self._lock:
            return self._counts[kind]
