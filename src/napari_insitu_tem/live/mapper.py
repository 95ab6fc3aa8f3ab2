"""Keeps a map of activity of the latest raw frames, at a pace that leaves room for the rest."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.live.activity import Activity
from napari_insitu_tem.live.frames import Frame, Notes
from napari_insitu_tem.live.latest import LatestMean

__all__ = ["MakeMap", "Mapper", "Maps"]

logger = logging.getLogger("napari_insitu_tem")

_LISTEN = 0.01  # s between looks for a new frame
_OFTEN = 1.0  # s between two maps
#: Time between two maps, and rest after a frame, as multiples of the time that they took.
_APART, _REST = 3.0, 1.0
_PATIENCE = 1.0  # s after something failed


class Maps(Protocol):
    """What `ActivityMap` does."""

    def add(self, frame: Frame) -> None:
        """Take a frame into account."""

    def activity(self) -> Activity | None:
        """Return where most happens, as far as is known."""


#: Takes a function that says whether to stop, returns what maps.
MakeMap = Callable[[Callable[[], bool]], Maps]


class Mapper:
    """Hands the latest raw frame to a map whenever it is ready; the latest frame wins.

    It rests as long as it works, so that half of its thread's time is left to others.

    Parameters
    ----------
    latest : LatestMean
        Gives the frames; nothing is taken from whoever refines.
    make : callable
        Makes the map; called once, on the thread that uses it.
    notes : Notes
        Told what happens.
    """

    def __init__(self, latest: LatestMean, make: MakeMap, notes: Notes) -> None:
        self._latest, self._make, self._notes = latest, make, notes
        self.activity: Activity | None = None
        self._told = ""
        self._taken: Frame | None = None
        self._mapped: Frame | None = None
        self._due = 0.0

    def run(self, stop: threading.Event) -> None:
        """Map until `stop` is set."""
        try:
            maps = self._make(stop.is_set)
        except Exception as error:
            logger.debug("Making the map failed", exc_info=error)
            self._tell(f"There is no map of activity: {error}")
            return
        while not stop.is_set():
            begun = time.monotonic()
            try:
                worked = self._work(maps, stop)
            except Cancelled:
                return
            except Exception as error:  # of a network, or of frames that it cannot take
                logger.debug("Mapping failed", exc_info=error)
                self.activity, self._mapped = None, self._taken
                self._tell(f"Nothing is mapped ({error}).")
                stop.wait(_PATIENCE)
            else:
                stop.wait(_REST * (time.monotonic() - begun) if worked else _LISTEN)

    def _work(self, maps: Maps, stop: threading.Event) -> bool:
        """Take the latest frame, and make a map if one is due; return whether there was work."""
        frame = self._latest.frame
        new = frame is not None and frame is not self._taken
        if frame is not None and new:
            if self._taken is not None and self._taken.pixels.shape != frame.pixels.shape:
                self.activity = None
            self._taken = frame
            maps.add(frame)
        start = time.monotonic()
        if self._mapped is self._taken or start < self._due or stop.is_set():
            return new
        found = maps.activity()
        if stop.is_set():  # what comes too late is thrown away
            return False
        self._mapped, end = self._taken, time.monotonic()
        self._due = end + max(_OFTEN, _APART * (end - start))
        self.activity = found
        if found is not None:
            self._tell("" if found.lattice.any() else "No window shows a lattice, nothing to map.")
        return True

    def _tell(self, text: str) -> None:
        """Note what is not the same as before."""
        if text and text != self._told:
            self._notes.add("activity", text)
        self._told = text
