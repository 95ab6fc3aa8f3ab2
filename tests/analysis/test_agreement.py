"""Scores of masks against a ground truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.analysis.agreement import (
    agreement_table,
    foreground_iou,
    instance_scores,
    match_instances,
)


def two_squares() -> np.ndarray:
    labels = np.zeros((40, 40), int)
    labels[2:12, 2:12] = 1
    labels[20:36, 20:36] = 2
    return labels


def test_a_mask_agrees_fully_with_itself_whatever_its_numbers():
    truth = two_squares()
    scores = instance_scores(truth, np.where(truth == 1, 7, np.where(truth == 2, 3, 0)))
    assert scores["f1"] == scores["foreground_iou"] == scores["matched_iou"] == 1


def test_merged_particles_count_as_missed():
    truth = two_squares()
    truth[12:20, 5:8] = 1
    merged = (truth > 0).astype(int)
    scores = instance_scores(truth, merged)
    assert scores["foreground_iou"] == 1
    assert scores["matched"] == 1
    assert scores["recall"] == 0.5
    assert scores["f1"] == pytest.approx(2 / 3)


def test_one_found_particle_matches_one_true_one_only():
    truth = np.zeros((10, 20), int)
    truth[:, :9], truth[:, 9:18] = 1, 2
    found = np.zeros_like(truth)
    found[:, :18] = 1
    assert len(match_instances(truth, found, threshold=0.4)) == 1


def test_nothing_to_find_and_nothing_found_is_right():
    empty = np.zeros((5, 5), int)
    assert instance_scores(empty, empty)["f1"] == 1
    assert instance_scores(empty, empty + 1)["f1"] == 0


def test_masks_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        instance_scores(np.zeros((2, 2), int), np.zeros((3, 3), int))


def test_the_table_has_one_row_a_frame():
    truth = np.stack([two_squares(), np.zeros((40, 40), int)])
    table = agreement_table(truth, truth)
    assert list(table["frame"]) == [0, 1]
    assert list(table["true_particles"]) == [2, 0]


@given(st.integers(1, 15), st.integers(0, 15))
def test_a_shifted_square_has_the_overlap_of_geometry(size, shift):
    truth, found = np.zeros((40, 40), int), np.zeros((40, 40), int)
    truth[5 : 5 + size, 5 : 5 + size] = 1
    found[5 : 5 + size, 5 + shift : 5 + shift + size] = 1
    common = max(size - shift, 0) * size
    assert foreground_iou(truth, found) == pytest.approx(common / (2 * size**2 - common))
