"""Takes every frame of a source, records it, and hands on the latest."""

from __future__ import annotations

import logging
import threading
import time

from napari_insitu_tem.live.frames import Frame, FrameSource, Notes
from napari_insitu_tem.live.latest import LatestMean
from napari_insitu_tem.live.pace import Rate
from napari_insitu_tem.live.recording import Recording

__all__ = ["Reader"]

logger = logging.getLogger("napari_insitu_tem")

_POLL = 0.01  # s between looks where nothing is waiting
_PEEK = 0.05  # s between looks at the newest frame while earlier ones are still recorded


class Reader:
    """Reads a source until it is told to stop.

    Where it falls behind, it passes frames over; or, where all are recorded, hands on the
    newest ahead of its turn.

    Parameters
    ----------
    source : FrameSource
        Is closed at the end.
    latest : LatestMean
        Takes the frames.
    recording : Recording
        Takes every frame while it is on; is ended at the end.
    notes : Notes
        Told what happens.
    keep : int
        How many of the last frames are read where others are passed over.
    from_start : bool
        Whether frames that are there already are read too.
    """

    def __init__(
        self,
        source: FrameSource,
        latest: LatestMean,
        recording: Recording,
        notes: Notes,
        *,
        keep: int,
        from_start: bool,
    ) -> None:
        self._source, self._latest, self._recording = source, latest, recording
        self._notes, self._keep, self._begun = notes, keep, from_start
        self._ahead: str | None = None  # a frame that was handed on before its turn
        self._next_peek = 0.0
        self.rate = Rate()
        self.read = self.skipped = self.late = self.waiting = 0

    def run(self, stop: threading.Event) -> None:
        """Read until `stop` is set."""
        try:
            while not stop.is_set():
                try:
                    if not self._read_next():
                        stop.wait(_POLL)
                except Exception as error:  # a source that fails must not end the run
                    logger.debug("Reading failed", exc_info=error)
                    self._notes.add("reading", f"A frame could not be read ({error}).")
                    stop.wait(1.0)
        finally:
            self._recording.end()
            self._source.close()

    def _read_next(self) -> bool:
        """Read a frame; return whether there was one."""
        self._recording.switch(self._source.name)
        self.waiting = waiting = self._source.look()
        if not waiting:
            self._ahead = None
            return False
        if not self._begun:  # what was there before is past
            self._source.skip(self._keep)
            self._begun = True
        elif waiting > self._keep:
            self._catch_up()
        frame = self._source.take()
        if frame is None:
            return False
        self.read += 1
        self.rate.tick()
        self._recording.add_raw(frame)
        if frame.late:
            self.late += 1
        elif self._ahead is None:
            self._hand_on(frame)
        elif self._ahead == frame.name:  # it was handed on already
            self._ahead = None
        return True

    def _catch_up(self) -> None:
        """Go on with the latest frames; those before them are only read to be recorded."""
        if not self._recording.on:
            self.skipped += self._source.skip(self._keep)
            self._ahead = None
            return
        start = time.monotonic()
        if start < self._next_peek:
            return
        newest = self._source.peek()
        if newest is not None and newest.name != self._ahead:
            self._ahead = newest.name
            self._hand_on(newest)
        end = time.monotonic()
        self._next_peek = end + max(_PEEK, 2 * (end - start))

    def _hand_on(self, frame: Frame) -> None:
        before = self._latest.add(frame)
        if before is not None:
            old, new = (" × ".join(map(str, one.pixels.shape)) for one in (before, frame))
            self._notes.add(
                "resized",
                f"From '{frame.name}' on, frames have {new} instead of {old} pixels (height × "
                "width); the mean begins anew.",
            )
