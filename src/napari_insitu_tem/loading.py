"""Keeping large imports and Python's garbage collector from stalling the window."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = [
    "NETWORK_MODULES",
    "collector_at_rest",
    "load_ahead",
    "old_objects_spared",
    "open_library",
]

#: What networks are made of, in the order in which it is loaded.
NETWORK_MODULES = ("torch", "segmentation_models_pytorch")

#: Libraries that take tenths of a second to open, by module, those first that others need.
_LARGE_LIBRARIES = {
    "torch": ("lib/libtorch_global_deps.so", "lib/libtorch_cpu.so", "lib/libtorch_cuda.so")
}

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
    """Import modules that will be needed soon, on a thread other than the window's."""
    with collector_at_rest():
        for module in modules:
            if module not in sys.modules:
                for library in _large_libraries(module):
                    open_library(library, shared=library.stem.endswith("global_deps"))
            importlib.import_module(module)


def open_library(path: str | Path, *, shared: bool = False, apart: bool = False) -> None:
    """Open a compiled library, while other threads go on.

    An import would open it as well, but no other thread of Python could work meanwhile. What
    cannot be opened is left to the import, which says why.

    Parameters
    ----------
    path : path
        The library.
    shared : bool
        Whether its symbols are for all libraries opened later.
    apart : bool
        Whether it looks for symbols in itself first.
    """
    if sys.platform == "win32":
        return
    mode = os.RTLD_NOW | (os.RTLD_GLOBAL if shared else os.RTLD_LOCAL)
    if apart:
        mode |= getattr(os, "RTLD_DEEPBIND", 0)
    # `ctypes.CDLL(path)` keeps the interpreter to itself; calling the C function does not.
    with contextlib.suppress(AttributeError, OSError):
        opened = ctypes.CDLL(None).dlopen
        opened.restype, opened.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
        opened(os.fsencode(path), mode)


def _large_libraries(module: str) -> list[Path]:
    names = _LARGE_LIBRARIES.get(module, ()) if sys.platform == "linux" else ()
    spec = importlib.util.find_spec(module) if names else None
    if spec is None or spec.origin is None:
        return []
    paths = (Path(spec.origin).parent / name for name in names)
    return [path for path in paths if path.exists()]
