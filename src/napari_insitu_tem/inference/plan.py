"""Which tiles to take: what was asked for, or the fewest pixels that the room allows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from torch import nn

from napari_insitu_tem.inference import InferenceError
from napari_insitu_tem.inference.grid import TileGrid, fit_grid, grid_of_side

__all__ = ["TilePlan"]

_OVERLAP = 128  # px, where exactness costs too much
_WORTH_EXACTNESS = 1.15  # times as many pixels as with that


@dataclass(frozen=True)
class TilePlan:
    """How images are cut for one network.

    Parameters
    ----------
    multiple, smallest : int
        Sizes that the network takes: multiples of the one, the other at least, px.
    radius : int, optional
        How far the network sees, px; None for no bound.
    tile, overlap : int, optional
        What the user asks for, px; see `TiledPredictor`.
    """

    multiple: int
    smallest: int
    radius: int | None
    tile: int | None = None
    overlap: int | None = None

    @classmethod
    def of(cls, network: nn.Module, *, tile: int | None, overlap: int | None) -> TilePlan:
        """Read from a network what it says of itself.

        Raises
        ------
        InferenceError
            When tile and overlap cannot be.
        """
        if tile is not None and tile < 1:
            raise InferenceError(f"Tiles have at least 1 px a side, not {tile}.")
        if overlap is not None and not 0 <= overlap < (tile or math.inf):
            raise InferenceError(
                f"Tiles cannot overlap by {overlap} px: at least 0, and less than the tile."
            )
        multiple = int(getattr(network, "multiple", 1))
        smallest = max(int(getattr(network, "smallest_size", 1)), multiple)
        radius = getattr(network, "receptive_radius", None)
        return cls(multiple, smallest, None if radius is None else int(radius), tile, overlap)

    def padded(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return the size (y, x) that an image (…, y, x) is padded to for the network."""
        y, x = (
            -(-max(length, self.smallest) // self.multiple) * self.multiple for length in shape[-2:]
        )
        return y, x

    def grid(self, size: tuple[int, int], *, room: int) -> TileGrid:
        """Return the tiles for a padded image, none of more than `room` pixels."""
        common: dict[str, Any] = {"radius": self.radius, "multiple": self.multiple}
        exact = math.inf if self.radius is None else 2 * self.radius
        short = int(min(exact, _OVERLAP))
        if self.tile is not None:
            side = max(min(self.tile, math.isqrt(room)), self.smallest)
            overlap = min(short, side // 4) if self.overlap is None else self.overlap
            if side < self.tile:
                overlap = min(overlap, side // 2)
            return grid_of_side(size, side=side, overlap=overlap, **common)
        if self.overlap is not None:
            return fit_grid(size, pixels=room, overlap=self.overlap, **common)
        quick = fit_grid(size, pixels=room, overlap=short, **common)
        if exact in (short, math.inf):
            return quick
        better = fit_grid(size, pixels=room, overlap=int(exact), **common)
        return better if better.cost <= _WORTH_EXACTNESS * quick.cost else quick
