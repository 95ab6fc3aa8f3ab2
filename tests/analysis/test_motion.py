"""Common shifts and search ranges, against known motion."""

import numpy as np
import pytest

from napari_insitu_tem.analysis.motion import common_shift, propose_search_range, typical_step


@pytest.mark.parametrize("shift", [(0, 0), (1.5, -0.7), (9, 14), (-22, 5)])
def test_a_shift_of_all_particles_is_found_though_some_come_and_go(rng, shift):
    before = rng.uniform(0, 500, (80, 2))
    after = before + shift + rng.normal(0, 0.5, before.shape)
    after = np.concatenate((after[8:], rng.uniform(0, 500, (8, 2))))
    np.testing.assert_allclose(common_shift(before, after), shift, atol=0.4)


def test_particles_on_a_lattice_that_stay_do_not_seem_to_jump_by_a_period(rng):
    lattice = np.stack(np.meshgrid(*2 * [np.arange(10) * 20.0]), -1).reshape(-1, 2)
    after = lattice + rng.normal(0, 1, lattice.shape) + (1, 2)
    np.testing.assert_allclose(common_shift(lattice, after), (1, 2), atol=0.5)


def test_a_few_particles_have_no_common_shift():
    assert not common_shift(np.zeros((1, 2)), np.ones((1, 2))).any()
    assert not common_shift(np.zeros((0, 2)), np.zeros((3, 2))).any()


def test_the_typical_step_is_the_standard_deviation_on_an_axis(rng):
    places = rng.uniform(0, 2000, (300, 2))
    pairs = [(places, places + rng.normal(0, 3, places.shape)) for _ in range(3)]
    assert typical_step(pairs) == pytest.approx(3, rel=0.1)


def test_fast_sparse_particles_get_a_wide_range_and_slow_dense_ones_a_narrow_one(rng):
    sparse = rng.uniform(0, 2000, (10, 2))
    assert propose_search_range([sparse], np.full(10, 10.0), step=8) >= 40
    dense = np.stack(np.meshgrid(*2 * [np.arange(10) * 24.0]), -1).reshape(-1, 2)
    assert 12 < propose_search_range([dense], np.full(100, 26.0), step=0.5) < 24


def test_there_is_a_range_even_without_particles():
    assert propose_search_range([np.zeros((0, 2))], np.zeros(0), step=0) > 0
