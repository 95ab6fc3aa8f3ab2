"""What a training says in the terminal, and how Ctrl-C ends it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_insitu_tem.learning.settings import Report

__all__ = ["Line", "until_interrupted"]


class Line:
    """One line in the terminal that is written over; one a validation in a file."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._validated = ""

    def show(self, report: Report) -> None:
        """Show where a training stands."""
        if report.validation_loss is not None:
            metrics = "".join(f", {key} {value:.3f}" for key, value in report.metrics.items())
            self._validated = f"  validation {report.validation_loss:.4f}{metrics}"
        elif not self._live:
            return
        text = (
            f"step {report.step}  loss {report.train_loss:.4f}{self._validated}  "
            f"{_clock(report.seconds)} gone, {_clock(report.seconds_left)} left"
        )
        print(
            f"\r\033[K{text}" if self._live else text,
            end="" if self._live else "\n",
            file=sys.stderr,
            flush=True,
        )

    def say(self, text: str) -> None:
        """Print a message on a line of its own."""
        self.end()
        print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line as it is."""
        if self._live:
            print(file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextlib.contextmanager
def until_interrupted(
    words: str = "Stopping; the best so far is kept ...",
) -> Iterator[Callable[[], bool]]:
    """Turn the first Ctrl-C (or an end asked for by the system) into a request to stop."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop.is_set
        return

    def ask(number: int, _: Any) -> None:
        if stop.is_set():  # the second time it is meant
            raise KeyboardInterrupt
        stop.set()
        # Straight to the terminal: a signal may come in the middle of another print.
        os.write(2, f"\n{words}\n".encode())

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, ask) for number in numbers}
    try:
        yield stop.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
