"""Scores of particles in layers."""

import numpy as np
import pytest

from napari_insitu_tem.analysis.layer_agreement import LayerScore, layer_score, without_border


def squares(*places, size=10):
    labels = np.zeros((40, 60), np.int32)
    for number, (y, x) in enumerate(places, start=1):
        labels[y : y + size, x : x + size] = number
    return labels


TRUTH = np.stack([squares((5, 5), (25, 40)), squares((9, 9), (5, 40))])


def test_the_truth_itself_is_right_and_numbers_do_not_matter():
    score = layer_score(TRUTH, np.where(TRUTH > 0, TRUTH + 7, 0))
    assert score == LayerScore(4, 4, 4, 4) and score.f1 == score.f1_anywhere == 1


def test_particles_in_the_wrong_layer_count_only_anywhere():
    score = layer_score(TRUTH, TRUTH[::-1])
    assert score.f1 == 0 and score.f1_anywhere == 1


def test_one_label_image_cannot_hold_two_particles_that_overlap():
    joined = np.where(TRUTH[0] > 0, TRUTH[0], np.where(TRUTH[1] > 0, TRUTH[1] + 10, 0))
    score = layer_score(TRUTH, joined[np.newaxis])
    assert score.true == 4 and score.found == 4
    # The second square of the pair keeps 64 of its 100 pixels, which is a match.
    assert score.matched_anywhere == 4
    union = (TRUTH > 0).any(axis=0).astype(int)[np.newaxis] * 3
    assert layer_score(TRUTH, union).f1_anywhere == 0


def test_a_particle_found_in_both_layers_counts_once():
    found = np.stack([TRUTH[0], TRUTH[0]])
    score = layer_score(TRUTH[:, :, :], found)
    assert score.matched_anywhere == 2 and score.found == 4


def test_scores_of_frames_add_up():
    both = layer_score(TRUTH, TRUTH) + layer_score(TRUTH, TRUTH[::-1])
    assert both.true == 8 and both.f1 == pytest.approx(0.5)
    assert LayerScore().f1 == 1


def test_what_the_border_cuts_is_left_out_layer_by_layer_on_both_sides():
    truth = np.stack([squares((0, 5), (20, 20)), squares((4, 9))])
    # The cut one was found a row short of the border, and in the other layer.
    found = np.stack([squares((20, 20), (30, 40)), squares((4, 9), (1, 5), size=9)])
    inside, kept = without_border(truth, found)
    assert np.unique(inside[0]).tolist() == [0, 2] and np.unique(inside[1]).tolist() == [0, 1]
    assert np.unique(kept[0]).tolist() == [0, 1]  # the one at the lower border goes, too
    assert np.unique(kept[1]).tolist() == [0, 1]
    assert truth[0].max() == 2 and found[1].max() == 2
    assert layer_score(inside, kept).f1 == 1
