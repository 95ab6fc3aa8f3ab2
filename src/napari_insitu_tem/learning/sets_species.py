"""Training samples of species: focal series of MoS2, with a map for each species.

Waves come from abTEM's multislice. A set number of sheets is computed once, when each is first
drawn, and kept in the user's cache folder; each then serves for many samples, since where it is
looked at, how and with what noise is drawn anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from napari_insitu_tem.learning.map_samples import MapSample, spots
from napari_insitu_tem.settings import setting
from napari_insitu_tem.simulate.focal import FocalSeries, FocalSettings
from napari_insitu_tem.simulate.focal.exposure import draw_exposure
from napari_insitu_tem.simulate.focal.kept import (
    KeptSheet,
    compute_sheet,
    expose_kept,
    load_sheet,
    save_sheet,
)
from napari_insitu_tem.simulate.focal.series import recorded
from napari_insitu_tem.simulate.focal.sheet import SPECIES

__all__ = ["SpeciesSettings", "draw"]

SIGMA = 0.4  # Å, of the spots in the target maps

#: What the wave behind a sheet depends on.
_OF_A_SHEET = (
    "sulphur_vacancies", "double_vacancies", "molybdenum_vacancies", "rows", "holes", "edges",
    "lattice_constant", "strain", "displacement", "tilt", "thermal_factor", "energies",
)  # fmt: skip


class SpeciesSettings(FocalSettings):
    """Focal series to learn from."""

    sheets: int | None = setting(
        None,
        title="Sheets by abTEM",
        description="Number of different sheets whose waves are computed by abTEM's multislice, "
        "about three seconds each when first drawn, and kept in the cache folder. Without it "
        "every sample has a sheet of its own, by the fast variant.",
        ge=1,
        none_means="none",
    )


def draw(settings: SpeciesSettings) -> Callable[[np.random.Generator], MapSample]:
    """Return what draws a sample: a focal series with a map for Mo, 2S and S each.

    Parameters
    ----------
    settings : SpeciesSettings
        What series are drawn from.

    Returns
    -------
    callable
        ``(rng) -> MapSample``; can be sent to another process. It raises `ExitWaveError` where
        abTEM is wanted and not installed.
    """
    return partial(_draw, settings)


def sample_of(series: FocalSeries) -> MapSample:
    """Return a series with its target maps: a spot of height 1 on every occupied column."""
    sigma = SIGMA / (10 * series.pixel_size)
    shape = series.images.shape[1:]
    maps = [spots(series.positions[series.species == kind], shape, sigma) for kind in SPECIES]
    return MapSample(series.images, np.stack(maps), name="a simulated focal series")


def _draw(settings: SpeciesSettings, rng: np.random.Generator) -> MapSample:
    if settings.sheets is None:
        exposure = draw_exposure(settings, rng)
    else:
        sheet = _sheet(settings, int(rng.integers(settings.sheets)))
        exposure = expose_kept(sheet, settings, rng)
    return sample_of(recorded(exposure, exposure.record(rng)))


def _sheet(settings: SpeciesSettings, index: int) -> KeptSheet:
    """Return a sheet from the cache, and put it there when it is first wanted."""
    values = settings.to_dict()
    text = json.dumps({name: values[name] for name in _OF_A_SHEET}, sort_keys=True)
    folder = _cache() / hashlib.sha256(text.encode()).hexdigest()[:16]
    path = folder / f"{index:05d}.npz"
    if not path.exists():
        save_sheet(compute_sheet(settings, np.random.default_rng([0, index])), path)
    return load_sheet(path)


def _cache() -> Path:
    import platformdirs

    chosen = os.environ.get("INSITU_TEM_CACHE")
    base = Path(chosen) if chosen else platformdirs.user_cache_path("napari-insitu-tem")
    return base / "exit-waves"
