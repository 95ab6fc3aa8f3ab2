"""EditableLabels: label images on disk that a window can edit without waiting for the disk.

Painting into a compressed store rewrites a whole frame at every stroke. Here edits are kept
in memory as small tiles over the store, which itself is never changed: what was edited is
known at any time, and costs memory only where it was edited.
"""

from __future__ import annotations

import operator
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["EditableLabels"]

_TILE = 256
_FRAMES_KEPT = 3


class EditableLabels:
    """A (t, y, x) label array over another one, with edits of its own.

    Indexed and assigned like a NumPy array, with integers, slices without steps and arrays of
    indices. Reading many frames from other threads is safe.

    Parameters
    ----------
    base : (t, y, x) integer array
        Anything that gives a frame for ``base[t]``; it is only read.
    """

    def __init__(self, base: Any) -> None:
        self.base: Any = base.base if isinstance(base, EditableLabels) else base
        frames, height, width = (int(size) for size in base.shape)
        self.shape = (frames, height, width)
        self.dtype = np.dtype(base.dtype)
        self.ndim = len(self.shape)
        self._tiles: dict[int, dict[tuple[int, int], np.ndarray]] = {}
        self._shown: OrderedDict[int, np.ndarray] = OrderedDict()
        self._lock = threading.RLock()
        if isinstance(base, EditableLabels):
            self._tiles = {
                frame: {key: tile.copy() for key, tile in tiles.items()}
                for frame, tiles in base._tiles.items()
            }

    @property
    def size(self) -> int:
        """Number of pixels."""
        return int(np.prod(self.shape))

    @property
    def nbytes(self) -> int:
        """What the whole array would take in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = np.stack([self.frame(index) for index in range(len(self))])
        return array if dtype is None else array.astype(dtype, copy=False)

    def __getitem__(self, key: Any) -> np.ndarray:
        key = self._full(key)
        if all(isinstance(part, np.ndarray) for part in key):
            return self._gather(*key)
        frames, squeeze = self._frames(key[0])
        with self._lock:
            if squeeze:
                return self.frame(frames[0])[key[1:]]
            if not frames:
                return np.empty((0, *self.shape[1:]), self.dtype)[(slice(None), *key[1:])]
            return np.stack([self.frame(frame)[key[1:]] for frame in frames])

    def __setitem__(self, key: Any, value: Any) -> None:
        key = self._full(key)
        if all(isinstance(part, np.ndarray) for part in key):
            self._scatter(*key, value=value)
            return
        frames, squeeze = self._frames(key[0])
        value = np.asarray(value, self.dtype)
        if not squeeze and value.ndim == 3 and len(value) == 1 and len(frames) > 1:
            value = np.broadcast_to(value, (len(frames), *value.shape[1:]))
        for position, frame in enumerate(frames):
            part = value[position] if not squeeze and value.ndim == 3 else value
            self._write(frame, key[1:], part)

    def frame(self, index: int) -> np.ndarray:
        """Return one (y, x) frame, edits included; a view that must not be written to."""
        with self._lock:
            if index in self._shown:
                self._shown.move_to_end(index)
                return self._shown[index]
        frame = np.array(self.base[index])  # may take a while; others need not wait for it
        with self._lock:
            for (row, column), tile in self._tiles.get(index, {}).items():
                height, width = tile.shape
                frame[row : row + height, column : column + width] = tile
            self._shown[index] = frame
            while len(self._shown) > _FRAMES_KEPT:
                self._shown.popitem(last=False)
            return frame

    def hold(self, frame: int, rows: slice, columns: slice) -> None:
        """Keep this part of a frame in memory, so that editing it will not wait for the disk.

        For threads that prepare an edit of many frames.
        """
        keys = _tile_keys(_span(rows, self.shape[1]), _span(columns, self.shape[2]))
        whole = self.frame(frame)
        with self._lock:
            tiles = self._tiles.setdefault(frame, {})
            for key in keys:
                if key not in tiles:
                    tiles[key] = _tile_of(whole, key).copy()

    def _write(self, frame: int, key: tuple[Any, ...], value: np.ndarray) -> None:
        whole = self.frame(frame)
        with self._lock:
            whole[key] = value
            spans = [_span(part, size) for part, size in zip(key, self.shape[1:], strict=True)]
            tiles = self._tiles.setdefault(frame, {})
            for tile in _tile_keys(*spans):
                tiles[tile] = _tile_of(whole, tile).copy()

    def _gather(self, frames: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        frames, rows, columns = np.broadcast_arrays(frames, rows, columns)
        found = np.empty(frames.shape, self.dtype)
        for frame, key, here in _by_tile(frames, rows, columns):
            with self._lock:
                tile = self._tiles.get(frame, {}).get(key)
                if tile is None:
                    tile = _tile_of(self.frame(frame), key)
                found[here] = tile[rows[here] - key[0], columns[here] - key[1]]
        return found

    def _scatter(
        self, frames: np.ndarray, rows: np.ndarray, columns: np.ndarray, *, value: Any
    ) -> None:
        frames, rows, columns, value = np.broadcast_arrays(frames, rows, columns, value)
        for frame, key, here in _by_tile(frames, rows, columns):
            with self._lock:
                tiles = self._tiles.setdefault(frame, {})
                if key not in tiles:
                    tiles[key] = _tile_of(self.frame(frame), key).copy()
                tiles[key][rows[here] - key[0], columns[here] - key[1]] = value[here]
                if frame in self._shown:
                    self._shown[frame][rows[here], columns[here]] = value[here]

    def _full(self, key: Any) -> tuple[Any, ...]:
        key = key if isinstance(key, tuple) else (key,)
        if Ellipsis in [part for part in key if not isinstance(part, np.ndarray)]:
            at = next(i for i, part in enumerate(key) if part is Ellipsis)
            key = (*key[:at], *[slice(None)] * (4 - len(key)), *key[at + 1 :])
        key = tuple(np.asarray(part) if isinstance(part, list) else part for part in key)
        return (*key, *[slice(None)] * (3 - len(key)))

    def _frames(self, part: Any) -> tuple[list[int], bool]:
        if isinstance(part, slice):
            return list(range(*part.indices(self.shape[0]))), False
        if isinstance(part, np.ndarray) and part.ndim == 1:
            return list(np.arange(self.shape[0])[part]), False
        index = operator.index(part)
        if not -self.shape[0] <= index < self.shape[0]:
            raise IndexError(f"There is no frame {index}; there are {self.shape[0]}.")
        return [index % self.shape[0]], True


def _span(part: Any, size: int) -> tuple[int, int]:
    if isinstance(part, slice):
        start, stop, _ = part.indices(size)
        return start, stop
    if isinstance(part, np.ndarray):
        part = np.arange(size)[part]
        return (int(part.min()), int(part.max()) + 1) if part.size else (0, 0)
    index = operator.index(part) % size
    return index, index + 1


def _tile_keys(rows: tuple[int, int], columns: tuple[int, int]) -> list[tuple[int, int]]:
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        return []
    return [
        (row, column)
        for row in range(rows[0] // _TILE * _TILE, rows[1], _TILE)
        for column in range(columns[0] // _TILE * _TILE, columns[1], _TILE)
    ]


def _tile_of(whole: np.ndarray, key: tuple[int, int]) -> np.ndarray:
    row, column = key
    return whole[row : row + _TILE, column : column + _TILE]


def _by_tile(
    frames: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> Iterator[tuple[int, tuple[int, int], tuple[np.ndarray, ...]]]:
    """Yield (frame, tile, positions of the indices that lie in it)."""
    places = np.stack([frames.ravel(), rows.ravel() // _TILE, columns.ravel() // _TILE])
    found, which = np.unique(places, axis=1, return_inverse=True)
    order = np.argsort(which.ravel(), kind="stable")
    ends = np.cumsum(np.bincount(which.ravel(), minlength=found.shape[1]))
    for number, (frame, row, column) in enumerate(found.T.tolist()):
        flat = order[(ends[number - 1] if number else 0) : ends[number]]
        yield frame, (row * _TILE, column * _TILE), np.unravel_index(flat, frames.shape)
