"""Regions of a map of activity, ranked: where to look next (Wang et al. 2023, outlook)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.windows import WindowGrid

__all__ = ["STANDS_OUT", "ActiveRegion", "rank_regions"]

#: A region stands out where its activity is at least so many times the median over the lattice.
#: Where nothing but noise changes, the largest maximum has two to four times the median.
STANDS_OUT = 5.0


@dataclass(frozen=True)
class ActiveRegion:
    """A window where the activity has a local maximum.

    Parameters
    ----------
    y, x : float
        Its centre, px of the frame.
    strength : float
        Its activity, as a multiple of the median over all windows with a lattice; infinite
        where that is 0.
    latents : tuple of int
        The latents that change most in it, the first one most.
    """

    y: float
    x: float
    strength: float
    latents: tuple[int, ...] = ()


def rank_regions(
    activity: np.ndarray, lattice: np.ndarray, grid: WindowGrid, *, most: int = 5
) -> list[tuple[int, int, float]]:
    """Return the windows in which activity has a local maximum, the largest first.

    A window is one where none within half a window has more, and no two of them overlap.

    Parameters
    ----------
    activity : (rows, columns) array
        What is ranked, at least 0.
    lattice : (rows, columns) bool array
        Windows that count.
    grid : WindowGrid
        Where they lie.
    most : int
        How many at most.

    Returns
    -------
    list of (row, column, strength)
        Strength as in `ActiveRegion`.
    """
    if not lattice.any():
        return []
    values = np.where(lattice, activity, 0.0)
    apart = grid.window / grid.step
    near = 2 * max(1, int(apart / 2)) + 1
    highest = (values >= ndimage.maximum_filter(values, near, mode="nearest")) & (values > 0)
    rows, columns = np.nonzero(highest)
    median = float(np.median(values[lattice]))
    found: list[tuple[int, int, float]] = []
    for index in np.argsort(-values[rows, columns], kind="stable"):
        row, column = int(rows[index]), int(columns[index])
        if any(max(abs(row - r), abs(column - c)) < apart for r, c, _ in found):
            continue
        value = float(values[row, column])
        found.append((row, column, value / median if median else float("inf")))
        if len(found) == most:
            break
    return found
