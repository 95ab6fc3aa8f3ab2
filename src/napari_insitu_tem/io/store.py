"""Frame stores: (t, y, x) results on disk, written frame by frame, gone with the program.

Results may be larger than memory, so tasks write them into a store and hand on the store.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["as_dask", "new_frames", "new_store", "write_frames"]

_IN_MEMORY_BYTES = 64e6


def new_store(shape: tuple[int, int, int], dtype: Any, folder: str | Path | None = None) -> Any:
    """Make a zarr array with one chunk a frame.

    Parameters
    ----------
    shape : (t, y, x)
        Its shape.
    dtype : dtype
        Its type.
    folder : path, optional
        Where it shall lie and stay; a temporary folder, deleted with the array, otherwise.

    Returns
    -------
    zarr.Array
        Indexed and written like a NumPy array.
    """
    import zarr

    temporary = folder is None
    path = Path(tempfile.mkdtemp(prefix="insitu-tem-")) if folder is None else Path(folder)
    array = zarr.create_array(
        store=str(path),
        shape=shape,
        chunks=(1, *shape[1:]),
        dtype=dtype,
        fill_value=0,
        overwrite=True,
    )
    if temporary:
        weakref.finalize(array, shutil.rmtree, str(path), ignore_errors=True)
    return array


def new_frames(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return zeros to write frames into: in memory below 64 MB, else a temporary store."""
    if np.prod(shape) * np.dtype(dtype).itemsize <= _IN_MEMORY_BYTES:
        return np.zeros(shape, dtype)
    return new_store((shape[0], shape[1], shape[2]), dtype)


def write_frames(
    frames: Iterable[np.ndarray],
    shape: tuple[int, int, int],
    dtype: Any,
    folder: str | Path | None = None,
) -> Any:
    """Write frames one by one and return the array that holds them.

    Small results (under 64 MB) without a `folder` stay in memory as a NumPy array; others go
    to a zarr store. If writing stops early (an error, a cancel), nothing is left behind.
    """
    store = new_frames(shape, dtype) if folder is None else new_store(shape, dtype, folder)
    try:
        for index, frame in enumerate(frames):
            store[index] = frame
    except BaseException:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return store


def as_dask(array: Any) -> Any:
    """Return a lazy view for `Movie.data`: NumPy stays NumPy, a store becomes a dask array."""
    if isinstance(array, np.ndarray):
        return array
    import dask.array as da

    if isinstance(array, da.Array):
        return array
    return da.from_array(array, chunks=(1, *array.shape[1:]), name=False)
