"""Sheets that were sent through abTEM's multislice once: how they are kept and cut.

A folder holds one NumPy archive (``.npz``) a sheet: ``wave`` (y, x) complex64, 1 in vacuum;
``phase`` (y, x) float32, rad; the four arrays of `sheet.Sheet`; ``numbers``: distance of the
points (Å) and energy (keV).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import scipy.fft

from napari_insitu_tem.io.atomic import replacing
from napari_insitu_tem.job import Job
from napari_insitu_tem.simulate.focal.exposure import BORDER, FINEST, MARGIN, Field
from napari_insitu_tem.simulate.focal.settings import FocalSettings
from napari_insitu_tem.simulate.focal.sheet import Sheet, draw_sheet
from napari_insitu_tem.simulate.focal.waves import abtem_wave
from napari_insitu_tem.simulate.hrtem.exit_waves import ExitWaveError
from napari_insitu_tem.simulate.hrtem.grid import Grid

__all__ = ["KeptSheet", "compute_sheets", "compute_sheet", "draw_kept", "kept_sheets"]

POINTS = 384  # along an edge of a kept wave, FINEST apart: 9.6 nm


@dataclass(frozen=True, eq=False)
class KeptSheet:
    """A sheet and the wave behind it, (y, x) arrays on points `spacing` Å apart."""

    sheet: Sheet
    wave: np.ndarray
    phase: np.ndarray
    spacing: float
    energy: float


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
        Number of sheets; each is 9.6 nm wide and takes about two seconds.
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
            _save(compute_sheet(settings, np.random.default_rng([job.seed, index])), paths[index])
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


def draw_kept(
    settings: FocalSettings, rng: np.random.Generator
) -> tuple[Sheet, Field, float, np.ndarray, np.ndarray]:
    """Draw one of the kept sheets, and cut a field out of its wave.

    Returns
    -------
    sheet, field, energy, wave, phase
        With the sheet's places in Å from the corner of the field.

    Raises
    ------
    ExitWaveError
        Where there are no sheets, or they are smaller than the images.
    """
    assert settings.exit_waves is not None
    paths = kept_sheets(Path(settings.exit_waves))
    kept = _load(paths[int(rng.integers(len(paths)))])
    wanted = 10 * rng.uniform(*settings.pixel_size)
    margin = int(np.ceil(MARGIN / wanted)) + BORDER
    padded = (settings.height + 2 * margin, settings.width + 2 * margin)
    # The field is a whole number of points and of pixels; pixels give way by less than a percent.
    points = scipy.fft.next_fast_len(int(np.ceil(padded[0] * wanted / kept.spacing)), real=True)
    spacing = points * kept.spacing / padded[0]
    across = round(padded[1] * spacing / kept.spacing)
    shape = (points, across)
    room = [have - need for have, need in zip(kept.wave.shape, shape, strict=True)]
    if padded[0] != padded[1]:
        raise ExitWaveError("Images of kept exit waves are square; give equal height and width.")
    if min(room) < 0:
        raise ExitWaveError(
            f"The images ({padded[0] * spacing / 10:.1f} nm with their margin) are larger than "
            f"the kept exit waves ({kept.wave.shape[0] * kept.spacing / 10:.1f} nm). Draw smaller "
            "images or smaller pixels."
        )
    first = [int(rng.integers(space + 1)) for space in room]
    part = tuple(slice(low, low + length) for low, length in zip(first, shape, strict=True))
    corner = np.array(first) * kept.spacing
    whole = kept.sheet
    sheet = Sheet(
        whole.molybdenum - corner, whole.sulphur - corner, whole.has_molybdenum, whole.has_sulphur
    )
    grid = Grid(shape, (shape[0] * kept.spacing, shape[1] * kept.spacing))
    field = Field(grid, spacing / 10, padded, margin)
    return sheet, field, kept.energy, kept.wave[part], kept.phase[part]


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


def _save(kept: KeptSheet, path: Path) -> None:
    arrays = {each.name: getattr(kept.sheet, each.name) for each in fields(Sheet)}
    numbers = np.array([kept.spacing, kept.energy])
    with replacing(path) as temporary:
        np.savez(temporary, wave=kept.wave, phase=kept.phase, numbers=numbers, **arrays)


@functools.lru_cache(maxsize=128)
def _load(path: Path) -> KeptSheet:
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
