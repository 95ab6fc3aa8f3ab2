"""Focal series from abTEM's multislice: agreement with the fast variant, kept waves."""

import sys

import numpy as np
import pytest

from napari_insitu_tem import Job
from napari_insitu_tem.simulate.focal import FocalSettings, compute_sheets, draw_series
from napari_insitu_tem.simulate.focal.exposure import draw_series_conditions
from napari_insitu_tem.simulate.focal.kept import KeptSheet, save_sheet
from napari_insitu_tem.simulate.focal.sheet import draw_sheet
from napari_insitu_tem.simulate.focal.waves import abtem_wave, sheet_phases, sheet_wave
from napari_insitu_tem.simulate.hrtem import ExitWaveError
from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.imaging import image_intensity

SMALL = FocalSettings(height=48, width=40, holes=0, edges=0)
GRID = Grid((180, 180), (45.0, 45.0))


@pytest.fixture(scope="module")
def abtem():
    return pytest.importorskip("abtem", reason="abTEM is not installed ([simulate] extra)")


@pytest.fixture
def folder(tmp_path):
    """Two kept sheets, made by the fast variant."""
    for index in range(2):
        sheet = draw_sheet(SMALL, GRID.extent, np.random.default_rng(index))
        phases = sheet_phases(sheet, GRID, energy=80.0, thermal_factor=0.5)
        wave = sheet_wave(phases, GRID, energy=80.0, absorption=0.0)
        save_sheet(
            KeptSheet(sheet, wave, phases.sum(axis=0), 0.25, 80.0), tmp_path / f"{index}.npz"
        )
    return tmp_path


def with_waves(folder, **values) -> FocalSettings:
    return FocalSettings.from_dict({**SMALL.to_dict(), "exit_waves": folder, **values})


@pytest.mark.parametrize("energy", [60.0, 80.0])
def test_images_of_the_fast_variant_are_those_of_abtem(abtem, energy):
    sheet = draw_sheet(SMALL, GRID.extent, np.random.default_rng(1))
    given = {"energy": energy, "thermal_factor": 0.5}
    full, _ = abtem_wave(sheet, GRID, **given)
    fast = sheet_wave(sheet_phases(sheet, GRID, **given), GRID, energy=energy, absorption=0.0)
    of_abtem, of_fast = [], []
    for taken in draw_series_conditions(SMALL, np.random.default_rng(2), energy=energy):
        for images, wave in ((of_abtem, full), (of_fast, fast)):
            images.append(image_intensity(wave, GRID, taken, GRID.shape)[32:-32, 32:-32].ravel())
    agreement = [np.corrcoef(*pair)[0, 1] for pair in zip(of_abtem, of_fast, strict=True)]
    assert np.corrcoef(np.concatenate(of_abtem), np.concatenate(of_fast))[0, 1] > 0.995
    assert agreement[0] > 0.995
    assert agreement[2] > 0.995
    # Near focus hardly any contrast is left, and little of it is that of the columns.
    assert agreement[1] > 0.98
    assert np.std(of_abtem) == pytest.approx(np.std(of_fast), rel=0.1)


def test_sheets_are_computed_once_and_drawn_from(abtem, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_insitu_tem.simulate.focal.kept.POINTS", 180)
    job = Job(on_progress=lambda _: None)
    paths = compute_sheets(SMALL, 1, tmp_path, job)
    written = paths[0].stat().st_mtime_ns
    assert compute_sheets(SMALL, 1, tmp_path, job) == paths
    assert paths[0].stat().st_mtime_ns == written
    series = draw_series(with_waves(tmp_path), np.random.default_rng(0))
    assert series.images.shape == (3, 48, 40)
    assert len(series.positions) > 10


def test_kept_waves_show_their_columns_where_the_truth_says(folder):
    settings = with_waves(folder, dose=(1e6, 1e6), contaminated=0, spherical_aberration=(0, 0))
    series = draw_series(settings, np.random.default_rng(3))
    assert settings.pixel_size[0] * 0.98 < series.pixel_size < settings.pixel_size[1] * 1.03
    inner = ((series.positions > 3) & (series.positions < [44, 36])).all(axis=1)
    y, x = series.positions[inner].round().astype(int).T
    image = series.images[0]
    assert image[y, x].mean() > image.mean() + 0.7 * image.std()


def test_kept_waves_that_are_too_small_are_refused(folder):
    with pytest.raises(ExitWaveError, match="are larger than the kept"):
        draw_series(with_waves(folder, height=400, width=64), np.random.default_rng(0))


def test_a_folder_without_sheets_is_refused(tmp_path):
    with pytest.raises(ExitWaveError, match="There are no exit waves of sheets"):
        draw_series(with_waves(tmp_path), np.random.default_rng(0))


def test_a_file_that_is_no_sheet_is_refused(tmp_path):
    np.savez(tmp_path / "0.npz", wave=np.ones(3))
    with pytest.raises(ExitWaveError, match="is not an exit wave of a sheet"):
        draw_series(with_waves(tmp_path), np.random.default_rng(0))


def test_without_abtem_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "abtem", None)
    with pytest.raises(ExitWaveError, match="simulate"):
        compute_sheets(SMALL, 1, tmp_path, Job(on_progress=lambda _: None))
