"""Where most happens in a running experiment: a map, and its regions ranked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.active_regions import STANDS_OUT, ActiveRegion
from napari_insitu_tem.analysis.windows import WindowGrid

__all__ = ["Activity"]


@dataclass(frozen=True, eq=False)
class Activity:
    """What changed over the last frames, and where to look next.

    Parameters
    ----------
    map : (rows, columns) float32 array
        Time-correlated variance, summed over the active latents; 0 where no lattice is.
    grid : WindowGrid
        Where its windows lie in the frame.
    lattice : (rows, columns) bool array
        Windows with a lattice.
    ranked : tuple of ActiveRegion
        Local maxima of the map, the largest first.
    frames : int
        Over how many frames.
    number : int
        Of the last of them.
    frame_shape : (int, int)
        Of the frames, px.
    pixel_size : float, optional
        Of the frames, nm.
    """

    map: np.ndarray
    grid: WindowGrid
    lattice: np.ndarray
    ranked: tuple[ActiveRegion, ...]
    frames: int
    number: int
    frame_shape: tuple[int, int]
    pixel_size: float | None = None

    @property
    def regions(self) -> tuple[ActiveRegion, ...]:
        """The ranked regions that stand out from the rest of the lattice."""
        return tuple(region for region in self.ranked if region.strength >= STANDS_OUT)

    @property
    def limits(self) -> tuple[float, float]:
        """Values between which the map is to be shown, so that nothing but noise stays dark."""
        rest = float(np.median(self.map[self.lattice])) if self.lattice.any() else 0.0
        return 0.0, max(float(self.map.max(initial=0.0)), STANDS_OUT * rest) or 1.0
