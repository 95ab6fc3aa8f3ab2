"""Arrays that are read only where they are looked at, and how they become a movie's data.

A movie's data is a dask array of blocks of whole frames. Blocks, not single frames, because
dask's cost grows with their number; asking for one frame still reads one frame, since dask
hands the slice down to the array given here.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Any

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.movie import Movie

__all__ = [
    "FrameReader",
    "LazyArray",
    "as_movie_data",
    "grey",
    "has_colours",
    "mapped",
    "native",
    "pick",
    "transpose",
]

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
        self._array = StoredFrames(array) if _is_whole_map(array) else array
        self._convert, self._samples = convert, samples
        shape = array.shape[:-1] if samples else array.shape
        self.shape = tuple(int(size) for size in shape)
        self.dtype = np.dtype(dtype)
        self.ndim = len(self.shape)
        self.chunks = getattr(array, "chunks", None)

    def __getitem__(self, key: Any) -> np.ndarray:
        if self._samples:
            key = key if isinstance(key, tuple) else (key,)
            key = (*key, *(slice(None),) * (self.ndim - len(key)), slice(None))
        block = np.asarray(self._array[key])
        if self._convert is not None:
            block = self._convert(block)
        return block.astype(self.dtype, copy=isinstance(self._array, np.memmap))


class View:
    """An array in a file seen with its axes in another order, some of them at one position.

    Parameters
    ----------
    array : array-like
        What is stored.
    order : list of int
        For every axis of the view, the stored axis.
    fixed : dict
        Positions along the other stored axes.
    """

    def __init__(self, array: Any, order: list[int], fixed: dict[int, int]) -> None:
        self._array, self._order, self._fixed = array, list(order), fixed
        self.shape = tuple(int(array.shape[axis]) for axis in order)
        self.dtype = np.dtype(array.dtype)
        self.ndim = len(self.shape)
        stored = getattr(array, "chunks", None)
        self.chunks = None if stored is None else tuple(int(stored[axis]) for axis in order)

    def __getitem__(self, key: Any) -> np.ndarray:
        keys = list(key) if isinstance(key, tuple) else [key]
        keys += [slice(None)] * (self.ndim - len(keys))
        wanted: list[Any] = [self._fixed.get(axis) for axis in range(len(self._array.shape))]
        for axis, part in zip(self._order, keys, strict=True):
            wanted[axis] = part
        block = np.asarray(self._array[tuple(wanted)])
        # Axes asked for at one position are gone; bring the rest from stored to seen order.
        seen = [
            axis for axis, part in zip(self._order, keys, strict=True) if isinstance(part, slice)
        ]
        left = sorted(seen)
        return block.transpose([left.index(axis) for axis in seen])


def _is_whole_map(array: Any) -> bool:
    """Whether an array is all of a memory-mapped file behind its header, in stored order."""
    mapped = getattr(array, "_mmap", None)
    if not isinstance(array, np.memmap) or mapped is None or array.filename is None:
        return False
    header = array.offset % mmap.ALLOCATIONGRANULARITY
    return bool(array.flags.c_contiguous and header + array.nbytes == len(mapped))


class StoredFrames:
    """Uncompressed frames of a file, read with plain reads instead of through a memory map.

    Pages of a map that were read count as memory of the program, and soon look like all of it.

    Parameters
    ----------
    array : memmap
        All frames, in stored order.
    """

    chunks = None

    def __init__(self, array: np.memmap) -> None:
        self._path, self._offset = str(array.filename), int(array.offset)
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        single = not isinstance(first, slice)
        start, stop, step = (first, first + 1, 1) if single else first.indices(self.shape[0])
        if step != 1:
            return np.stack([self[(index, *rest)] for index in range(start, stop, step)])
        per_frame = int(np.prod(self.shape[1:]))
        block = np.fromfile(
            self._path,
            self.dtype,
            max(0, stop - start) * per_frame,
            offset=self._offset + start * per_frame * self.dtype.itemsize,
        ).reshape(-1, *self.shape[1:])
        return block[(0 if single else slice(None), *rest)]


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
    """Return (t, y, x) data for a `Movie`: NumPy when small and quickly read, dask otherwise.

    Types that image libraries stumble over are made plain: foreign byte order becomes
    native, half floats single floats, true/false 0 and 1.
    """
    dtype = native(array.dtype)
    if isinstance(array, np.ndarray) and array.nbytes <= _IN_MEMORY_BYTES:
        return np.array(array, dtype)
    import dask.array as da

    if isinstance(array, da.Array):
        return array if array.dtype == dtype else array.astype(dtype)
    frame_bytes = max(1, int(np.prod(array.shape[1:])) * dtype.itemsize)
    per_block = max(1, int(_BLOCK_BYTES // frame_bytes))
    stored = getattr(array, "chunks", None)
    if stored is not None and int(stored[0]) * frame_bytes <= _IN_MEMORY_BYTES:
        # Reading a part of a stored chunk costs as much as reading all of it.
        per_block = -(-per_block // int(stored[0])) * int(stored[0])
    return da.from_array(
        LazyArray(array, dtype),
        chunks=(min(per_block, array.shape[0]), -1, -1),
        name=False,
        inline_array=True,
        meta=np.empty((0, 0, 0), dtype),
    )


def mapped(movie: Movie, function: Callable[[np.ndarray], np.ndarray]) -> Movie:
    """Return a movie whose every frame a function goes over when it is read.

    Parameters
    ----------
    movie : Movie
        Left as it is.
    function : callable
        From a (y, x) array without NaN (these are replaced by the frame's median) to a float32
        array of the same shape.
    """

    def read(index: int) -> np.ndarray:
        return function(fill_missing(movie.frame(index)))

    count, (height, width) = movie.n_frames, movie.frame_shape
    frames = FrameReader((count, height, width), np.float32, read)
    return movie.replace(data=as_movie_data(frames))


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
    if axis is None:
        return _for_slicing(array)[np.newaxis]
    if _slices_lazily(array):
        return array[(slice(None),) * axis + (index,)]
    return View(array, [other for other in range(len(array.shape)) if other != axis], {axis: index})


def transpose(array: Any, order: list[int]) -> Any:
    """Return the array with its axes in another order, lazily."""
    return array.transpose(order) if _slices_lazily(array) else View(array, order, {})


def _slices_lazily(array: Any) -> bool:
    """Whether slicing reads nothing: memory maps and dask arrays."""
    return isinstance(array, np.ndarray) or hasattr(array, "dask")


def _for_slicing(array: Any) -> Any:
    """Return an array whose slices are lazy."""
    if _slices_lazily(array):
        return array
    import dask.array as da

    return da.from_array(
        LazyArray(array, array.dtype),
        chunks=-1,
        name=False,
        inline_array=True,
        meta=np.empty((0,) * len(array.shape), array.dtype),
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
