"""Movies of lead sulphide by multislice: the cell is right, and the truth stays exact."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate.hrtem import ExitWaveError
from napari_insitu_tem.simulate.hrtem.crystals import MATERIALS
from napari_insitu_tem.simulate.hrtem.grid import Grid
from napari_insitu_tem.simulate.hrtem.imaging import Conditions, image_intensity
from napari_insitu_tem.simulate.hrtem.projected import propagator, transmitted
from napari_insitu_tem.simulate.hrtem.scattering import phase_factor
from napari_insitu_tem.simulate.hrtem.unit_cell import unit_cell_image
from napari_insitu_tem.simulate.lattice import (
    LatticeMovieSettings,
    LatticeScene,
    simulate_lattice,
    simulate_lattice_lazily,
)
from napari_insitu_tem.simulate.lattice.pbs import COLUMN_DISTANCE, column_picture

PBS = MATERIALS["PbS"]
PLAIN = {"atoms": "PbS", "amorphous": 0.0, "height": 128, "width": 160, "n_frames": 5}
DEFAULTS = {"thickness": 3.0, "energy": 300.0, "defocus": 5.0, "spherical_aberration": 0.0}


@pytest.fixture(scope="module")
def abtem():
    return pytest.importorskip("abtem", reason="abTEM is not installed ([simulate] extra)")


def scene(change: str = "still", *, seed: int = 0, **values) -> LatticeScene:
    return LatticeScene(LatticeMovieSettings(change=change, **{**PLAIN, **values}), seed)


def test_without_abtem_the_hint_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "abtem", None)
    with pytest.raises(ExitWaveError, match=r"napari-insitu-tem\[simulate\]"):
        scene(thickness=1.7)  # of no other test, so that no picture of it is kept
    LatticeScene(LatticeMovieSettings())  # Gaussian spots do not need it


def test_lead_sulphide_is_square_and_sets_its_own_pixel_size():
    with pytest.raises(SettingsError, match="square lattice"):
        LatticeMovieSettings.from_dict({"atoms": "PbS", "lattice": "hexagonal"})
    with pytest.raises(SettingsError, match="follows from the period"):
        LatticeMovieSettings.from_dict({"atoms": "PbS", "pixel_size": 0.02})
    settings = LatticeMovieSettings(atoms="PbS", period=20.0, dose=8.0)
    assert settings.pixel_edge * 20 == pytest.approx(0.2968)
    assert pytest.approx(0.2968) == COLUMN_DISTANCE
    assert settings.flux == pytest.approx(8 / 0.1484**2)
    assert LatticeMovieSettings().pixel_edge == 0.014
    assert LatticeMovieSettings(pixel_size=0.02).pixel_edge == 0.02


@pytest.mark.parametrize("cells", [1, 5])
def test_the_cell_is_what_our_own_multislice_gives(abtem, cells):
    conditions = Conditions(defocus=5.0)
    image = unit_cell_image(PBS, cells, conditions, thermal_factor=1.4)
    grid = Grid((128, 128), (PBS.lattice, PBS.lattice))
    rows, columns = grid.frequencies
    layers = []
    for height in (0.0, 0.5):
        layer = np.zeros(grid.shape, complex)
        for element, (x, y, z) in zip(PBS.elements, PBS.positions, strict=True):
            if z == height:
                turned = np.exp(-2j * np.pi * PBS.lattice * (x * rows + y * columns))
                frequency = np.sqrt(grid.squared)
                layer += turned * phase_factor(element, frequency, energy=300, thermal_factor=1.4)
        phase = np.fft.ifft2(layer).real * layer.size / PBS.lattice**2
        layers += [phase.astype(np.float32), np.zeros(grid.shape, np.float32)]
    step = propagator(grid, PBS.lattice / 4, energy=300)
    own = np.ones(grid.shape, np.complex64)
    for phase in layers * cells:
        own = np.fft.ifft2(np.fft.fft2(own * transmitted(phase, 0.05)) * step)
    expected = image_intensity(own.astype(np.complex64), grid, conditions, grid.shape)
    assert np.abs(image - expected).max() < 0.05
    assert np.corrcoef(image.ravel(), expected.ravel())[0, 1] > 0.995


def test_columns_that_begin_with_lead_and_with_sulphur_hardly_differ(abtem):
    cell = unit_cell_image(PBS, 5, Conditions(defocus=5.0), thermal_factor=1.4)
    np.testing.assert_allclose(cell, np.roll(cell, (64, 64), (0, 1)), atol=1e-4)
    assert 0 < np.abs(cell - np.roll(cell, 64, 0)).max() < 0.01


def test_a_column_is_dark_round_and_as_symmetric_as_the_crystal(abtem):
    missing = column_picture(**DEFAULTS)
    assert np.unravel_index(np.argmax(missing), missing.shape) == (0, 0)
    assert 0.8 < missing.max() < 1 and 0.05 < missing.mean() < 0.2
    np.testing.assert_allclose(missing, missing.T, atol=2e-3)
    mirrored = np.roll(missing[::-1], 1, axis=0)
    np.testing.assert_allclose(missing, mirrored, atol=2e-3)


def test_overfocus_makes_the_columns_bright(abtem):
    assert column_picture(**{**DEFAULTS, "defocus": -8.0})[0, 0] < -0.2


@pytest.mark.parametrize("change", ["translation y", "translation x"])
def test_moved_by_whole_periods_it_looks_as_before(abtem, change):
    moved = scene(change, shifts=2.0)
    first, between, last = (moved.expected_electrons(index) for index in (0, 1, 4))
    np.testing.assert_allclose(first, last, atol=1e-4)
    assert np.abs(first - between).max() > 3


def test_turned_by_90_degrees_it_looks_as_before(abtem):
    turned = scene("rotation")
    first, between, last = (turned.expected_electrons(index) for index in (0, 2, 4))
    np.testing.assert_allclose(first, last, atol=0.02)
    assert np.abs(first - between).max() > 3


def test_a_whole_lattice_is_the_simulated_picture_repeated(abtem):
    whole = scene(period=16.0, height=128, width=128, film_absorption=0.0, dose=1.0)
    # The middle of the frame is a lattice point and lies between pixels.
    picture = column_picture(**DEFAULTS)
    spectrum = np.fft.fft2(picture)
    orders = np.fft.fftfreq(64, 1 / 64)
    spectrum[np.hypot(orders[:, np.newaxis], orders) >= 8] = 0
    waves = np.exp(2j * np.pi * np.outer(np.arange(128) - 63.5, orders) / 16)
    expected = 1 - (waves @ spectrum @ waves.T).real / picture.size
    np.testing.assert_allclose(whole.expected_electrons(0), expected, atol=2e-4)


def test_the_drawn_area_grows_as_the_truth_says(abtem):
    growing = scene("growth", height=320, width=320, travel=80.0)
    cell = growing.atoms.picture.mean()
    drawn = np.array([growing.spots(index).sum() for index in (0, 4)]) / cell
    areas = growing.truth()["area"].to_numpy()[[0, 4]]
    assert drawn == pytest.approx(areas, rel=0.05)
    assert np.diff(drawn) == pytest.approx(np.diff(areas), rel=0.1)


def test_far_from_the_lattice_there_is_only_film(abtem):
    growing = scene("growth", height=256, width=256)
    distance = growing.grains(0)[0].outline.distance(*np.ogrid[:256, :256])
    far = growing.expected_electrons(0)[distance > 2.5 * growing.settings.period]
    assert far.size > 1000 and far == pytest.approx(9.0, abs=1e-6)


def test_two_seeds_differ_only_in_noise(abtem):
    one, other = scene("dislocation", seed=1), scene("dislocation", seed=2)
    np.testing.assert_array_equal(one.expected_electrons(3), other.expected_electrons(3))
    assert not np.array_equal(one.image(3), other.image(3))


def test_contrast_scales_the_picture_and_stands_in_the_truth(abtem):
    natural, scaled = scene(), scene(contrast=0.2)
    assert scaled.spots(0).max() == pytest.approx(0.2, abs=0.01)
    share = 0.2 / natural.atoms.contrast
    np.testing.assert_allclose(scaled.spots(0), share * natural.spots(0), atol=1e-6)
    assert natural.truth()["contrast"][0] == pytest.approx(natural.atoms.contrast)
    assert natural.atoms.contrast == pytest.approx(0.94, abs=0.01)
    assert scaled.truth()["contrast"].tolist() == pytest.approx([0.2] * 5)


def test_the_movie_is_calibrated_and_the_same_lazily(abtem, quiet_job):
    settings = LatticeMovieSettings(change="pair", **{**PLAIN, "drift": 0.5})
    made, lazy = simulate_lattice(settings, quiet_job), simulate_lattice_lazily(settings)
    np.testing.assert_array_equal(made.movie.data, np.asarray(lazy.movie.data))
    assert made.movie.pixel_size * settings.period == pytest.approx(0.2968)
    plain = simulate_lattice_lazily(LatticeMovieSettings(n_frames=1))
    assert plain.movie.pixel_size == 0.014
    assert made.misorientation[0] == pytest.approx(13.7)
    assert made.movie.metadata["simulation"]["atoms"] == "PbS"
