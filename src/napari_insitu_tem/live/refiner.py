"""Refines the latest mean, and looks for particles in the latest refined picture."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np

from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.live.contrast import SteadyLimits
from napari_insitu_tem.live.frames import Notes
from napari_insitu_tem.live.latest import LatestMean
from napari_insitu_tem.live.pace import Rate
from napari_insitu_tem.live.picture import Picture
from napari_insitu_tem.live.recording import Recording
from napari_insitu_tem.live.refining import Refine

__all__ = ["Find", "Finder", "Refiner"]

logger = logging.getLogger("napari_insitu_tem")

#: Takes a refined picture (y, x), returns the labels of the particles in it.
Find = Callable[[np.ndarray], np.ndarray]

_LISTEN = 0.1  # s after which a thread that waits looks whether to stop


class Refiner:
    """Refines the mean as it stands whenever it is ready: the latest frame wins.

    Parameters
    ----------
    latest : LatestMean
        Gives the means.
    make : callable
        Returns what refines; called once, on the thread that uses it.
    recording : Recording
        Takes the refined pictures while it is on.
    notes : Notes
        Told what happens.
    """

    def __init__(
        self, latest: LatestMean, make: Callable[[], Refine], recording: Recording, notes: Notes
    ) -> None:
        self._latest, self._make, self._recording, self._notes = latest, make, recording, notes
        self.picture: Picture | None = None
        self.count = 0
        self.rate = Rate()
        #: Set after every picture.
        self.fresh = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Refine until `stop` is set."""
        refine = self._made()
        raw_limits, refined_limits = SteadyLimits(), SteadyLimits()
        shape: tuple[int, ...] = ()
        while not stop.is_set():
            taken = self._latest.take(_LISTEN)
            if taken is None:
                continue
            frame, mean, averaged = taken
            if mean.shape != shape:
                shape = mean.shape
                raw_limits.restart()
                refined_limits.restart()
            refined = self._refined(refine, mean)
            if stop.is_set():  # a picture that comes too late is thrown away
                return
            limits = raw_limits.update(frame.pixels), refined_limits.update(refined)
            self.picture = Picture(frame, refined, averaged, *limits)
            self.count += 1
            self.rate.tick()
            self.fresh.set()
            self._recording.add_refined(refined, frame)

    def _made(self) -> Refine:
        try:
            return self._make()
        except Exception as error:
            logger.debug("Making the refiner failed", exc_info=error)
            self._notes.add("refiner", f"The mean is shown unrefined: {error}")
            return lambda mean: mean

    def _refined(self, refine: Refine, mean: np.ndarray) -> np.ndarray:
        try:
            refined = np.asarray(refine(mean), np.float32)
            if refined.shape != mean.shape:
                raise ValueError(f"it made {refined.shape} pixels of {mean.shape}")
            return refined
        except Exception as error:  # whatever someone's own function raises
            logger.debug("Refining failed", exc_info=error)
            self._notes.add("refining", f"A picture was not refined ({error}).")
            return mean


class Finder:
    """Looks for particles in the latest refined picture.

    Parameters
    ----------
    refiner : Refiner
        Gives the pictures.
    make : callable
        Takes a function that says whether to stop, returns what finds; called once, on the
        thread that uses it.
    notes : Notes
        Told what happens.
    full : int
        Only means of so many frames are looked at, since the first decides on the settings.
    """

    def __init__(
        self,
        refiner: Refiner,
        make: Callable[[Callable[[], bool]], Find],
        notes: Notes,
        *,
        full: int,
    ) -> None:
        self._refiner, self._make, self._notes, self._full = refiner, make, notes, full
        self.labels: tuple[np.ndarray, int] | None = None

    def run(self, stop: threading.Event) -> None:
        """Find until `stop` is set."""
        find: Find | None = None
        while not stop.is_set():
            if not self._refiner.fresh.wait(_LISTEN):
                continue
            self._refiner.fresh.clear()
            picture = self._refiner.picture
            if picture is None or picture.averaged < self._full:
                continue
            try:
                find = find or self._make(stop.is_set)
                self.labels = find(picture.refined), picture.frame.number
            except Cancelled:
                return
            except Exception as error:
                logger.debug("Finding particles failed", exc_info=error)
                self.labels = None
                self._notes.add("finding", f"No particles were looked for ({error}).")
