"""Where lattices are: their extent, its area, and where it has grown or shrunk.

A lattice is where the local amplitude of its fringes (`bragg.lattice_amplitude`) exceeds half of
what it is within: at a straight border that is exactly where it ends, however much the filter
blurs. At a border that curves with a radius R, the half lies ``blur² / 2R`` further in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.fourier.bragg import LatticeAmplitude

__all__ = ["CHANGES", "Extent", "lattice_change", "lattice_extent"]

#: What the values of a change map mean.
CHANGES = {1: "unchanged", 2: "grown", 3: "shrunk"}

_DEEP = 1.5  # blurs from the border, where the amplitude is that within but for 7 %
_ENOUGH = 4.0  # squared blurs of area that deep inside
_INSIDE = 75  # percentile of the amplitude within that stands for it otherwise
_ROUNDS = 5


@dataclass(frozen=True, eq=False)
class Extent:
    """Where the lattices of a frame are.

    Parameters
    ----------
    labels : (y, x) uint8 array
        The number of the lattice from 1; 0 where there is none. Where the fringes of two
        overlap, the one that is stronger, against where it ends.
    amplitudes : tuple of float
        Of every lattice, within.
    noisy : tuple of bool
        Of every lattice, whether noise decided where it ends: the fraction that was asked for
        lies below what noise alone makes, and that was taken instead.
    """

    labels: np.ndarray
    amplitudes: tuple[float, ...]
    noisy: tuple[bool, ...]

    def area(self, number: int, within: np.ndarray | None = None) -> int:
        """Return the area of a lattice, px², in the frame or within a mask (y, x)."""
        mine = self.labels == number
        return int(np.count_nonzero(mine if within is None else mine & within))


def lattice_extent(
    lattices: Sequence[LatticeAmplitude], *, blur: float, fraction: float = 0.5
) -> Extent:
    """Find where lattices are, from the local amplitudes of their fringes.

    Parameters
    ----------
    lattices : sequence of LatticeAmplitude
        Of the same frame.
    blur : float
        That the amplitudes were made with, px. Specks and holes below a disc with twice that
        radius are left out and filled: they are what noise makes.
    fraction : float
        Of the amplitude within, at which a lattice ends.

    Returns
    -------
    Extent
        A lattice whose amplitude is nowhere above what noise makes is nowhere.
    """
    stack = np.stack([each.amplitude for each in lattices])
    floors = np.array([each.floor for each in lattices])
    within = _within(stack, floors, fraction, blur)
    ends = np.maximum(np.maximum(fraction * within, floors), 1e-12)
    share = stack / ends[:, np.newaxis, np.newaxis].astype(np.float32)
    owner = np.argmax(share, axis=0)
    there = _without_specks(share.max(axis=0) > 1, 4 * np.pi * blur**2)
    labels = np.where(there, owner + 1, 0).astype(np.uint8)
    noisy = tuple(bool(each) for each in ends > fraction * within)
    return Extent(labels, tuple(map(float, within)), noisy)


def lattice_change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return what became of a lattice between two times, as Wang et al. show it (Fig. 6).

    Parameters
    ----------
    before, after : (y, x) arrays
        Other than 0 where there is lattice.

    Returns
    -------
    (y, x) uint8 array
        1 unchanged, 2 grown, 3 shrunk, 0 where there was none and is none.
    """
    first, last = np.asarray(before) > 0, np.asarray(after) > 0
    change = np.zeros(first.shape, np.uint8)
    change[first & last], change[last & ~first], change[first & ~last] = 1, 2, 3
    return change


def _within(stack: np.ndarray, floors: np.ndarray, fraction: float, blur: float) -> np.ndarray:
    """Return the amplitude within every lattice: of where it is, which follows from it.

    Of the part that is deeper inside than the blur reaches; of lattices too small for that, of
    where it is strong.
    """
    step = max(1, int(blur / 4))
    sample = stack[:, ::step, ::step]
    floors = np.maximum(floors, 1e-12)
    within = np.maximum(np.percentile(sample, 98, axis=(1, 2)), floors)
    for _ in range(_ROUNDS):
        share = sample / np.maximum(fraction * within, floors)[:, np.newaxis, np.newaxis]
        owner = np.argmax(share, axis=0)
        fresh = within.copy()
        for number, amplitude in enumerate(sample):
            mine = (owner == number) & (share[number] > 1)
            depth = ndimage.distance_transform_edt(mine) * step
            core = amplitude[depth > _DEEP * blur]
            if core.size * step**2 > _ENOUGH * blur**2:
                fresh[number] = float(np.sqrt(np.mean(core.astype(float) ** 2)))
            elif mine.any():
                fresh[number] = float(np.percentile(amplitude[mine], _INSIDE))
        fresh = np.maximum(fresh, 1e-12)
        if np.allclose(fresh, within, rtol=5e-3):
            break
        within = fresh
    return np.asarray(within)


def _without_specks(there: np.ndarray, size: float) -> np.ndarray:
    """Return a mask without parts, and holes, of fewer pixels than `size`."""
    for _ in range(2):
        parts, count = ndimage.label(there)
        if count:
            small = np.bincount(parts.ravel(), minlength=count + 1) < size
            small[0] = False
            there = there & ~small[parts]
        there = ~there  # the second time these are the holes
    return there
