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
        frame = self.read(index)
        with self._lock:
            self._patch(index, frame)  # what was edited meanwhile
            self._shown[index] = frame
            while len(self._shown) > _FRAMES_KEPT:
                self._shown.popitem(last=False)
            return frame

    def read(self, index: int) -> np.ndarray:
        """Return a copy of one frame, edits included, without keeping it for later.

        For those who read one frame after another; the shown frames stay at hand.
        """
        frame = np.array(self.base[index])  # may take a while; others need not wait for it
        with self._lock:
            self._patch(index, frame)
        return frame

    def _patch(self, index: int, frame: np.ndarray) -> None:
        for (row, column), tile in self._tiles.get(index, {}).items():
            height, width = tile.shape
            frame[row : row + height, column : column + width] = tile

    def at_hand(self, frame: int) -> bool:
        """Whether this whole frame is in memory."""
        return frame in self._shown

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
        shape = np.broadcast_shapes(frames.shape, rows.shape, columns.shape)
        frames, rows, columns = (np.broadcast_to(a, shape).ravel() for a in (frames, rows, columns))
        found = np.empty(frames.shape, self.dtype)
        for frame, here in _groups(frames):
            with self._lock:
                y, x = rows[here], columns[here]
                if self.at_hand(frame):
                    found[here] = self.frame(frame)[y, x]
                    continue
                values = np.empty(len(y), self.dtype)
                for key, there in self._by_tile(y, x):
                    tile = self._tiles.get(frame, {}).get(key)
                    if tile is None:
                        tile = _tile_of(self.frame(frame), key)
                    values[there] = tile[y[there] - key[0], x[there] - key[1]]
                found[here] = values
        return found.reshape(shape)

    def _scatter(
        self, frames: np.ndarray, rows: np.ndarray, columns: np.ndarray, *, value: Any
    ) -> None:
        shape = np.broadcast_shapes(frames.shape, rows.shape, columns.shape)
        frames, rows, columns, value = (
            np.broadcast_to(a, shape).ravel() for a in (frames, rows, columns, value)
        )
        for frame, here in _groups(frames):
            with self._lock:
                y, x, values = rows[here], columns[here], value[here]
                tiles = self._tiles.setdefault(frame, {})
                if self.at_hand(frame):
                    whole = self.frame(frame)
                    whole[y, x] = values
                    for key in self._touched(y, x):
                        tiles[key] = _tile_of(whole, key).copy()
                    continue
                for key, there in self._by_tile(y, x):
                    if key not in tiles:
                        tiles[key] = _tile_of(self.frame(frame), key).copy()
                    tiles[key][y[there] - key[0], x[there] - key[1]] = values[there]
                if self.at_hand(frame):  # it was read for a tile that was not held
                    self.frame(frame)[y, x] = values

    def _tile_numbers(self, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, int]:
        across = -(-self.shape[2] // _TILE)
        return rows // _TILE * across + columns // _TILE, across

    def _touched(self, rows: np.ndarray, columns: np.ndarray) -> list[tuple[int, int]]:
        numbers, across = self._tile_numbers(rows, columns)
        touched = np.flatnonzero(np.bincount(numbers.ravel()))
        return [(int(n) // across * _TILE, int(n) % across * _TILE) for n in touched]

    def _by_tile(
        self, rows: np.ndarray, columns: np.ndarray
    ) -> Iterator[tuple[tuple[int, int], Any]]:
        """Yield (corner of a tile, positions of the indices that lie in it)."""
        numbers, across = self._tile_numbers(rows, columns)
        for number, there in _groups(numbers):
            yield (number // across * _TILE, number % across * _TILE), there

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


def _groups(values: np.ndarray) -> Iterator[tuple[int, Any]]:
    """Yield (value, positions where it is) of a one-dimensional array of few integers."""
    if not len(values):
        return
    if values.min() == values.max():
        yield int(values[0]), slice(None)
        return
    order = np.argsort(values, kind="stable")
    found, counts = np.unique(values, return_counts=True)
    for value, end, count in zip(found, np.cumsum(counts), counts, strict=True):
        yield int(value), order[end - count : end]
