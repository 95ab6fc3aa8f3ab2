"""Which particle belongs to which layer."""

import itertools

import numpy as np
import pytest

from napari_insitu_tem.analysis.layer_assignment import assign_layers


def value(chosen, evidence, pairs, penalty):
    same = chosen[pairs[:, 0]] == chosen[pairs[:, 1]]
    return evidence[np.arange(len(chosen)), chosen].sum() - penalty[same].sum()


def best(evidence, pairs, penalty):
    orders = itertools.product(range(evidence.shape[1]), repeat=len(evidence))
    return max(value(np.array(order), evidence, pairs, penalty) for order in orders)


def test_without_overlaps_each_particle_follows_its_evidence():
    evidence = np.array([[0.9, 0.1], [0.2, 0.7], [0.5, 0.6]])
    assert assign_layers(evidence, np.zeros((0, 2), int), np.zeros(0)).tolist() == [0, 1, 1]


def test_of_two_overlapping_particles_the_surer_one_has_its_way():
    evidence = np.array([[0.9, 0.1], [0.6, 0.5]])
    assert assign_layers(evidence, np.array([[0, 1]]), np.array([4.0])).tolist() == [0, 1]
    # A slight overlap does not outweigh clear evidence.
    sure = np.array([[0.9, 0.1], [0.9, 0.1]])
    assert assign_layers(sure, np.array([[0, 1]]), np.array([0.3])).tolist() == [0, 0]


def test_one_sure_particle_decides_for_a_whole_chain():
    evidence = np.full((7, 2), 0.5)
    evidence[6] = [0.1, 0.9]
    chain = np.stack([np.arange(6), np.arange(1, 7)], axis=1)
    assert assign_layers(evidence, chain, np.full(6, 3.0)).tolist() == [1, 0, 1, 0, 1, 0, 1]


def test_a_wrong_but_sure_particle_is_outvoted_by_its_cluster():
    evidence = np.array([[0.2, 0.8], [0.7, 0.3], [0.3, 0.7], [0.7, 0.3], [0.96, 0.04]])
    chain = np.stack([np.arange(4), np.arange(1, 5)], axis=1)
    chosen = assign_layers(evidence, chain, np.full(4, 9.0))
    assert chosen.tolist() == [1, 0, 1, 0, 1]


@pytest.mark.parametrize("n_layers", [2, 3])
def test_small_clusters_without_rings_get_the_best_assignment_there_is(n_layers):
    rng = np.random.default_rng(0)
    for _ in range(40):
        count = int(rng.integers(2, 7))
        evidence = rng.uniform(size=(count, n_layers))
        pairs = np.array([(int(rng.integers(i)), i) for i in range(1, count)])
        penalty = rng.uniform(3, 6, len(pairs))
        chosen = assign_layers(evidence, pairs, penalty)
        if n_layers == 2:
            assert value(chosen, evidence, pairs, penalty) == pytest.approx(
                best(evidence, pairs, penalty)
            )
        same = chosen[pairs[:, 0]] == chosen[pairs[:, 1]]
        assert not same.any()


def test_a_ring_of_three_breaks_its_cheapest_overlap():
    evidence = np.full((3, 2), 0.5)
    evidence[0, 0] = 0.6
    pairs = np.array([[0, 1], [1, 2], [0, 2]])
    chosen = assign_layers(evidence, pairs, np.array([5.0, 5.0, 1.0]))
    assert chosen.tolist() == [0, 1, 0]
    assert assign_layers(np.full((3, 3), 0.3), pairs, np.full(3, 5.0)).tolist() != [0, 0, 0]


def test_many_particles_are_quick_and_none_of_a_checkerboard_touch():
    rng = np.random.default_rng(1)
    side = 40
    index = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [
            np.stack([index[:, :-1].ravel(), index[:, 1:].ravel()], axis=1),
            np.stack([index[:-1].ravel(), index[1:].ravel()], axis=1),
        ]
    )
    truth = (np.add(*np.divmod(index.ravel(), side)) % 2).astype(int)
    evidence = rng.normal(0, 0.3, (side * side, 2))
    evidence[np.arange(side * side), truth] += 0.2
    chosen = assign_layers(evidence, pairs, np.full(len(pairs), 4.0))
    assert (chosen == truth).mean() > 0.95


def test_nothing_to_assign_is_no_error():
    assert assign_layers(np.zeros((0, 2)), np.zeros((0, 2), int), np.zeros(0)).shape == (0,)
    assert assign_layers(np.ones((3, 1)), np.array([[0, 1]]), np.ones(1)).tolist() == [0, 0, 0]
