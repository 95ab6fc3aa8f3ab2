"""Keeping Python's garbage collector from stalling the window."""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

__all__ = ["collector_at_rest", "load_ahead", "old_objects_spared"]

_lock = threading.Lock()
_resting = 0
_was_on = False
_sparing = 0


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep the garbage collector from running, for the second that an import takes.

    A large import makes hundreds of thousands of objects, so the collector looks through all
    that the program holds, several times, for a tenth of a second or more each. No other
    thread can work meanwhile, the window's among them.
    """
    global _resting, _was_on
    with _lock:
        if not _resting:
            _was_on = gc.isenabled()
            gc.disable()
        _resting += 1
    try:
        yield
    finally:
        with _lock:
            _resting -= 1
            if not _resting and _was_on:
                gc.freeze()  # what was loaded counts as old, and is not looked through at once
                if not _sparing:
                    gc.unfreeze()
                gc.enable()


@contextmanager
def old_objects_spared() -> Iterator[None]:
    """Let the garbage collector look only at objects that are made while a task runs.

    Reading a lazy movie makes many small objects, which sets off the collector often; with
    all of napari in the program it then stops every thread for a tenth of a second. What
    becomes garbage among the older objects is found after the task.
    """
    global _sparing
    with _lock:
        if not _sparing:
            gc.freeze()
        _sparing += 1
    try:
        yield
    finally:
        with _lock:
            _sparing -= 1
            if not _sparing:
                gc.unfreeze()


def load_ahead(modules: Iterable[str]) -> None:
    """Import modules that will be needed soon."""
    with collector_at_rest():
        for module in modules:
            importlib.import_module(module)
