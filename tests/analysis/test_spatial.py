import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.analysis.spatial import (
    PairDistribution,
    bond_order,
    ideal_pairs,
    size_statistics,
)

SPACING = 20.0


def lattice(kind, rows=16, columns=16, angle=0.0):
    """A square or hexagonal lattice around the middle of a 400 x 400 field of view."""
    y, x = np.mgrid[:rows, :columns].astype(float) - (rows - 1) / 2
    if kind == "hexagonal":
        x = x + 0.5 * (np.arange(rows)[:, None] % 2)
        y = y * np.sqrt(3) / 2
    points = SPACING * np.stack([y.ravel(), x.ravel()], axis=1)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = points @ turn + 200
    return points[((points > 1) & (points < 398)).all(axis=1)]


def inside(points, margin=80):
    return ((points > margin) & (points < 400 - margin)).all(axis=1)


def test_an_ideal_gas_in_a_window_has_g_of_one_up_to_the_shorter_side(rng):
    pairs = PairDistribution(np.linspace(0, 250, 26), (250, 600))
    for _ in range(150):
        pairs.add(rng.uniform(0, 1, (150, 2)) * [250, 600])
    np.testing.assert_allclose(pairs.g[1:], 1, atol=0.03)
    assert pairs.g.mean() == pytest.approx(1, abs=0.01)


def test_all_pairs_of_a_small_disc_are_within_its_diameter():
    assert ideal_pairs(np.array([0, 100]), (100, 100))[0] < 1
    chance = ideal_pairs(np.array([0, 1e-3]), (100, 100))[0]
    assert chance == pytest.approx(np.pi * 1e-6 / 1e4, rel=1e-3)


def test_distances_beyond_the_window_are_refused():
    with pytest.raises(ValueError, match="shorter side"):
        PairDistribution(np.linspace(0, 300, 10), (250, 600))


def test_g_of_a_lattice_peaks_at_its_shells():
    pairs = PairDistribution(np.arange(0.5, 60, 1), (400, 400))
    pairs.add(lattice("square"))
    peaks = pairs.r[pairs.g > 2]
    assert {20, 40}.issubset(peaks.round())
    assert any(abs(peaks - 20 * np.sqrt(2)) < 1)
    assert pairs.pairs[:18].sum() == 0


@pytest.mark.parametrize("bonds", ["voronoi", "distance"])
@pytest.mark.parametrize("angle", [0.0, 0.3])
def test_lattices_have_their_own_order_and_neighbours(bonds, angle):
    for kind, psi, other, number in (
        ("square", "psi4", "psi6", 4),
        ("hexagonal", "psi6", "psi4", 6),
    ):
        points = lattice(kind, 30, 30, angle)
        order = bond_order(points, (400, 400), shell=1.3 * SPACING, neighbours=bonds)
        middle = inside(points)
        np.testing.assert_allclose(np.abs(getattr(order, psi))[middle], 1, atol=0.01)
        assert np.abs(getattr(order, other))[middle].max() < 0.1
        assert (order.neighbours[middle] == number).all()


def test_the_phase_of_the_bond_order_turns_with_the_lattice():
    for k, kind, name in ((4, "square", "psi4"), (6, "hexagonal", "psi6")):
        phases = []
        for angle in (0.0, 0.1):
            points = lattice(kind, 30, 30, angle)
            psi = getattr(bond_order(points, (400, 400), shell=1.3 * SPACING), name)
            phases.append(np.angle(np.nanmean(psi[inside(points)])))
        turned = np.angle(np.exp(1j * (phases[1] - phases[0])))
        assert abs(turned) == pytest.approx(k * 0.1, abs=0.01)


def test_a_slightly_distorted_square_lattice_keeps_its_order(rng):
    points = lattice("square", 30, 30) + rng.normal(0, 0.02 * SPACING, (1, 2))
    points = points + rng.normal(0, 0.02 * SPACING, points.shape)
    order = bond_order(points, (400, 400), shell=1.3 * SPACING)
    assert np.nanmean(np.abs(order.psi4)) > 0.9


@settings(max_examples=20, deadline=None)
@given(st.floats(0.3, 1.0), st.floats(0, 2 * np.pi))
def test_order_does_not_depend_on_scale_or_direction(scale, angle):
    rng = np.random.default_rng(1)
    points = rng.uniform(50, 350, (150, 2))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    moved = scale * (points - 200) @ turn + 200 * 3
    before = bond_order(points, (400, 400), shell=25)
    after = bond_order(moved, (1200, 1200), shell=25 * scale)
    judged = np.isfinite(before.psi6.real)
    assert judged.sum() > 50
    np.testing.assert_allclose(np.abs(after.psi6)[judged], np.abs(before.psi6)[judged], atol=1e-3)


def test_what_lies_beyond_the_edge_cannot_change_a_judged_particle(rng):
    """Cut a window out of a larger arrangement: inside, nothing may change."""
    points = rng.uniform(-200, 600, (1500, 2))
    seen = ((points >= 0) & (points <= 399)).all(axis=1)
    whole = bond_order(points + 200, (800, 800), shell=20)
    part = bond_order(points[seen], (400, 400), shell=20)
    judged = np.isfinite(part.psi6.real)
    assert judged.sum() > 100
    np.testing.assert_allclose(
        np.abs(part.psi6)[judged], np.abs(whole.psi6[seen])[judged], atol=1e-3
    )
    counted = np.isfinite(part.neighbours)
    np.testing.assert_array_equal(part.neighbours[counted], whole.neighbours[seen][counted])


def test_two_particles_at_one_place_and_particles_on_a_line_are_no_error():
    twice = np.array([[5, 5], [5, 5], [9, 9], [9, 1], [20, 30], [25, 9]], float)
    assert len(bond_order(twice, (40, 40), shell=8).psi6) == 6
    line = np.stack([np.arange(10.0)] * 2, axis=1)
    assert np.isnan(bond_order(line, (40, 40), shell=3).psi6).all()


def test_sizes_of_an_empty_frame_are_missing_not_zero():
    assert all(np.isnan(value) for value in size_statistics([]).values())
    found = size_statistics([1.0, 2.0, 3.0])
    assert (found["mean"], found["median"], found["std"]) == (2, 2, 1)
