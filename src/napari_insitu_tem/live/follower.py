"""Follows a source: reads every frame, refines the latest, counts what was passed over.

Threads of their own, so that nothing waits for what is slower: a `Reader`, a `Refiner` and,
where particles are looked for or activity is mapped, a `Finder` and a `Mapper`. Whoever shows the
picture asks for the `latest` one at a pace of their own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.live.activity import Activity
from napari_insitu_tem.live.frames import FrameSource, Notes
from napari_insitu_tem.live.latest import LatestMean
from napari_insitu_tem.live.mapper import MakeMap, Mapper
from napari_insitu_tem.live.pace import Delays
from napari_insitu_tem.live.picture import Picture, Standing
from napari_insitu_tem.live.reader import Reader
from napari_insitu_tem.live.recording import Recording
from napari_insitu_tem.live.refiner import Find, Finder, Refiner
from napari_insitu_tem.live.refining import Refine

__all__ = ["Follower"]


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
    make_map : callable, optional
        Takes a function that says whether to stop; returns what maps activity, see `Maps`.
        Called on the thread that will use it.
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
        make_map: MakeMap | None = None,
        settings: dict[str, Any] | None = None,
        from_start: bool = False,
        record_into: str | Path | None = None,
    ) -> None:
        self.source = source
        self._notes = Notes()
        self._recording = Recording(self._notes, settings)
        self._recording.wanted = None if record_into is None else Path(record_into)
        latest = LatestMean(frames)
        self._reader = Reader(
            source, latest, self._recording, self._notes, keep=frames, from_start=from_start
        )
        self._refiner = Refiner(latest, make_refiner, self._recording, self._notes)
        self._finder = (
            None
            if make_finder is None
            else Finder(self._refiner, make_finder, self._notes, full=frames)
        )
        self._mapper = None if make_map is None else Mapper(latest, make_map, self._notes)
        self._delays = Delays()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    # -- beginning and end -------------------------------------------------------------------

    def start(self) -> None:
        """Begin; returns at once."""
        every = self._reader, self._refiner, self._finder, self._mapper
        works = [work for work in every if work is not None]
        self._threads = [
            threading.Thread(
                target=work.run,
                args=(self._stop,),
                name=f"insitu-tem live {type(work).__name__}",
                daemon=True,
            )
            for work in works
        ]
        for thread in self._threads:
            thread.start()

    def ask_to_stop(self) -> None:
        """Ask all threads to end; returns at once."""
        self._stop.set()

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
        return self._refiner.picture

    @property
    def labels(self) -> tuple[np.ndarray, int] | None:
        """The latest labels, and the number of the frame whose picture they belong to."""
        return None if self._finder is None else self._finder.labels

    @property
    def activity(self) -> Activity | None:
        """The latest map of where most happens."""
        return None if self._mapper is None else self._mapper.activity

    def was_shown(self, picture: Picture) -> None:
        """Tell that a picture is on the screen now; latency is measured by that."""
        self._delays.add(time.time() - picture.frame.arrived)

    def record(self, folder: str | Path | None) -> None:
        """Record into a folder from the next frame on; None ends the recording."""
        self._recording.wanted = None if folder is None else Path(folder)

    @property
    def recording(self) -> Path | None:
        """The folder of the present recording."""
        return self._recording.folder

    def notes(self) -> list[str]:
        """Return what happened since the last time this was asked, in plain words."""
        return [*self.source.notes.take(), *self._notes.take()]

    def standing(self) -> Standing:
        """Return how it goes."""
        reader, refined, labels = self._reader, self._refiner.count, self.labels
        return Standing(
            arriving=reader.rate.value(),
            refining=self._refiner.rate.value(),
            latency=self._delays.median(),
            arrived=reader.read + reader.skipped,
            refined=refined,
            dropped=reader.skipped + max(0, reader.read - reader.late - refined),
            lost=self.source.lost,
            waiting=reader.waiting,
            recorded=self._recording.n_raw,
            count=None if labels is None else int(labels[0].max(initial=0)),
            mapping=self._mapper is not None,
            activity=self.activity,
        )
