"""Loading large libraries in the background without stalling the window."""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

__all__ = ["collector_at_rest", "load_ahead"]

_lock = threading.Lock()
_users = 0
_was_on = False


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Keep Python's garbage collector from running, for the second that an import takes.

    A large import makes hundreds of thousands of objects, so the collector looks through all
    that the program holds, several times, for a tenth of a second or more each. No other
    thread can work meanwhile, the window's among them.
    """
    global _users, _was_on
    with _lock:
        if not _users:
            _was_on = gc.isenabled()
            gc.disable()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users and _was_on:
                gc.enable()


def load_ahead(modules: Iterable[str]) -> None:
    """Import modules that will be needed soon."""
    with collector_at_rest():
        for module in modules:
            importlib.import_module(module)
