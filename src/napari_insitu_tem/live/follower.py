"""Follows a source: reads every frame, refines the latest, counts what was passed over.

Three threads, so that nothing waits for what is slower. The reader takes every frame, records
it and adds it to the running mean. The refiner refines the mean as it stands whenever it is
ready: the latest frame wins. The finder looks for particles in the latest refined picture.
Whoever shows the picture asks for the `latest` one at a pace of their own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.live.contrast import SteadyLimits
from napari_insitu_tem.live.frames import Frame, FrameSource, Notes
from napari_insitu_tem.live.pace import Delays, Rate
from napari_insitu_tem.live.recording import Recorder
from napari_insitu_tem.live.refining import Refine
from napari_insitu_tem.live.running_mean import RunningMean

__all__ = ["Find", "Follower", "Picture", "Standing"]

logger = logging.getLogger("napari_insitu_tem")

#: Takes a refined picture (y, x), returns the labels of the particles in it.
Find = Callable[[np.ndarray], np.ndarray]

_POLL = 0.01  # s between looks where nothing is waiting
_LISTEN = 0.1  # s after which a thread that waits looks whether to stop


@dataclass(frozen=True, eq=False)
class Picture:
    """What is to be shown.

    Parameters
    ----------
    frame : Frame
        The latest frame.
    refined : (y, x) float32 array
        The refined mean of the last frames.
    averaged : int
        Of how many.
    raw_limits, refined_limits : (float, float)
        Contrast limits that hold still.
    """

    frame: Frame
    refined: np.ndarray
    averaged: int
    raw_limits: tuple[float, float]
    refined_limits: tuple[float, float]


@dataclass(frozen=True)
class Standing:
    """How the following goes.

    Parameters
    ----------
    arriving, refining : float
        Frames per second that come in and that are refined.
    latency : float or None
        Median time, in s, from when a frame was complete to when it was shown, over the last
        hundred.
    arrived, refined : int
        Frames that came in, and pictures refined.
    dropped : int
        Of those that came in, how many were passed over for a later one.
    lost : int
        Frames that could not be read, or had to make room before they were.
    waiting : int
        Frames that are there but not read yet.
    recorded : int
        Raw frames in the present recording.
    count : int or None
        Particles in the latest picture that they were looked for in.
    """

    arriving: float = 0.0
    refining: float = 0.0
    latency: float | None = None
    arrived: int = 0
    refined: int = 0
    dropped: int = 0
    lost: int = 0
    waiting: int = 0
    recorded: int = 0
    count: int | None = None


class Follower:
    """Follows a source until it is told to stop.

    Parameters
    ----------
    source : FrameSource
        Is closed at the end.
    make_refiner : callable
        Returns what takes the mean of the last frames (y, x) and returns the refined picture;
        called once, on the thread that will use it, so that it may load a network.
    frames : int
        How many frames the mean is of.
    make_finder : callable, optional
        Takes a function that says whether to stop; returns what takes a refined picture (y, x)
        and returns the labels of its particles, 1..n. Called on the thread that will use it.
    settings : dict, optional
        For the provenance of recordings.
    from_start : bool
        Whether frames that are there already are followed too; else only the last `frames`.
        (Unless all are recorded, the latest ones win all the same.)
    record_into : path, optional
        Record from the first frame on; see `record`.

    Examples
    --------
    >>> from napari_insitu_tem.live.pushed import PushSource
    >>> source = PushSource()
    >>> follower = Follower(source, lambda: lambda mean: mean, frames=2)
    >>> follower.start()
    >>> source.push(np.ones((8, 8)))
    >>> follower.stop()
    True
    """

    def __init__(
        self,
        source: FrameSource,
        make_refiner: Callable[[], Refine],
        *,
        frames: int = 10,
        make_finder: Callable[[Callable[[], bool]], Find] | None = None,
        settings: dict[str, Any] | None = None,
        from_start: bool = False,
        record_into: str | Path | None = None,
    ) -> None:
        self.source = source
        self._make_refiner, self._make_finder = make_refiner, make_finder
        self._frames, self._settings, self._from_start = frames, settings or {}, from_start
        self._notes = Notes()
        self._mean = RunningMean(frames)
        self._newest: Frame | None = None
        self._lock = threading.Lock()  # holds mean and newest frame together
        self._fresh, self._to_find = threading.Event(), threading.Event()
        self._stop = threading.Event()
        self._picture: Picture | None = None
        self._labels: tuple[np.ndarray, int] | None = None
        self._recorder: Recorder | None = None
        self._record_into = None if record_into is None else Path(record_into)
        self._arrived = self._refined = self._skipped = self._late = self._waiting = 0
        self._arriving, self._refining, self._delays = Rate(), Rate(), Delays()
        self._threads: list[threading.Thread] = []

    # -- beginning and end -------------------------------------------------------------------

    def start(self) -> None:
        """Begin; returns at once."""
        works = [self._read, self._refine] + ([self._find] if self._make_finder else [])
        self._threads = [
            threading.Thread(target=work, name=f"insitu-tem live {work.__name__}", daemon=True)
            for work in works
        ]
        for thread in self._threads:
            thread.start()

    def ask_to_stop(self) -> None:
        """Ask all threads to end; returns at once."""
        self._stop.set()
        self._fresh.set()
        self._to_find.set()

    @property
    def running(self) -> bool:
        """Whether a thread still works."""
        return any(thread.is_alive() for thread in self._threads)

    def stop(self, timeout: float = 1.0) -> bool:
        """Stop; the recording is finished by then.

        A refinement that takes longer than `timeout` seconds ends by itself later, and its
        picture is thrown away.

        Returns
        -------
        bool
            Whether all threads have ended.
        """
        self.ask_to_stop()
        end = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        return not self.running

    # -- what others ask -----------------------------------------------------------------------

    @property
    def latest(self) -> Picture | None:
        """The latest refined picture."""
        return self._picture

    @property
    def labels(self) -> tuple[np.ndarray, int] | None:
        """The latest labels, and the number of the frame whose picture they belong to."""
        return self._labels

    def was_shown(self, picture: Picture) -> None:
        """Tell that a picture is on the screen now; latency is measured by that."""
        self._delays.add(time.time() - picture.frame.arrived)

    def record(self, folder: str | Path | None) -> None:
        """Record into a folder from the next frame on; None ends the recording."""
        self._record_into = None if folder is None else Path(folder)

    @property
    def recording(self) -> Path | None:
        """The folder of the present recording."""
        recorder = self._recorder
        return None if recorder is None else recorder.folder

    def notes(self) -> list[str]:
        """Return what happened since the last time this was asked, in plain words."""
        return [*self.source.notes.take(), *self._notes.take()]

    def standing(self) -> Standing:
        """Return how it goes."""
        labels, recorder = self._labels, self._recorder
        return Standing(
            arriving=self._arriving.value(),
            refining=self._refining.value(),
            latency=self._delays.median(),
            arrived=self._arrived + self._skipped,
            refined=self._refined,
            dropped=self._skipped + max(0, self._arrived - self._late - self._refined),
            lost=self.source.lost,
            waiting=self._waiting,
            recorded=0 if recorder is None else recorder.n_raw,
            count=None if labels is None else int(labels[0].max(initial=0)),
        )

    # -- the reader ----------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            begun = self._from_start
            while not self._stop.is_set():
                try:
                    begun = self._read_next(begun)
                except Exception as error:  # a source that fails must not end the run
                    logger.debug("Reading failed", exc_info=error)
                    self._notes.add("reading", f"A frame could not be read ({error}).")
                    self._stop.wait(1.0)
        finally:
            self._end_recording()
            self.source.close()

    def _read_next(self, begun: bool) -> bool:
        """Take one frame, or wait a moment; return whether there were any yet."""
        self._switch_recording()
        self._waiting = waiting = self.source.look()
        if not waiting:
            self._stop.wait(_POLL)
            return begun
        if not begun:  # what was there before is past
            self.source.skip(self._frames)
        elif self._recorder is None and waiting > self._frames:
            self._skipped += self.source.skip(self._frames)
        frame = self.source.take()
        if frame is None:
            self._stop.wait(_POLL)
        else:
            self._accept(frame)
        return True

    def _accept(self, frame: Frame) -> None:
        self._arrived += 1
        self._arriving.tick()
        if self._recorder is not None:
            try:
                self._recorder.add_raw(frame)
            except Exception as error:  # a full disk, a drive that is gone
                self._fail_recording(error)
        if frame.late:
            self._late += 1
            return
        with self._lock:
            before = self._newest
            same = self._mean.add(frame.pixels)
            self._newest = frame
        if not same and before is not None:
            old, new = (" × ".join(map(str, one.pixels.shape)) for one in (before, frame))
            self._notes.add(
                "resized",
                f"From '{frame.name}' on, frames have {new} instead of {old} pixels (height × "
                "width); the mean begins anew.",
            )
        self._fresh.set()

    def _switch_recording(self) -> None:
        wanted = self._record_into
        if wanted is None:
            self._end_recording()
        elif self._recorder is None:
            try:
                self._recorder = Recorder(wanted, source=self.source.name, settings=self._settings)
            except Exception as error:
                self._fail_recording(error)

    def _fail_recording(self, error: Exception) -> None:
        logger.debug("Recording failed", exc_info=error)
        self._record_into = None
        self._end_recording()
        self._notes.add("recording", f"The recording was ended: {error}")

    def _end_recording(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        try:
            recorder.close()
        except Exception as error:
            logger.debug("Ending the recording failed", exc_info=error)
        self._notes.add(
            "recorded",
            f"{recorder.n_raw} raw and {recorder.n_refined} refined frames were recorded in "
            f"'{recorder.folder}'.",
        )

    # -- the refiner ---------------------------------------------------------------------------

    def _refine(self) -> None:
        refine = self._made_refiner()
        raw_limits, refined_limits = SteadyLimits(), SteadyLimits()
        shape: tuple[int, ...] = ()
        last: Frame | None = None
        while not self._stop.is_set():
            if not self._fresh.wait(_LISTEN):
                continue
            self._fresh.clear()
            with self._lock:
                frame = self._newest
                if frame is None or frame is last:
                    continue
                mean, averaged = self._mean.value(), len(self._mean)
            last = frame
            if mean.shape != shape:
                shape = mean.shape
                raw_limits.restart()
                refined_limits.restart()
            refined = self._refined_or_mean(refine, mean)
            if self._stop.is_set():
                return
            self._picture = Picture(
                frame,
                refined,
                averaged,
                raw_limits.update(frame.pixels),
                refined_limits.update(refined),
            )
            self._refined += 1
            self._refining.tick()
            self._record_refined(refined, frame)
            if averaged == self._frames:  # particles' settings come from full means only
                self._to_find.set()

    def _made_refiner(self) -> Refine:
        try:
            return self._make_refiner()
        except Exception as error:
            logger.debug("Making the refiner failed", exc_info=error)
            self._notes.add("refiner", f"The mean is shown unrefined: {error}")
            return lambda mean: mean

    def _refined_or_mean(self, refine: Refine, mean: np.ndarray) -> np.ndarray:
        try:
            refined = np.asarray(refine(mean), np.float32)
            if refined.shape != mean.shape:
                raise ValueError(f"it made {refined.shape} pixels of {mean.shape}")
            return refined
        except Exception as error:  # whatever someone's own function raises
            logger.debug("Refining failed", exc_info=error)
            self._notes.add("refining", f"A picture was not refined ({error}).")
            return mean

    def _record_refined(self, refined: np.ndarray, frame: Frame) -> None:
        recorder = self._recorder
        if recorder is None:
            return
        try:
            recorder.add_refined(refined, frame)
        except Exception as error:
            self._notes.add("recording", f"A refined frame was not recorded: {error}")

    # -- the finder ----------------------------------------------------------------------------

    def _find(self) -> None:
        assert self._make_finder is not None
        find: Find | None = None
        while not self._stop.is_set():
            if not self._to_find.wait(_LISTEN):
                continue
            self._to_find.clear()
            picture = self._picture
            if picture is None or self._stop.is_set():
                continue
            try:
                find = find or self._make_finder(self._stop.is_set)
                self._labels = find(picture.refined), picture.frame.number
            except Cancelled:
                return
            except Exception as error:
                logger.debug("Finding particles failed", exc_info=error)
                self._labels = None
                self._notes.add("finding", f"No particles were looked for ({error}).")
