"""Batches, drawn ahead in the background and always in the same order."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

import numpy as np

from napari_insitu_tem.learning.prepare import Prepared

__all__ = ["batches", "stack"]

Draw = Callable[[int], list[Prepared]]
_draw: Draw | None = None


def batches(
    draw: Draw,
    size: int,
    order: Iterator[tuple[int, int]],
    *,
    workers: int = 0,
    processes: bool = False,
) -> Generator[Prepared]:
    """Yield batches without end.

    Parameters
    ----------
    draw : callable
        ``(frame number) -> patches`` of that frame, each (image, targets, weights).
    size : int
        Patches a batch.
    order : iterator of (int, int)
        Frame and patch within it, as `schedule` gives; a batch has the next `size` of them.
    workers : int
        How many threads or processes draw ahead; 0 draws in between.
    processes : bool
        Whether these are processes; `draw` is then pickled.

    Yields
    ------
    tuple of (n, …) arrays
        Images, targets and weights.

    Raises
    ------
    ValueError
        When the processes do not start, or end.
    """
    ahead: deque[list[tuple[int, int]]] = deque()
    frames: dict[int, Future[list[Prepared]]] = {}
    left: dict[int, int] = {}  # patches of a frame that are still to come
    wanted = 1 if workers == 0 else 2 + -(-2 * workers // size)
    with _pool(draw, workers, processes=processes) as submit:
        try:
            while True:
                while len(ahead) < wanted:
                    ahead.append([next(order) for _ in range(size)])
                    for frame, _ in ahead[-1]:
                        if frame not in frames:
                            frames[frame] = submit(frame)
                patches = []
                for frame, cut in ahead.popleft():
                    drawn = frames[frame].result()
                    patches.append(drawn[cut])
                    left[frame] = left.get(frame, len(drawn)) - 1
                    if not left[frame]:
                        del frames[frame], left[frame]
                yield stack(patches)
        except BrokenProcessPool:
            raise ValueError(
                "A process that draws training samples ended: there is too little memory, or "
                'this script does not guard its start with if __name__ == "__main__". With '
                "workers = 0 there are no such processes."
            ) from None
        finally:
            for future in frames.values():
                future.cancel()


def stack(patches: list[Prepared]) -> Prepared:
    """Return patches as one batch."""
    images, wanted, weights = (np.stack(part) for part in zip(*patches, strict=True))
    return images, wanted, weights


def can_be_sent(draw: Draw) -> bool:
    """Whether another process could be given `draw`."""
    try:
        pickle.dumps(draw)
    except Exception:  # what cannot be pickled fails in many ways
        return False
    return True


@contextmanager
def _pool(
    draw: Draw, workers: int, *, processes: bool
) -> Iterator[Callable[[int], Future[list[Prepared]]]]:
    if workers == 0:
        yield lambda number: _at_once(draw, number)
        return
    if processes:
        # Never forked: a fork of a program with threads (Qt, torch) may hang.
        context = multiprocessing.get_context("spawn")
        with _one_thread_each():
            pool: Executor = ProcessPoolExecutor(
                workers, context, initializer=_begin, initargs=(draw,)
            )
            for _ in range(workers):  # started while the environment says one thread
                pool.submit(int)
        function: Draw = _drawn
    else:
        pool, function = ThreadPoolExecutor(workers, "insitu-tem-samples"), draw
    try:
        yield lambda number: pool.submit(function, number)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # a cancel need not wait for a frame


def _at_once(draw: Draw, number: int) -> Future[list[Prepared]]:
    done: Future[list[Prepared]] = Future()
    done.set_result(draw(number))
    return done


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Start processes that leave the other processors to the training."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _begin(draw: Draw) -> None:
    """Set a process up."""
    global _draw
    # Ctrl-C reaches every process of a terminal; the training itself ends these.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _draw = draw


def _drawn(number: int) -> list[Prepared]:
    assert _draw is not None
    return _draw(number)
