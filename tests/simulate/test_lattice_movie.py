"""Simulated movies of lattices: what they show is what their truth says."""

from __future__ import annotations

import typing

import numpy as np
import pytest

from napari_insitu_tem import Job
from napari_insitu_tem.simulate.lattice import (
    LatticeMovieSettings,
    LatticeScene,
    simulate_lattice,
    simulate_lattice_lazily,
)
from napari_insitu_tem.simulate.lattice.dislocation import edge_dislocation
from napari_insitu_tem.simulate.lattice.settings import Change
from napari_insitu_tem.simulate.lattice.spots import basis, draw_spots, lattice_points

SMALL = {"height": 96, "width": 128, "n_frames": 5, "period": 12.0}


def scene(change: str, **values) -> LatticeScene:
    return LatticeScene(LatticeMovieSettings(change=change, **{**SMALL, **values}), 1)


@pytest.mark.parametrize("change", typing.get_args(Change))
def test_every_change_gives_a_movie_with_its_truth(change, quiet_job):
    settings = LatticeMovieSettings(change=change, **SMALL)
    made = simulate_lattice(settings, quiet_job)
    assert made.movie.data.shape == (5, 96, 128) and made.movie.data.dtype == np.uint16
    assert made.regions.shape == (5, 96, 128) and made.moving.shape == (96, 128)
    assert set(made.truth) >= {"frame", "region", "angle", "shift_y", "shift_x", "area"}
    assert made.truth["frame"].nunique() == 5
    assert made.moving.any() == (change != "still")
    assert made.movie.dose == pytest.approx(10 / 0.14**2)


def test_the_same_seed_gives_the_same_bytes_also_lazily(quiet_job):
    settings = LatticeMovieSettings(change="growth", drift=0.5, jitter=0.2, **SMALL)
    one = simulate_lattice(settings, quiet_job)
    lazy = simulate_lattice_lazily(settings)
    np.testing.assert_array_equal(one.movie.data, np.asarray(lazy.movie.data))
    np.testing.assert_array_equal(one.regions, np.asarray(lazy.regions))
    other = simulate_lattice(settings, Job(seed=1, on_progress=lambda _: None))
    assert not np.array_equal(one.movie.data, other.movie.data)


@pytest.mark.parametrize("axis", ["y", "x"])
def test_a_lattice_moved_by_whole_periods_looks_as_before(axis):
    moved = scene(f"translation {axis}", amorphous=0.0, shifts=2.0)
    first, half, last = (moved.expected_electrons(index) for index in (0, 1, 4))
    np.testing.assert_allclose(first, last, atol=1e-3)
    assert np.abs(first - half).max() > 0.5  # by half a period
    truth = moved.truth()
    assert truth[f"shift_{axis}"].tolist() == pytest.approx([0, 6, 12, 18, 24])


def test_a_shift_down_moves_the_spots_down():
    moved = scene("translation y", amorphous=0.0, shifts=0.25)
    first, last = moved.expected_electrons(0), moved.expected_electrons(4)
    np.testing.assert_allclose(first[20:60], last[23:63], atol=1e-3)


def test_a_square_lattice_turned_by_90_degrees_looks_as_before():
    turned = scene("rotation", amorphous=0.0)
    first, between, last = (turned.expected_electrons(index) for index in (0, 2, 4))
    np.testing.assert_allclose(first, last, atol=1e-3)
    assert np.abs(first - between).max() > 0.5


def test_spots_darken_by_the_contrast_and_fade():
    fading = scene("fading", amorphous=0.0, film_absorption=0.0, contrast=0.4, fade_to=0.5)
    first, last = fading.expected_electrons(0) / 10, fading.expected_electrons(4) / 10
    assert first.min() == pytest.approx(0.6, abs=0.04) and first.max() > 0.95
    assert last.min() == pytest.approx(0.8, abs=0.02)


def test_the_pair_closes_as_asked_for(quiet_job):
    made = simulate_lattice(LatticeMovieSettings(change="pair", **SMALL), quiet_job)
    assert made.misorientation == pytest.approx([13.7, 12.6, 11.5, 10.4, 9.3])
    alone = simulate_lattice(LatticeMovieSettings(change="growth", **SMALL), quiet_job)
    with pytest.raises(ValueError, match="one grain"):
        _ = alone.misorientation


