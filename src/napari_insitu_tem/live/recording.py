"""Recording what is followed: raw and refined, as movies that can be opened at any moment."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.atomic import write_provenance
from napari_insitu_tem.live.frames import Frame, Notes, SourceError
from napari_insitu_tem.live.stream import MovieStream
from napari_insitu_tem.provenance import Provenance, Step

__all__ = ["Recorder", "Recording"]

logger = logging.getLogger("napari_insitu_tem")


class Recorder:
    """Writes ``raw.ome.zarr`` and ``refined.ome.zarr`` into a new folder.

    Frames of another size or type begin another movie (``raw-2.ome.zarr``). Beside each lies
    a table with the time and number of every frame, and how it was made.

    Parameters
    ----------
    folder : path
        In it a folder named after the date and time is made.
    source : str
        What is followed.
    settings : dict
        How, for the provenance.

    Raises
    ------
    SourceError
        When the folder cannot be made.
    """

    def __init__(
        self, folder: str | Path, *, source: str, settings: dict[str, Any] | None = None
    ) -> None:
        name = datetime.now().strftime("live-%Y-%m-%d-%H%M%S")
        self.folder = Path(folder) / name
        count = 1
        while self.folder.exists():
            count += 1
            self.folder = Path(folder) / f"{name}-{count}"
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise SourceError(f"'{folder}' cannot be recorded into: {error.strerror}.") from None
        self._source, self._settings = source, settings or {}
        self._streams: dict[str, MovieStream] = {}
        self._counts: dict[str, int] = {}
        self._first: float | None = None
        self._span: dict[str, tuple[float, ...]] = {}  # first and last time of each movie
        self._closed = False
        self._lock = threading.Lock()
        self.n_raw = self.n_refined = 0

    def add_raw(self, frame: Frame) -> None:
        """Write a frame as it came."""
        with self._lock:
            if self._closed:
                return
            self._write("raw", frame.pixels, frame)
            self.n_raw += 1

    def add_refined(self, picture: np.ndarray, frame: Frame) -> None:
        """Write the refined picture that `frame` is the latest frame of."""
        with self._lock:
            if self._closed:
                return
            self._write("refined", np.asarray(picture, np.float32), frame)
            self.n_refined += 1

    def close(self) -> None:
        """Finish the movies; what is added afterwards is left out."""
        with self._lock:
            if not self._closed:
                self._closed = True
                for kind in self._streams:
                    self._finish(kind)

    def _write(self, kind: str, pixels: np.ndarray, frame: Frame) -> None:
        stream = self._streams.get(kind)
        if stream is None or not stream.fits(pixels):
            if stream is not None:
                self._finish(kind)
            number = self._counts[kind] = self._counts.get(kind, 0) + 1
            name = kind if number == 1 else f"{kind}-{number}"
            path = self.folder / f"{name}.ome.zarr"
            stream = self._streams[kind] = MovieStream(path, pixels, frame.pixel_size)
        if self._first is None:
            self._first = frame.arrived
        stream.append(pixels, time=frame.arrived - self._first, number=frame.number)
        self._span[kind] = (*self._span.get(kind, (frame.arrived,))[:1], frame.arrived)

    def _finish(self, kind: str) -> None:
        stream = self._streams[kind]
        first, last = self._span.pop(kind, (0.0, 0.0))
        step = (last - first) / (stream.n_frames - 1) if stream.n_frames > 1 else 0.0
        stream.close(step if step > 0 else None)
        history = Provenance.of_input(self._source, "")
        if kind != "raw":
            history = history.then(Step("live", self._settings))
        write_provenance(history, stream.path)


class Recording:
    """A recording that is switched on and off from another thread than the one that records.

    Whatever fails (a full disk, a drive that is gone) ends the recording, not the following.

    Parameters
    ----------
    notes : Notes
        Told where a recording lies, and why it ended.
    settings : dict, optional
        For the provenance.
    """

    def __init__(self, notes: Notes, settings: dict[str, Any] | None = None) -> None:
        #: The folder to record into; None for none. Takes effect at the next `switch`.
        self.wanted: Path | None = None
        self._notes, self._settings = notes, settings
        self._recorder: Recorder | None = None

    @property
    def on(self) -> bool:
        """Whether frames are recorded."""
        return self._recorder is not None

    @property
    def folder(self) -> Path | None:
        """The folder of this recording."""
        recorder = self._recorder
        return None if recorder is None else recorder.folder

    @property
    def n_raw(self) -> int:
        """Raw frames in it so far."""
        recorder = self._recorder
        return 0 if recorder is None else recorder.n_raw

    def switch(self, source: str) -> None:
        """Begin or end, as is wanted; `source` is what is recorded."""
        wanted = self.wanted
        if wanted is None:
            self.end()
        elif self._recorder is None:
            try:
                self._recorder = Recorder(wanted, source=source, settings=self._settings)
            except Exception as error:
                self._fail(error)

    def add_raw(self, frame: Frame) -> None:
        """Record a frame as it came, if recording is on."""
        recorder = self._recorder
        if recorder is not None:
            try:
                recorder.add_raw(frame)
            except Exception as error:
                self._fail(error)

    def add_refined(self, picture: np.ndarray, frame: Frame) -> None:
        """Record the refined picture that `frame` is the latest frame of, if recording is on."""
        recorder = self._recorder
        if recorder is not None:
            try:
                recorder.add_refined(picture, frame)
            except Exception as error:
                self._notes.add("recording", f"A refined frame was not recorded: {error}")

    def end(self) -> None:
        """Finish the recording, if there is one."""
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

    def _fail(self, error: Exception) -> None:
        logger.debug("Recording failed", exc_info=error)
        self.wanted = None
        self.end()
        self._notes.add("recording", f"The recording was ended: {error}")
