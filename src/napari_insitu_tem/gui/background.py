"""Background: runs one function at a time on a thread, with progress, messages and cancel."""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, QTimer, Signal

from napari_insitu_tem.job import Cancelled, Job, Progress
from napari_insitu_tem.loading import NETWORK_MODULES, load_ahead

__all__ = ["Background", "plain_words"]

logger = logging.getLogger("napari_insitu_tem")

#: Tasks that run a network wait for each other here.
_device = threading.Lock()
_POLL_MS = 60
_BREATH = 0.0005  # s


class Background(QObject):
    """Runs functions that take a `Job`.

    The thread never touches Qt: it leaves its progress in a variable, and a timer of the
    window's own thread shows the latest. So reports can come as fast as they like.
    """

    progressed = Signal(object)
    messaged = Signal(str)
    finished = Signal(object)
    failed = Signal(str)
    cancelled = Signal()
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stop: threading.Event | None = None
        self._progress: Progress | None = None
        self._messages: list[str] = []
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def running(self) -> bool:
        """Whether something runs."""
        return self._stop is not None

    def start(self, function: Callable[[Job], Any], *, uses_device: bool = False) -> None:
        """Run `function(job)`; exactly one of `finished`, `failed`, `cancelled` follows."""
        if self.running:
            raise RuntimeError("Something is running already.")
        stop = self._stop = threading.Event()
        self._progress, self._messages = None, []

        def report(progress: Progress) -> None:
            self._progress = progress
            # Thousands of short calls into compiled code, one after the other, would keep the
            # interpreter from the window's thread; here it may have it.
            time.sleep(_BREATH)

        job = Job(on_progress=report, is_cancelled=stop.is_set, on_log=self._messages.append)

        def work() -> tuple[str, Any]:
            try:
                if not uses_device:
                    return "finished", function(job)
                self._wait_for_device(stop)
                try:
                    load_ahead(NETWORK_MODULES)
                    return "finished", function(job)
                finally:
                    _device.release()
            except Cancelled:
                return "cancelled", None
            except Exception as error:  # what fails is told in the panel, whatever it is
                logger.debug("A task failed", exc_info=True)
                return "failed", plain_words(error)

        worker = create_worker(work, _start_thread=False)
        worker.returned.connect(self._end)
        self._timer.start()
        worker.start()

    def cancel(self) -> None:
        """Ask the function to stop; `cancelled` follows when it has."""
        if self._stop is not None:
            self._stop.set()

    def _wait_for_device(self, stop: threading.Event) -> None:
        if not _device.acquire(blocking=False):
            self._messages.append("Waiting for another task to free the device …")
            while not _device.acquire(timeout=0.1):
                if stop.is_set():
                    raise Cancelled

    def _poll(self) -> None:
        progress, self._progress = self._progress, None
        if progress is not None:
            self.progressed.emit(progress)
        while self._messages:
            self.messaged.emit(self._messages.pop(0))

    def _end(self, outcome: tuple[str, Any]) -> None:
        self._timer.stop()
        self._poll()
        self._stop = None
        kind, value = outcome
        if kind == "finished":
            self.finished.emit(value)
        elif kind == "failed":
            self.failed.emit(value)
        else:
            self.cancelled.emit()
        self.ended.emit()


def plain_words(error: BaseException) -> str:
    """Return what went wrong in a sentence a scientist can act on."""
    if isinstance(error, MemoryError):
        return "There is not enough memory. Bin or crop the movie under Calibrate, then try again."
    if isinstance(error, OSError) and error.strerror:
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}."
    text = str(error).strip()
    if isinstance(error, ValueError | KeyError) and text:
        return text.strip("'\"") if isinstance(error, KeyError) else text
    warnings.warn(f"Unexpected {type(error).__name__}: {text}", stacklevel=2)
    return f"Something unexpected went wrong ({type(error).__name__}: {text or 'no details'})."
