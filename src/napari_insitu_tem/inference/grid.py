"""How an image is cut into overlapping tiles, and how their results are put together.

Tiles begin at multiples of the network's coarsest step, so that a strided network sees every
pixel in the same phase as in the whole image. What a network says near a cut is wrong, because
it does not see beyond. So a *margin* at every cut is left out, and over what is left of the
overlap one tile's weight falls as its neighbour's rises, along half a Hamming window (Larsen
et al. apply Hamming windows to whole tiles). Two such flanks add up to a constant; weights are
normalised, and along the border of the image, which is no cut, nothing falls.

With an overlap of twice the network's receptive radius the margin is that radius, and the
result is that of the whole image. With less, the margin is three eighths of the overlap.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

__all__ = ["TileAxis", "TileGrid", "fit_grid", "grid_of_side"]


@dataclass(frozen=True)
class TileAxis:
    """Tiles along one axis.

    Parameters
    ----------
    length, tile : int
        Of the image and of every tile, px.
    starts : tuple of int
        First pixel of every tile.
    margin : int
        How much of a tile is left out at a cut, px.
    """

    length: int
    tile: int
    starts: tuple[int, ...]
    margin: int

    @cached_property
    def weights(self) -> tuple[np.ndarray, ...]:
        """Weight (tile,) float32 of every tile along the axis; at every pixel their sum is 1."""
        total = np.zeros(self.length)
        rises = []
        for number, start in enumerate(self.starts):
            weight = np.ones(self.tile)
            if number:
                shared = self.starts[number - 1] + self.tile - start
                weight[:shared] *= _flank(shared, self.margin)
            if number + 1 < len(self.starts):
                shared = start + self.tile - self.starts[number + 1]
                weight[self.tile - shared :] *= _flank(shared, self.margin)[::-1]
            total[start : start + self.tile] += weight
            rises.append(weight)
        return tuple(
            (weight / total[start : start + self.tile]).astype(np.float32)
            for start, weight in zip(self.starts, rises, strict=True)
        )


@dataclass(frozen=True)
class TileGrid:
    """Tiles of one size that cover an image."""

    rows: TileAxis
    columns: TileAxis

    @property
    def tile(self) -> tuple[int, int]:
        """Size of a tile (y, x) in px."""
        return self.rows.tile, self.columns.tile

    @property
    def pixels(self) -> int:
        """Pixels of one tile."""
        return self.rows.tile * self.columns.tile

    @property
    def cost(self) -> int:
        """Pixels of all tiles."""
        return self.pixels * len(self)

    def __len__(self) -> int:
        return len(self.rows.starts) * len(self.columns.starts)

    def windows(self) -> Iterator[tuple[slice, slice]]:
        """Yield rows and columns of every tile."""
        for y, x in itertools.product(self.rows.starts, self.columns.starts):
            yield slice(y, y + self.rows.tile), slice(x, x + self.columns.tile)

    def weights(self) -> Iterator[np.ndarray]:
        """Yield the weights (y, x) of every tile."""
        for down, across in itertools.product(self.rows.weights, self.columns.weights):
            yield down[:, None] * across


def fit_grid(
    shape: tuple[int, int], *, pixels: int, overlap: int, radius: int | None, multiple: int
) -> TileGrid:
    """Return the grid that needs the fewest pixels in all.

    Parameters
    ----------
    shape : (int, int)
        Of the image, both multiples of `multiple`.
    pixels : int
        A tile may have at most so many, or those of the smallest tile; an image that has no
        more is one tile.
    overlap : int
        Of neighbouring tiles at least, px; less where a tile would be mostly overlap.
    radius : int, optional
        How far the network sees; None for no bound.
    multiple : int
        What starts and sizes of tiles are multiples of.
    """
    pixels = max(pixels, multiple**2)
    square = _down(math.isqrt(pixels), multiple)
    overlap = min(_up(overlap, multiple), _down(square // 2, multiple))
    best: TileGrid | None = None
    for count in itertools.count(1):
        rows = _axis(shape[0], count, overlap, radius, multiple)
        if best is not None and rows.tile * len(rows.starts) * shape[1] >= best.cost:
            break  # more rows only cost more
        side = min(shape[1], _down(pixels // rows.tile, multiple))
        if side >= min(shape[1], square):
            columns = _axis_of_side(shape[1], side, overlap, radius, multiple)
            grid = TileGrid(rows, columns)
            best = grid if best is None or grid.cost < best.cost else best
        if rows.tile <= max(2 * overlap, multiple):
            break
    assert best is not None  # rows of a square tile leave room for its columns
    return best


def grid_of_side(
    shape: tuple[int, int], *, side: int, overlap: int, radius: int | None, multiple: int
) -> TileGrid:
    """Return the grid of tiles of at most `side` px a side, evenly spread; see `fit_grid`."""
    side = _up(side, multiple)
    rows, columns = (_axis_of_side(n, min(side, n), overlap, radius, multiple) for n in shape)
    return TileGrid(rows, columns)


def _axis_of_side(
    length: int, side: int, overlap: int, radius: int | None, multiple: int
) -> TileAxis:
    overlap = min(_up(overlap, multiple), side - multiple)
    count = 1 if side >= length else math.ceil((length - side) / (side - overlap)) + 1
    return _axis(length, count, overlap, radius, multiple)


def _axis(length: int, count: int, overlap: int, radius: int | None, multiple: int) -> TileAxis:
    """Spread `count` tiles over an axis, as small as the overlap (a multiple) allows."""
    tile = min(length, _up(math.ceil((length + (count - 1) * overlap) / count), multiple))
    step = max(tile - overlap, multiple)
    starts = tuple(sorted({min(k * step, length - tile) for k in range(count)}))
    exact = radius is not None and 2 * radius <= overlap
    return TileAxis(length, tile, starts, radius if exact and radius else 3 * overlap // 8)


def _flank(shared: int, margin: int) -> np.ndarray:
    """Return the rise (shared,) of a weight over the pixels shared with the tile before."""
    inner = shared - 2 * margin
    half_window = 0.54 - 0.46 * np.cos(np.pi * (np.arange(inner) + 0.5) / max(inner, 1))
    return np.concatenate([np.zeros(margin), half_window, np.ones(margin)])


def _up(size: int, multiple: int) -> int:
    return -(-size // multiple) * multiple


def _down(size: int, multiple: int) -> int:
    return size - size % multiple
