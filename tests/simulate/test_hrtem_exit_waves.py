"""Kept exit waves, and multislice by abTEM against the fast variant."""

import sys

import numpy as np
import pytest

from napari_insitu_tem import Job
from napari_insitu_tem.simulate.hrtem import (
    ExitWaveError,
    HrtemSettings,
    compute_exit_waves,
    draw_frame,
)
from napari_insitu_tem.simulate.hrtem.exit_waves import (
    ExitWave,
    kept_waves,
    placed,
    save_exit_wave,
)
from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.projected import multiply_exit_wave
from napari_insitu_tem.simulate.hrtem.structures import draw_particle

KNOWN = {"material": "Au", "rotation": 10.0, "diameter": 2.0}


def toy_wave(n: int = 40) -> ExitWave:
    y, x = np.indices((n, n)) - n // 2
    bump = np.exp(-0.5 * ((y - 4) ** 2 + x**2) / 3**2).astype(np.float32)
    positions = np.array([[1.0, 0.0], [1.0, 1.0]], np.float32)
    return ExitWave(
        np.exp(1j * bump).astype(np.complex64), bump, 0.25, 300.0, positions, 2.9, KNOWN
    )


@pytest.fixture(scope="module")
def abtem():
    return pytest.importorskip("abtem", reason="abTEM is not installed ([simulate] extra)")


def test_an_exit_wave_comes_back_from_its_file_as_it_was(tmp_path):
    save_exit_wave(toy_wave(), tmp_path / "waves" / "00000.npz")
    kept_waves.cache_clear()
    (kept,) = kept_waves(tmp_path / "waves")
    back = kept.load()
    assert np.array_equal(back.wave, toy_wave().wave)
    assert np.array_equal(back.phase, toy_wave().phase)
    assert back.known == KNOWN
    assert (kept.material, kept.energy) == ("Au", 300.0)


def test_a_folder_without_exit_waves_is_refused_in_plain_words(tmp_path):
    settings = HrtemSettings(exit_waves=tmp_path / "nowhere")
    with pytest.raises(ExitWaveError, match="There are no exit waves in"):
        draw_frame(settings, np.random.default_rng(0))


def test_a_file_that_is_no_exit_wave_is_refused_in_plain_words(tmp_path):
    kept_waves.cache_clear()
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ExitWaveError, match="not an exit wave that this program wrote"):
        kept_waves(tmp_path)


def test_without_abtem_the_hint_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "abtem", None)
    with pytest.raises(ExitWaveError, match=r"napari-insitu-tem\[simulate\]"):
        compute_exit_waves(HrtemSettings(), 1, tmp_path)


def test_turning_moves_wave_and_atoms_alike():
    wave = toy_wave(41)
    turned = wave.turned(1)
    peak = np.subtract(np.unravel_index(np.argmax(turned.phase), (41, 41)), 20)
    assert tuple(peak) == (0, 4)  # what lay below the middle lies to the right of it
    assert turned.positions[0] == pytest.approx([0.0, 1.0])
    assert turned.known["rotation"] == 100.0
    assert np.array_equal(wave.turned(4).wave, wave.wave)


def test_a_wave_is_laid_where_it_should_be_whatever_the_grid():
    grid = Grid((90, 110), (27.0, 33.0))  # 0.3 Å
    laid = placed(toy_wave().phase, 0.25, (12.34, 20.06), grid)
    y, x = np.indices(grid.shape) * 0.3
    expected = np.exp(-0.5 * ((y - 13.34) ** 2 + (x - 20.06) ** 2) / 0.75**2)
    assert laid == pytest.approx(expected, abs=2e-3)


def test_a_wave_that_hangs_over_the_border_is_clipped_and_does_not_come_in_again():
    grid = Grid((60, 60), (15.0, 15.0))
    laid = placed(toy_wave().phase, 0.25, (0.0, 7.5), grid)
    assert laid[4, 30] == pytest.approx(1.0, abs=0.01)
    assert np.abs(laid[40:]).max() == 0
    assert np.abs(placed(toy_wave().phase, 0.25, (-50.0, 7.5), grid)).max() == 0


def test_the_fast_variant_agrees_with_abtem(abtem):
    from napari_insitu_tem.simulate.hrtem.multislice import exit_wave

    settings = HrtemSettings(diameter=(2.5, 2.5), zone_axes=("110",), tilt=(0.0, 2.0))
    particle = draw_particle(settings, "Pt", np.random.default_rng(1))
    exact = exit_wave(particle, energy=300.0, thermal_factor=0.6)
    grid = Grid.covering((48.0, 48.0), 0.33)
    fast = np.ones(grid.shape, np.complex64)
    multiply_exit_wave(
        fast, particle, (24.0, 24.0), grid, energy=300.0, thermal_factor=0.6, absorption=0.0
    )
    laid = 1 + placed(exact.wave - 1, exact.spacing, (24.0, 24.0), grid)
    # Both in the band that the fast variant keeps.
    kept = grid.squared <= grid.band_limit**2
    fast, laid = (np.fft.ifft2(np.fft.fft2(wave) * kept) - 1 for wave in (fast, laid))
    agreement = np.abs(np.vdot(fast, laid)) / np.linalg.norm(fast) / np.linalg.norm(laid)
    assert agreement > 0.99
    assert np.linalg.norm(fast) == pytest.approx(np.linalg.norm(laid), rel=0.08)


def test_frames_from_kept_waves_have_particles_labels_and_truth(abtem, tmp_path, quiet_job):
    settings = HrtemSettings(
        height=96, width=96, materials=("Au",), diameter=(1.5, 1.8), zone_axes=("110",),
        tilt=(0.0, 3.0), particles=(1, 2), energies=(300.0,), exit_waves=tmp_path,
    )  # fmt: skip
    paths = compute_exit_waves(settings, 2, tmp_path, quiet_job)
    assert [path.name for path in paths] == ["00000.npz", "00001.npz"]
    before = paths[0].stat().st_mtime_ns
    compute_exit_waves(settings, 2, tmp_path, quiet_job)
    assert paths[0].stat().st_mtime_ns == before  # kept, not computed again
    drawn = draw_frame(settings, np.random.default_rng(1))
    again = draw_frame(settings, np.random.default_rng(1))
    assert np.array_equal(drawn.image, again.image)
    assert drawn.conditions.energy == 300.0
    assert {particle["zone_axis"] for particle in drawn.particles} == {"110"}
    assert drawn.labels.max() >= 1


def test_computing_exit_waves_can_be_cancelled(abtem, tmp_path):
    from napari_insitu_tem.job import Cancelled

    job = Job(on_progress=lambda progress: None, is_cancelled=lambda: True)
    with pytest.raises(Cancelled):
        compute_exit_waves(HrtemSettings(), 3, tmp_path, job)
    assert not list(tmp_path.glob("*"))
