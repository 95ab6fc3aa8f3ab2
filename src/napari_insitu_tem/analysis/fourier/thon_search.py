"""Where a fit of Thon rings begins: a grid of defocus and astigmatism, compared by sectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.fourier.thon import SECTORS
from napari_insitu_tem.analysis.fourier.thon_cells import RingCells
from napari_insitu_tem.analysis.fourier.thon_model import Lens, oscillation

__all__ = ["Search", "lenses_to_refine"]

_COARSE = 12  # sectors of the search
_PART = SECTORS // _COARSE
_DIRECTIONS = 12
_LOOKED_AT = 40
_ALIKE = 0.02


@dataclass(frozen=True)
class Search:
    """Between which values defocus and astigmatism are looked for.

    Parameters
    ----------
    lowest, highest : float
        Defocus, nm.
    astigmatism : float
        The largest, nm.
    false_alarm : float
        How probable it may be that noise alone passes for rings.
    """

    lowest: float = 20.0
    highest: float = 1500.0
    astigmatism: float = 100.0
    false_alarm: float = 0.001


def lenses_to_refine(cells: RingCells, search: Search) -> tuple[list[Lens], float]:
    """Return the best lenses of a grid, and how many independent ones were tried.

    Every sector is compared with rings of all defoci. An astigmatic lens has the defocus
    Δf + A·cos 2(φ − φ_A) in every sector, so its evidence is a sum over sectors.
    """
    grid = _grid(cells, search)
    gains = _gains(cells, grid)
    half = (np.arange(_COARSE) + 0.5) * np.pi / _COARSE
    strengths = np.unique(np.concatenate([[0.0], _steps(cells.period, search.astigmatism)]))
    best: list[tuple[float, Lens]] = []
    for strength in strengths:
        for direction in np.arange(_DIRECTIONS if strength else 1) * 180 / _DIRECTIONS:
            shift = strength * np.cos(2 * (half - np.radians(direction)))
            total = sum(
                np.interp(grid + shift[part], grid, gains[part], left=0, right=0)
                for part in range(_COARSE)
            )
            top = int(np.argmax(total))
            best.append((float(total[top]), Lens(float(grid[top]), float(strength), direction)))
    best.sort(key=lambda each: -each[0])
    kept: list[Lens] = []
    for _, lens in best:
        if all(abs(lens.defocus - other.defocus) > _ALIKE * abs(other.defocus) for other in kept):
            kept.append(lens)
        if len(kept) == _LOOKED_AT:
            break
    return kept, len(grid) * len(strengths) * _DIRECTIONS / 4


def _steps(first: float, last: float) -> np.ndarray:
    """Return steps that grow by a quarter from one to the next."""
    count = int(np.ceil(np.log1p(0.25 * max(last, first) / first) / np.log(1.25)))
    return np.minimum(first * (1.25 ** np.arange(1, count + 1) - 1) / 0.25, last)


def _grid(cells: RingCells, search: Search) -> np.ndarray:
    """Return defoci (nm) that are near enough to each other for no ring to be missed."""
    length, top = cells.optics.wavelength, float(cells.frequency[-1])
    step = cells.spectrum.step / cells.pixel_size
    values = [search.lowest]
    while values[-1] < search.highest:
        # Beyond this frequency rings lie too close to be told apart.
        end = min(top, 1 / (5 * length * max(abs(values[-1]), 1e-6) * step))
        values.append(values[-1] + 1 / (6 * length * end**2))
    return np.array(values)


def _gains(cells: RingCells, grid: np.ndarray) -> np.ndarray:
    """Return how much rings of every defocus explain in every sector, (sectors, defoci)."""
    frequency = cells.frequency
    step = cells.spectrum.step / cells.pixel_size
    wave = oscillation(cells.optics, frequency, grid[:, np.newaxis], step)
    bands = [hat > 0.5 for hat in cells.hats.T]
    gains = np.zeros((_COARSE, len(grid)))
    for part in range(_COARSE):
        rows = slice(part * _PART, (part + 1) * _PART)
        weight = cells.weight[rows].sum(axis=0)
        ratio = (cells.weight[rows] * cells.ratio[rows]).sum(axis=0) / np.maximum(weight, 1e-9)
        root = np.sqrt(weight)
        basis, _ = np.linalg.qr(root[:, np.newaxis] * cells.smooth)
        values = root * ratio
        values -= basis @ (basis.T @ values)
        for band in bands:
            part_wave = wave * (root * band)
            part_wave -= (part_wave @ basis) @ basis.T
            norm = np.maximum((part_wave**2).sum(axis=1), 1e-9 + 0.02 * (weight * band).sum())
            gains[part] += np.maximum(part_wave @ values, 0) ** 2 / norm
    return gains