def test_what_grows_and_shrinks_is_where_the_truth_says():
    growing = scene("growth", height=256, width=256, amorphous=0.0, travel=48.0)
    first, last = (growing.label_image(index) > 0 for index in (0, 4))
    np.testing.assert_array_equal(growing.moving(), first ^ last)
    spots = growing.spots(4) - growing.spots(0)
    assert spots[last & ~first].mean() > 10 * abs(spots[last & first].mean())
    assert spots[first & ~last].mean() < 0
    areas = growing.truth()["area"].to_numpy()
    assert areas[-1] - areas[0] == pytest.approx(0.5 * 48 * 0.7 * 256, rel=0.02)
    assert np.count_nonzero(last) == pytest.approx(areas[-1], rel=0.02)


def test_in_ripening_the_area_stays_and_goes_from_one_to_the_other():
    truth = scene("ripening", height=256, width=256).truth()
    areas = truth.pivot(index="frame", columns="region", values="area").to_numpy()
    assert areas.sum(axis=1) == pytest.approx(areas[0].sum(), rel=0.01)
    assert areas[-1, 0] < 0.2 * areas[0, 0] and areas[-1, 1] > 2 * areas[0, 1]


def test_drift_moves_lattice_and_truth_together():
    drifting = scene("rotating region", drift=3.0, height=256, width=256, amorphous=0.0)
    shift = drifting.drift[4]
    assert np.hypot(*shift) > 2
    centres = [np.argwhere(drifting.label_image(index) == 2).mean(axis=0) for index in (0, 4)]
    assert centres[1] - centres[0] == pytest.approx(shift, abs=0.1)


def test_in_vacuum_there_is_no_film_and_no_lattice():
    edge = scene("still", vacuum=0.5, amorphous=0.05)
    electrons = edge.expected_electrons(0)
    assert electrons[:30] == pytest.approx(10, abs=0.01)
    assert electrons[60:].std() > 0.3 and electrons[60:].mean() < 9.5
    assert not edge.label_image(0)[:40].any() and edge.label_image(0)[50:].all()


def test_around_a_dislocation_an_extra_half_plane_ends():
    displaced = edge_dislocation((0.0, 0.0), 10.0, 0.0)
    far = 400.0
    above = displaced(np.array([[-far, -far / 100], [-far, far / 100]]))
    ends = displaced(np.array([[-1.0, -far], [1.0, -far]]))
    # Behind the core the two halves have slipped by one Burgers vector, ahead of it they have not.
    assert abs(ends[0, 1] - ends[1, 1]) == pytest.approx(10.0, rel=0.01)
    ahead = displaced(np.array([[-1.0, far], [1.0, far]]))
    assert abs(ahead[0, 1] - ahead[1, 1]) < 0.05
    assert abs(above[0, 1] - above[1, 1]) < 0.1


def test_spots_are_exact_where_bands_meet():
    points = np.array([[63.5, 30.2], [64.4, 70.0], [-2.0, 5.0]])
    heights = np.array([1.0, 0.5, 0.0])
    picture = draw_spots(points, heights, 3.0, (130, 100))
    y, x = np.mgrid[:130, :100]
    expected = sum(
        h * np.exp(-((y - p[0]) ** 2 + (x - p[1]) ** 2) / 18)
        for p, h in zip(points, heights, strict=True)
    )
    np.testing.assert_allclose(picture, expected, atol=1e-5)


@pytest.mark.parametrize("lattice", ["square", "hexagonal"])
def test_neighbouring_points_are_a_period_apart(lattice):
    points = lattice_points(basis(lattice, 9.0, 17.0), np.array([20.0, 30.0]), (60, 70), 5.0)
    apart = np.hypot(*(points[:, np.newaxis] - points).transpose(2, 0, 1))
    np.fill_diagonal(apart, np.inf)
    assert apart.min(axis=1) == pytest.approx(9.0)
    assert points.min() >= -5 and np.all(points.max(axis=0) <= np.array([64, 74]))
