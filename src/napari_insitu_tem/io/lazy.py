"""Arrays that are read only where they are looked at, and how they become a movie's data.

A movie's data is a dask array of blocks of whole frames. Blocks, not single frames, because
dask's cost grows with their number; asking for one frame still reads one frame, since dask
hands the slice down to the array given here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["FrameReader", "as_movie_data", "grey", "native", "pick", "transpose"]

_BLOCK_BYTES = 8e6
_IN_MEMORY_BYTES = 64e6


class LazyArray:
    """An array-like that converts what is read from it.

    Parameters
    ----------
    array : array-like
        Anything with ``shape`` and slicing: a memory map, a zarr array, a `FrameReader`.
    dtype : dtype
        Type after conversion.
    convert : callable, optional
        From what was read to what is wanted; with `samples`, the last axis of what was read
        holds colour samples that it removes.
    """

    def __init__(
        self,
        array: Any,
        dtype: Any,
        convert: Callable[[np.ndarray], np.ndarray] | None = None,
        *,
        samples: bool = False,
    ) -> None:
        self._array, self._convert, self._samples = array, convert, samples
        shape = array.shape[:-1] if samples else array.shape
        self.shape = tuple(int(size) for size in shape)
        self.dtype = np.dtype(dtype)
        self.ndim = len(self.shape)

    def __getitem__(self, key: Any) -> np.ndarray:
        if self._samples:
            key = key if isinstance(key, tuple) else (key,)
            key = (*key, *(slice(None),) * (self.ndim - len(key)), slice(None))
        block = np.asarray(self._array[key])
        if self._convert is not None:
            block = self._convert(block)
        return block.astype(self.dtype, copy=False)


class FrameReader:
    """A movie that can only be read frame by frame.

    Parameters
    ----------
    shape : (t, y, x)
        Its shape.
    dtype : dtype
        Type of a frame.
    read : callable
        Takes the index of a frame and returns it, (y, x).
    """

    ndim = 3

    def __init__(
        self, shape: tuple[int, int, int], dtype: Any, read: Callable[[int], np.ndarray]
    ) -> None:
        self.shape = shape
        self.dtype = np.dtype(dtype)
        self._read = read

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        if isinstance(first, (int, np.integer)):
            return self._frame(int(first))[tuple(rest)]
        indices = np.arange(self.shape[0])[first]
        inside = tuple(rest) or (slice(None), slice(None))
        frames = [self._frame(int(index))[inside] for index in indices]
        if not frames:
            return np.empty((0, *np.empty(self.shape[1:], bool)[inside].shape), self.dtype)
        return np.stack(frames)

    def _frame(self, index: int) -> np.ndarray:
        return self._read(index % self.shape[0]).astype(self.dtype, copy=False)


def as_movie_data(array: Any) -> Any:
    """Return (t, y, x) data for a `Movie`: NumPy when small and in memory, dask otherwise.

    Types that image libraries stumble over are made plain: foreign byte order becomes
    native, half floats single floats, true/false 0 and 1.
    """
    dtype = native(array.dtype)
    if type(array) is np.ndarray and array.nbytes <= _IN_MEMORY_BYTES:
        return array.astype(dtype, copy=False)
    import dask.array as da

    if isinstance(array, da.Array):
        return array if array.dtype == dtype else array.astype(dtype)
    frame_bytes = max(1, int(np.prod(array.shape[1:])) * dtype.itemsize)
    per_block = max(1, int(_BLOCK_BYTES // frame_bytes))
    stored = getattr(array, "chunks", None)
    if stored is not None:  # reading part of a stored chunk costs as much as all of it
        per_block = -(-per_block // int(stored[0])) * int(stored[0])
    return da.from_array(
        LazyArray(array, dtype),
        chunks=(min(per_block, array.shape[0]), -1, -1),
        name=False,
        inline_array=True,
        meta=np.empty((0, 0, 0), dtype),
    )


def native(dtype: Any) -> np.dtype:
    """Return the type that a movie of `dtype` pixels has in memory."""
    dtype = np.dtype(dtype).newbyteorder("=")
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if dtype.kind == "f" and dtype.itemsize not in (4, 8):
        return np.dtype(np.float32 if dtype.itemsize < 4 else np.float64)
    return dtype


def pick(array: Any, axis: int | None, index: int) -> Any:
    """Return one position along an axis, lazily; with ``axis=None`` add a first axis."""
    array = _sliceable(array)
    if axis is None:
        return array[np.newaxis]
    return array[(slice(None),) * axis + (index,)]


def transpose(array: Any, order: list[int]) -> Any:
    """Return the array with its axes in another order, lazily."""
    return _sliceable(array).transpose(order)


def _sliceable(array: Any) -> Any:
    """Make an array-like one whose slices are lazy; memory maps are that already."""
    if isinstance(array, np.ndarray):
        return array
    import dask.array as da

    if isinstance(array, da.Array):
        return array
    frame_bytes = int(np.prod(array.shape[-2:])) * array.dtype.itemsize
    stored = getattr(array, "chunks", None) or (1,) * (array.ndim - 2)
    lead = [min(size, int(chunk)) for size, chunk in zip(array.shape[:-2], stored, strict=False)]
    if lead:
        enough = max(1, int(_BLOCK_BYTES // max(1, frame_bytes)))
        lead[0] = min(array.shape[0], max(lead[0], enough if array.ndim == 3 else 1))
    return da.from_array(
        LazyArray(array, array.dtype),
        chunks=(*lead, *array.shape[-2:]),
        name=False,
        inline_array=True,
        meta=np.empty((0,) * array.ndim, array.dtype),
    )


def grey(samples: np.ndarray) -> np.ndarray:
    """Turn (…, samples) colours into grey.

    One or two samples are grey with transparency; three or four are red, green, blue (and
    transparency), weighted as in ITU-R BT.601. Equal colours keep their exact value.
    """
    count = samples.shape[-1]
    if count < 3:
        return samples[..., 0]
    red, green, blue = (samples[..., index] for index in range(3))
    if samples.dtype.kind == "f":
        return (0.299 * red + 0.587 * green + 0.114 * blue).astype(samples.dtype)
    wide = 299 * red.astype(np.int64) + 587 * green.astype(np.int64) + 114 * blue.astype(np.int64)
    return ((wide + 500) // 1000).astype(samples.dtype)


def has_colours(samples: np.ndarray) -> bool:
    """Whether red, green and blue differ anywhere."""
    if samples.shape[-1] < 3:
        return False
    first = samples[..., :1]
    return bool((samples[..., 1:3] != first).any())
