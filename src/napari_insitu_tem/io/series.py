"""Series over time of many places: in memory, or on disk when they are large."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

import numpy as np

from napari_insitu_tem.io.atomic import replacing

__all__ = ["new_series", "write_series"]

_IN_MEMORY_BYTES = 512e6


def new_series(shape: tuple[int, ...]) -> np.ndarray:
    """Return an array to write frame by frame and to read place by place.

    Unlike a frame store, it can be read along time without reading whole frames.

    Parameters
    ----------
    shape : (t, …)
        Its shape.

    Returns
    -------
    float32 array
        In memory below 512 MB; otherwise a memory map of a temporary file, which goes with it.
    """
    if 4.0 * np.prod(shape, dtype=float) <= _IN_MEMORY_BYTES:
        return np.zeros(shape, np.float32)
    folder = Path(tempfile.mkdtemp(prefix="insitu-tem-"))
    series: np.ndarray = np.memmap(folder / "series.dat", np.float32, "w+", shape=shape)
    weakref.finalize(series, shutil.rmtree, str(folder), ignore_errors=True)
    return series


def write_series(path: str | Path, **arrays: np.ndarray) -> Path:
    """Write series and what belongs to them as a NumPy archive (``.npz``).

    Parameters
    ----------
    path : path
        Ends in ``.npz``; replaced by the finished file only.
    **arrays
        By the names that they have in the file.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ValueError
        When the ending is another.
    """
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise ValueError(f"Series are written as .npz, not as '{path.name}'.")
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    return path
