"""Sheets that were sent through abTEM's multislice once: how they are kept and cut.

A folder holds one NumPy archive (``.npz``) a sheet: ``wave`` (y, x) complex64, 1 in vacuum;
``phase`` (y, x) float32, rad; the four arrays of `sheet.Sheet`; ``numbers``: distance of the
points (Å) and energy (keV).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import scipy.fft

from napari_insitu_tem.io.atomic import replacing
from napari_insitu_tem.job import Job
from napari_insitu_tem.simulate.focal.exposure import (
    BORDER,
    FINEST,
    MARGIN,
    Exposure,
    Field,
    contamination,
    draw_series_conditions,
    draw_shifts,
    expose,
)
from napari_insitu_tem.simulate.focal.settings import FocalSettings
from napari_insitu_tem.simulate.focal.sheet import Sheet, draw_sheet
from napari_insitu_tem.simulate.focal.waves import abtem_wave
from napari_insitu_tem.simulate.hrtem.exit_waves import ExitWaveError
from napari_insitu_tem.simulate.hrtem.grid import Grid

__all__ = [
    "KeptSheet",
    "compute_sheet",
    "compute_sheets",
    "drawn_sheet",
    "expose_kept",
    "kept_sheets",
    "load_sheet",
    "save_sheet",
]

POINTS = 432  # along an edge of a kept wave, FINEST apart: 10.8 nm


@dataclass(frozen=True, eq=False)
class KeptSheet:
    """A sheet and the wave behind it, (y, x) arrays on points `spacing` Å apart."""

    sheet: Sheet
    wave: np.ndarray
    phase: np.ndarray
    spacing: float
    energy: float

    @property
    def width(self) -> float:
        """Of the field, Å."""
        return len(self.wave) * self.spacing


def compute_sheets(
    settings: FocalSettings, count: int, folder: str | Path, job: Job = Job()
) -> list[Path]:
    """Compute waves behind drawn sheets with abTEM and keep them in a folder.

    What is there already (from an interrupted run with the same settings and seed) is kept.

    Parameters
    ----------
    settings : FocalSettings
        Lattice, tilt, defects, thermal factors and energies.
    count : int
        Number of sheets; each is 10.8 nm wide and takes about two seconds.
    folder : path
        Where they go; give it as `FocalSettings.exit_waves`.
    job : Job
        Progress, cancel and seed.

    Returns
    -------
    list of pathlib.Path
        One file a sheet.

    Raises
    ------
    ExitWaveError
        Where abTEM or ase is not installed.
    """
    paths = [Path(folder) / f"{index:05d}.npz" for index in range(count)]
    for index in job.track(range(count), "Computing exit waves"):
        if not paths[index].exists():
            save_sheet(
                compute_sheet(settings, np.random.default_rng([job.seed, index])), paths[index]
            )
    kept_sheets.cache_clear()
    return paths


def compute_sheet(settings: FocalSettings, rng: np.random.Generator) -> KeptSheet:
    """Draw a sheet and compute the wave behind it with abTEM."""
    grid = Grid((POINTS, POINTS), (POINTS * FINEST, POINTS * FINEST))
    sheet = draw_sheet(settings, grid.extent, rng)
    energy = float(settings.energies[rng.integers(len(settings.energies))])
    thermal_factor = float(rng.uniform(*settings.thermal_factor))
    wave, phase = abtem_wave(sheet, grid, energy=energy, thermal_factor=thermal_factor)
    return KeptSheet(sheet, wave, phase, FINEST, energy)


def drawn_sheet(folder: Path, rng: np.random.Generator) -> KeptSheet:
    """Draw one of the sheets in a folder."""
    paths = kept_sheets(Path(folder))
    return load_sheet(paths[int(rng.integers(len(paths)))])


def expose_kept(kept: KeptSheet, settings: FocalSettings, rng: np.random.Generator) -> Exposure:
    """Draw a part of a kept sheet, and how its focal series is taken.

    Raises
    ------
    ExitWaveError
        Where the sheet is smaller than the images.
    """
    wanted = 10 * rng.uniform(*settings.pixel_size)
    margin = int(np.ceil(MARGIN / wanted)) + BORDER
    edge = max(settings.height, settings.width) + 2 * margin
    # A whole number of points and of pixels: pixels give way, by less than two percent.
    points = scipy.fft.next_fast_len(int(np.ceil(edge * wanted / kept.spacing)), real=True)
    points = min(points, len(kept.wave)) if edge * wanted <= kept.width else points
    room = len(kept.wave) - points
    if room < 0:
        raise ExitWaveError(
            f"The images ({edge * wanted / 10:.1f} nm with their margin) are larger than the kept "
            f"exit waves ({kept.width / 10:.1f} nm). Draw smaller images or smaller pixels."
        )
    extent = points * kept.spacing
    field = Field(
        Grid((points, points), (extent, extent)), extent / edge / 10, (edge, edge), margin
    )
    first = rng.integers(room + 1, size=2)
    rows, columns = (slice(low, low + points) for low in first)
    conditions = draw_series_conditions(settings, rng, energy=kept.energy)
    damped = np.exp(np.float32(-conditions[0].absorption) * kept.phase[rows, columns])
    wave = kept.wave[rows, columns] * damped
    wave *= contamination(settings, field, conditions[0], rng)
    corner = first * kept.spacing
    sheet = replace(
        kept.sheet,
        molybdenum=kept.sheet.molybdenum - corner,
        sulphur=kept.sheet.sulphur - corner,
    )
    return expose(wave, sheet, settings, field, conditions, draw_shifts(settings, rng))


@functools.lru_cache(maxsize=8)
def kept_sheets(folder: Path) -> tuple[Path, ...]:
    """Return the files of a folder of sheets, in the order of their names.

    Raises
    ------
    ExitWaveError
        Where there is nothing.
    """
    paths = sorted(folder.glob("[!.]*.npz"))
    if not paths:
        raise ExitWaveError(
            f"There are no exit waves of sheets in {folder}. Compute them first with "
            "`simulate.focal.compute_sheets`, or leave the setting exit_waves empty."
        )
    return tuple(paths)


def save_sheet(kept: KeptSheet, path: Path) -> None:
    """Write one sheet; see the module's first lines for the format."""
    arrays = {each.name: getattr(kept.sheet, each.name) for each in fields(Sheet)}
    numbers = np.array([kept.spacing, kept.energy])
    with replacing(path) as temporary:
        np.savez(temporary, wave=kept.wave, phase=kept.phase, numbers=numbers, **arrays)


@functools.lru_cache(maxsize=128)
def load_sheet(path: Path) -> KeptSheet:
    """Read one sheet; the last 128 are kept in memory.

    Raises
    ------
    ExitWaveError
        Where the file is something else.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            sheet = Sheet(**{each.name: archive[each.name] for each in fields(Sheet)})
            spacing, energy = archive["numbers"].tolist()
            return KeptSheet(sheet, archive["wave"], archive["phase"], spacing, energy)
    except (OSError, ValueError, KeyError) as error:
        raise ExitWaveError(
            f"{path} is not an exit wave of a sheet that this program wrote ({error}). Remove it "
            "from the folder, or compute the exit waves again."
        ) from error
