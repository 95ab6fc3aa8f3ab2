"""NumPy's .npy files, memory-mapped."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from napari_insitu_tem.io.lazy import LazyArray, grey, has_colours
from napari_insitu_tem.io.signal import Axis, ReadError, Signal

__all__ = ["signals", "unlabelled"]


def signals(path: Path) -> list[Signal]:
    """Return the one array in a .npy file; it has no labels and no calibration."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        with path.open("rb") as file:
            ours = file.read(6) == b"\x93NUMPY"
        if ours and "object" in str(error).lower():
            raise ReadError("it holds Python objects, not an array of numbers") from None
        raise
    return [unlabelled(array, path.stem)]


def unlabelled(array: np.ndarray, name: str) -> Signal:
    """Return the signal of an array of which nothing is known but its numbers."""
    labels = [Axis()] * array.ndim
    notes: tuple[str, ...] = ()
    if array.dtype == np.uint8 and array.ndim in (3, 4) and array.shape[-1] in (3, 4):
        lead = array.shape[:-1]
        if min(lead[-2:]) > 8:
            coloured = has_colours(np.asarray(array[(0,) * (array.ndim - 3)]))
            what = (
                "colours were turned into grey by their brightness"
                if coloured
                else ("its last axis (red, green, blue, all equal) was turned into grey")
            )
            return Signal(
                name,
                LazyArray(array, array.dtype, grey, samples=True),
                tuple(labels[:-1]),
                notes=(what,),
            )
    return Signal(name, array, tuple(labels), notes=notes)
