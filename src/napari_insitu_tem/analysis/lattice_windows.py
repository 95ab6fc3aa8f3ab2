"""Which windows show a lattice, from a few looks at a recording."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.fourier.fringes import fringe_strength
from napari_insitu_tem.analysis.lattice_scale import zoomed
from napari_insitu_tem.analysis.windows import WindowGrid, windows_of

__all__ = ["AVERAGED", "FRINGES", "LOOKS", "lattice_strength", "windows_with_lattice"]

#: A lattice is looked for at so many times, in the mean of so many frames.
LOOKS, AVERAGED = 6, 3
#: A window with fringes of this strength shows a lattice; noise and film have 3 to 10.
FRINGES = 12.0
#: Windows overlap, so that not all of them need be looked at: one every so many px is.
_EVERY = 24
#: Smallest edge of what is looked at, px of the frame as recorded: five fringes of 6 px or so.
_SMALLEST = 32
#: The eight neighbours of a window; a hole is mended where so many of them show a lattice.
_AROUND, _MOST = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]]), 6


def lattice_strength(frames: Sequence[np.ndarray], grid: WindowGrid) -> np.ndarray:
    """Return how strong fringes are in the mean of a few frames.

    Parameters
    ----------
    frames : sequence of (y, x) arrays
        As recorded, from about one time; NaN is taken as the median.
    grid : WindowGrid
        The windows that are asked about; there is one at least.

    Returns
    -------
    (m, n) float32 array
        See `fringe_strength`; in windows about 24 px apart, for `windows_with_lattice`.
    """
    mean = np.mean([fill_missing(frame) for frame in frames], axis=0)
    coarse = _looked_at(grid)
    if grid.zoom > 1:
        windows = _around(mean, coarse)
    else:
        windows = windows_of(zoomed(mean, grid.zoom), coarse).reshape(-1, grid.window, grid.window)
    return fringe_strength(windows).reshape(coarse.shape)


def windows_with_lattice(
    looks: Sequence[np.ndarray], grid: WindowGrid, *, fringes: float
) -> np.ndarray:
    """Return which windows show a lattice in two looks at least.

    What is there at one time only may be chance; where there are but one or two looks, one is
    enough. So may be a single window that is not like any of those around it.

    Parameters
    ----------
    looks : sequence of (m, n) arrays
        From `lattice_strength`, at several times; one at least.
    grid : WindowGrid
        The windows.
    fringes : float
        Strength from which on a window has a lattice.

    Returns
    -------
    (rows, columns) bool array
        As the nearest window that was looked at.
    """
    strength = np.sort(np.asarray(looks), axis=0)
    shown = _mended(strength[-2 if len(looks) > 2 else -1] >= fringes)
    every = _stride(grid)
    rows, columns = (
        np.minimum(np.round(np.arange(count) / every).astype(int), most - 1)
        for count, most in zip(grid.shape, shown.shape, strict=True)
    )
    return np.asarray(shown[np.ix_(rows, columns)])


def _mended(shown: np.ndarray) -> np.ndarray:
    """Return windows without small holes and single specks."""
    around = ndimage.convolve(shown.astype(np.int32), _AROUND, mode="nearest")
    return np.where(shown, around > 0, around >= _MOST)


def _looked_at(grid: WindowGrid) -> WindowGrid:
    """Return the windows that are looked at: some of those that are asked about."""
    every = _stride(grid)
    rows, columns = (1 + (count - 1) // every for count in grid.shape)
    return WindowGrid(grid.window, grid.step * every, rows, columns, grid.zoom)


def _around(frame: np.ndarray, grid: WindowGrid) -> np.ndarray:
    """Return what lies around windows (n, edge, edge) of a frame that is to be enlarged.

    As recorded: noise of enlarged pixels is smooth, and would look like fringes. Of small windows
    what lies around them is seen, too.
    """
    edge = min(max(round(grid.edge), _SMALLEST), *frame.shape)
    rows, columns = (
        np.clip(np.round(centres - (edge - 1) / 2).astype(int), 0, size - edge)
        for centres, size in zip(grid.centres(), frame.shape, strict=True)
    )
    every = np.lib.stride_tricks.sliding_window_view(frame, (edge, edge))
    return every[np.ix_(rows, columns)].reshape(-1, edge, edge)


def _stride(grid: WindowGrid) -> int:
    """Return how many windows it is from one that is looked at to the next."""
    return max(1, round(_EVERY / grid.step))
