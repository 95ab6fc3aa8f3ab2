"""Job: what a running task may ask of the world (progress, cancel, device, seed, log)."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Cancelled", "Job", "Progress"]

logger = logging.getLogger("napari_insitu_tem")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Cancelled(Exception):  # noqa: N818 - a request that was granted, not an error
    """The user asked the task to stop."""


@dataclass(frozen=True)
class Progress:
    """Where a stage stands: what it does, how many items are done, and since when."""

    description: str
    done: int
    total: int | None
    elapsed: float

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds until the stage ends, or None while nothing can be said."""
        if not self.total or not self.done:
            return None
        return self.elapsed / self.done * (self.total - self.done)


@dataclass(frozen=True)
class Job:
    """A task's view of whoever runs it.

    The default works in a plain script: a text progress bar, never cancelled.

    Parameters
    ----------
    on_progress : callable, optional
        Called with a `Progress` after every item.
    is_cancelled : callable, optional
        Asked before every item; True ends the task with `Cancelled`.
    on_log : callable, optional
        Takes messages for the user; the logging module otherwise.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``; what networks run on.
    seed : int
        Seed for everything random.
    workers : int, optional
        Threads for `map`; the number of processors otherwise.
    on_report : callable, optional
        Called with what a task can show of its work meanwhile: the reports and examples of a
        training.
    """

    on_progress: Callable[[Progress], None] | None = None
    is_cancelled: Callable[[], bool] | None = None
    on_log: Callable[[str], None] | None = None
    device: str = "auto"
    seed: int = 0
    workers: int | None = None
    on_report: Callable[[object], None] | None = None

    def check(self) -> None:
        """Raise `Cancelled` when the user asked to stop."""
        if self.is_cancelled is not None and self.is_cancelled():
            raise Cancelled

    def log(self, message: str) -> None:
        """Tell the user something in plain words."""
        if self.on_log is not None:
            self.on_log(message)
        else:
            logger.info(message)

    def track(
        self, iterable: Iterable[Item], description: str, total: int | None = None
    ) -> Iterator[Item]:
        """Yield from `iterable`, reporting progress and stopping when asked to."""
        if total is None and isinstance(iterable, Sized):
            total = len(iterable)
        report, close = self._reporter(description, total)
        try:
            self.check()
            report(0)
            for done, item in enumerate(iterable, start=1):
                yield item
                report(done)
                self.check()
        finally:
            close()

    def map(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        description: str,
        total: int | None = None,
    ) -> Iterator[Result]:
        """Apply `function` to every item on a few threads, in order, with bounded memory.

        At most two items a thread are under way or waiting to be taken, so memory does not
        grow with the number of items. Progress and cancel are as in `track`.
        """
        if total is None and isinstance(items, Sized):
            total = len(items)
        workers = self.workers or os.cpu_count() or 1
        return self.track(_ordered_map(function, items, workers), description, total)

    def _reporter(
        self, description: str, total: int | None
    ) -> tuple[Callable[[int], None], Callable[[], None]]:
        if self.on_progress is not None:
            callback, start = self.on_progress, time.perf_counter()

            def report(done: int) -> None:
                callback(Progress(description, done, total, time.perf_counter() - start))

            return report, lambda: None
        from tqdm import tqdm

        bar = tqdm(total=total, desc=description, disable=None, leave=False)
        return (lambda done: bar.update(done - bar.n) and None), bar.close


def _ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    if workers == 1:
        yield from map(function, items)
        return
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="insitu-tem") as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) >= 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
