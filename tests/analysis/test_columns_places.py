"""Columns: maxima, refinement, lattice support, the ideal lattice, spots without a network."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from napari_insitu_tem.analysis.columns import ColumnsError
from napari_insitu_tem.analysis.columns.features import describe_columns, groups_of
from napari_insitu_tem.analysis.columns.ideal import fit_lattice, local_strain
from napari_insitu_tem.analysis.columns.lattice_support import (
    believed,
    neighbours_in_rows,
    supported,
)
from napari_insitu_tem.analysis.columns.peaks import local_maxima, squeezed
from napari_insitu_tem.analysis.columns.refine import centres_of_mass, fit_gaussians
from napari_insitu_tem.analysis.columns.regularity import continued
from napari_insitu_tem.analysis.columns.spots import Spots, find_spots, look_for_spots

NETS = {
    "square": ([[10, 0], [0, 10]], [[0, 0]]),
    "hexagonal": ([[10, 0], [5, 8.66]], [[0, 0]]),
    "honeycomb": ([[17.3, 0], [8.66, 15]], [[0, 0], [8.66, 5]]),
}


def crystal(kind: str, radius: float = 52.0, centre: float = 64.0) -> np.ndarray:
    """A round crystal, turned by 17 degrees."""
    vectors, motif = (np.array(each, float) for each in NETS[kind])
    steps = np.array([(i, j) for i in range(-20, 21) for j in range(-20, 21)])
    places = (steps @ vectors)[:, None] + motif
    angle = np.radians(17)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    places = places.reshape(-1, 2) @ turn.T
    return places[np.hypot(*places.T) < radius] + centre


def picture(places: np.ndarray, *, width=2.2, height=20.0, noise=0.0, size=128, seed=0):
    image = np.full((size, size), 50.0)
    grid = np.mgrid[:size, :size]
    for place in places:
        square = ((grid - place[:, None, None]) ** 2).sum(0)
        image += height * np.exp(-0.5 * square / width**2)
    return image + np.random.default_rng(seed).normal(0, noise, image.shape)


@given(st.floats(20.1, 40.9), st.floats(20.1, 40.9), st.floats(1.0, 3.0))
@example(20.5, 20.25, 1.0)  # two pixels of the same height
def test_the_vertex_of_a_gaussian_bump_is_exact(y, x, width):
    image = picture(np.array([[y, x]]), width=width, height=1.0, size=64) - 50
    places, values = local_maxima(image, least=0.3, reach=3)
    assert len(places) == 1 and 0.3 < values[0] <= 1
    np.testing.assert_allclose(places[0], (y, x), atol=1e-3)


def test_a_plateau_counts_once_and_close_maxima_count_once():
    image = np.zeros((20, 20))
    image[5:8, 5:8] = 1.0
    image[12, 12] = 0.9
    image[12, 14] = 0.8
    places, values = local_maxima(image, least=0.5, reach=3)
    np.testing.assert_allclose(places, [[6, 6], [12, 12]])
    np.testing.assert_allclose(values, [1.0, 0.9])
    assert len(local_maxima(np.zeros((8, 8)), least=0.5, reach=2)[0]) == 0


def test_only_the_weaker_one_between_two_close_ones_is_squeezed():
    row = np.array([[5.0, 5.0], [5.2, 10.0], [5.0, 15.0], [10.0, 5.0], [5.0, 40.0]])
    heights = np.array([0.8, 0.5, 0.7, 0.4, 0.3])
    assert squeezed(row, heights, 7.0).tolist() == [False, True, False, False, False]
    assert not squeezed(row, heights, 4.0).any()
    assert not squeezed(row, np.array([0.8, 0.75, 0.7, 0.4, 0.3]), 7.0).any()
    assert not squeezed(
        crystal("honeycomb"), np.linspace(0.1, 1, len(crystal("honeycomb"))), 14
    ).any()
    assert len(squeezed(np.empty((0, 2)), np.empty(0), 3.0)) == 0


@pytest.mark.parametrize("bright", [True, False])
def test_gaussians_are_fitted_to_a_tenth_of_a_pixel_and_neighbours_hardly_matter(bright):
    true = crystal("hexagonal")
    image = picture(true, height=20 if bright else -20)
    start = true + np.random.default_rng(1).uniform(-0.7, 0.7, true.shape)
    fitted = fit_gaussians(image, start, width=1.8, radius=5.0)
    inner = np.hypot(*(true - 64).T) < 45
    assert np.abs(fitted.places - true)[inner].max() < 0.05
    assert fitted.width[inner].mean() == pytest.approx(2.2, abs=0.15)
    assert np.sign(fitted.height).mean() == (1 if bright else -1)
    assert fitted.residual[inner].max() < 0.1
    mass = centres_of_mass(image, start, radius=5.0, bright=bright)
    assert np.sqrt(np.mean((mass - true)[inner] ** 2)) < 0.25


def test_a_fit_that_fails_keeps_its_place():
    fitted = fit_gaussians(np.full((40, 40), 7.0), np.array([[20.3, 11.0]]), width=2, radius=5)
    np.testing.assert_allclose(fitted.places, [[20.3, 11.0]])
    assert fitted.background[0] == pytest.approx(7) and np.isfinite(fitted.residual).all()
    assert not len(fit_gaussians(np.ones((9, 9)), np.empty((0, 2)), width=2, radius=3).places)


@pytest.mark.parametrize("kind", NETS)
def test_weak_columns_are_believed_only_where_the_lattice_goes_on(kind):
    true = crystal(kind)
    rng = np.random.default_rng(2)
    weak = rng.random(len(true)) < 0.15
    wrong = rng.uniform(10, 118, (30, 2))
    apart = np.min(np.hypot(*(wrong[:, None] - true).transpose(2, 0, 1)), axis=1)
    wrong = wrong[apart > 2.5]
    places = np.concatenate([true + rng.normal(0, 0.3, true.shape), wrong])
    sure = np.concatenate([~weak, np.zeros(len(wrong), bool)])
    kept = believed(places, sure)
    assert kept[: len(true)][weak].mean() >= 0.9
    assert kept[len(true) :].mean() <= 0.1
    assert kept[: len(true)][~weak].all()


@pytest.mark.parametrize("kind", NETS)
def test_a_lattice_raises_the_probability_of_its_columns_far_more_than_that_of_others(kind):
    true = crystal(kind)
    rng = np.random.default_rng(5)
    wrong = rng.uniform(10, 118, (16, 2))
    apart = np.min(np.hypot(*(wrong[:, None] - true).transpose(2, 0, 1)), axis=1)
    wrong = wrong[apart > 2.5]
    places = np.concatenate([true + rng.normal(0, 0.2, true.shape), wrong])
    probability = rng.uniform(0.3, 0.7, len(places))
    rows = neighbours_in_rows(places, probability)
    inside = np.hypot(*(true - true.mean(axis=0)).T) < 30
    assert np.median(rows[: len(true)][inside]) >= 5 and np.median(rows[len(true) :]) <= 2
    told = supported(places, probability)
    gain = told - probability
    assert gain[: len(true)][inside].mean() > gain[len(true) :].mean() + 0.3
    order = rng.permutation(len(places))
    np.testing.assert_allclose(supported(places[order], probability[order]), told[order])


def test_a_lone_speck_needs_a_network_that_is_sure():
    assert not len(supported(np.empty((0, 2)), np.empty(0)))
    lone = supported(np.array([[5.0, 5.0], [50.0, 90.0]]), np.array([0.5, 1.0]))
    assert lone[0] < 0.4 and lone[1] == 1


def test_random_places_do_not_go_on_as_a_lattice():
    rng = np.random.default_rng(3)
    assert continued(rng.uniform(0, 400, (300, 2))).mean() < 0.05
    assert continued(crystal("honeycomb")).mean() > 0.95


@pytest.mark.parametrize("kind", NETS)
def test_the_ideal_lattice_is_found_and_an_outlier_does_not_bend_it(kind):
    true = crystal(kind)
    rng = np.random.default_rng(4)
    seen = true + rng.normal(0, 0.15, true.shape)
    seen[5] += 1.5
    lattice = fit_lattice(seen)
    vectors, motif = NETS[kind]
    area = abs(np.linalg.det(lattice.vectors))
    assert area == pytest.approx(abs(np.linalg.det(vectors)), rel=0.02)
    assert len(lattice.motif) == len(motif) and lattice.member.mean() > 0.97
    off = np.hypot(*(lattice.places - true).T)
    assert np.nanmedian(off) < 0.1
    strain = local_strain(true, fit_lattice(true))
    assert np.nanmax(np.abs([strain.xx, strain.yy, strain.xy])) < 1e-6


def test_strain_and_rotation_have_the_right_sign():
    true = crystal("square")
    lattice = fit_lattice(true)
    angle = np.radians(1.0)
    # Counter-clockwise on the screen, where y points down: x' = x + a·y, y' = y - a·x.
    y, x = (true - 64).T
    moved = np.column_stack([1.02 * y - angle * x, angle * y + 0.99 * x]) + 64
    strain = local_strain(moved, lattice)
    assert np.nanmedian(strain.yy) == pytest.approx(0.02, abs=1e-3)
    assert np.nanmedian(strain.xx) == pytest.approx(-0.01, abs=1e-3)
    assert np.nanmedian(strain.xy) == pytest.approx(0, abs=1e-3)
    assert np.nanmedian(strain.rotation) == pytest.approx(1.0, abs=0.02)


def test_no_lattice_is_fitted_to_few_or_random_places():
    assert fit_lattice(np.zeros((3, 2))) is None
    assert fit_lattice(np.random.default_rng(5).uniform(0, 300, (60, 2))) is None


def test_columns_are_described_by_neighbours_edge_and_particle():
    true = np.concatenate([crystal("square", 42.0), crystal("square", 32.0) + 160])
    missing = np.argmin(np.hypot(*(true - 64).T))
    table = pd.DataFrame(np.delete(true, missing, axis=0), columns=["y", "x"])
    table, lattices = describe_columns(table)
    assert len(lattices) == 2 and set(table["particle"]) == {1, 2}
    inside = ~table["surface"]
    beside = np.hypot(*(table[["y", "x"]].to_numpy() - 64).T) < 11
    assert inside[beside].all() and set(table["neighbours"][beside]) == {3}
    assert (table["neighbours"][inside] >= 3).all()
    assert table["displacement"].max() < 1e-6
    assert list(groups_of(np.empty((0, 2)), 5.0)) == []
    single, _ = describe_columns(pd.DataFrame({"y": [3.0], "x": [4.0]}))
    assert single["neighbours"].tolist() == [0] and single["surface"].tolist() == [True]


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("bright", [True, False])
def test_spots_of_unknown_size_and_polarity_are_found(kind, bright):
    true = crystal(kind, 48.0)
    image = picture(true, height=20 if bright else -20, noise=5)
    spots = look_for_spots([image])
    assert spots.bright == bright
    places, _ = find_spots(image, spots)
    off = np.min(np.hypot(*(places[:, None] - true).transpose(2, 0, 1)), axis=0)
    assert (off < 3).mean() > 0.97
    assert abs(len(places) - len(true)) <= 0.03 * len(true) + 1


def test_single_bright_atoms_are_found_among_noise_and_a_dead_pixel_is_not_one():
    rng = np.random.default_rng(6)
    true = rng.uniform(8, 120, (12, 2))
    image = picture(true, width=1.5, height=30, noise=5)
    image[40, 90] = 1e4
    places, _ = find_spots(image, look_for_spots([image]))
    off = np.min(np.hypot(*(places[:, None] - true).transpose(2, 0, 1)), axis=1)
    assert (off < 1.5).mean() > 0.8 and len(places) <= 14


def test_noise_alone_has_no_or_few_spots():
    noise = np.random.default_rng(7).normal(100, 10, (128, 128))
    try:
        places, _ = find_spots(noise, look_for_spots([noise]))
    except ColumnsError as error:
        assert "stand out" in str(error)
    else:
        assert len(places) <= 5
    assert not len(find_spots(np.full((32, 32), 3.0), Spots(2.0, True))[0])
