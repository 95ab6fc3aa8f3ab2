"""Corrections of one label image: what they change, and what they must leave alone."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_insitu_tem.analysis.correction import (
    CorrectionError,
    add,
    delete,
    fill_holes,
    grow,
    merge,
    relabel,
    shrink,
    smooth,
)
from napari_insitu_tem.analysis.correction_series import (
    along_track,
    counterpart,
    replace_particle,
)
from napari_insitu_tem.analysis.splitting import line_pixels, split

EIGHT = np.ones((3, 3))


def disc(shape, centre, radius, label=1, labels=None):
    labels = np.zeros(shape, np.int32) if labels is None else labels
    y, x = np.mgrid[: shape[0], : shape[1]]
    labels[np.hypot(y - centre[0], x - centre[1]) <= radius] = label
    return labels


@st.composite
def discs(draw):
    """A label image of up to six discs; later ones cover earlier ones."""
    labels = np.zeros((48, 56), np.int32)
    for label in draw(st.lists(st.integers(1, 30), min_size=1, max_size=6, unique=True)):
        centre = draw(st.tuples(st.integers(0, 47), st.integers(0, 55)))
        disc(labels.shape, centre, draw(st.integers(2, 12)), label, labels)
    return labels


@given(discs(), st.data())
@settings(max_examples=40, deadline=None)
def test_delete_removes_exactly_that_label(labels, data):
    label = data.draw(st.sampled_from(sorted(set(labels.flat) - {0})))
    before = labels.copy()
    after = delete(labels, [label]).apply(labels)
    np.testing.assert_array_equal(labels, before)
    np.testing.assert_array_equal(after, np.where(labels == label, 0, labels))


@given(discs(), st.data())
@settings(max_examples=40, deadline=None)
def test_nothing_changes_outside_the_box_of_an_edit(labels, data):
    label = data.draw(st.sampled_from(sorted(set(labels.flat) - {0})))
    for edit in (grow(labels, [label], pixels=3), smooth(labels, [label], radius=2)):
        after = edit.apply(labels)
        outside = np.ones(labels.shape, bool)
        outside[edit.box] = False
        np.testing.assert_array_equal(after[outside], labels[outside])


@given(
    st.floats(0, np.pi),
    st.floats(-8, 8),
    st.integers(6, 18),
)
@settings(max_examples=80, deadline=None)
def test_a_line_at_any_angle_cuts_a_disc_in_two_and_merging_undoes_it(angle, shift, radius):
    labels = disc((64, 64), (31, 31), radius, label=3)
    assume(radius - abs(shift) > 3)  # what is thinner is the ragged edge of a cut
    along = np.array([np.sin(angle), np.cos(angle)])
    middle = np.array([31, 31]) + shift * np.array([along[1], -along[0]])
    line = [middle - 30 * along, middle + 30 * along]
    cut = split(labels, line).apply(labels)
    assert set(np.unique(cut)) == {0, 3, 4}
    for label in (3, 4):
        assert ndimage.label(cut == label, EIGHT)[1] == 1
    # Every pixel stays with one of the two, the larger keeps its label, and each side is one.
    np.testing.assert_array_equal(cut > 0, labels > 0)
    assert (cut == 3).sum() >= (cut == 4).sum()
    side = np.where(labels > 0, cut, 0)
    y, x = np.mgrid[:64, :64]
    distance = (y - middle[0]) * along[1] - (x - middle[1]) * along[0]
    for sign in (-1, 1):
        assert len(set(side[(labels > 0) & (sign * distance > 1.5)])) == 1
    np.testing.assert_array_equal(merge(cut, [3, 4]).apply(cut), labels)


def test_a_diagonal_cut_through_a_one_pixel_line_of_the_image_is_watertight():
    path = line_pixels(np.array([[0, 0], [20, 13], [5, 30]]), (40, 40))
    steps = np.abs(np.diff(path, axis=0)).sum(axis=1)
    assert (steps == 1).all()
    walls = np.zeros((40, 40), bool)
    path = line_pixels(np.array([[0, 0], [39, 39]]), (40, 40))
    walls[tuple(path.T)] = True
    assert ndimage.label(~walls, EIGHT)[1] == 2


def test_a_split_cuts_only_what_the_line_crosses_from_edge_to_edge():
    labels = disc((40, 120), (20, 20), 12, 1)
    disc(labels.shape, (20, 60), 12, 2, labels)
    disc(labels.shape, (20, 100), 12, 3, labels)
    # From the middle of the first, through the second, into the third.
    after = split(labels, [[20, 20], [20, 100]]).apply(labels)
    assert (after == 1).sum() == (labels == 1).sum()
    assert (after == 3).sum() == (labels == 3).sum()
    assert set(np.unique(after)) == {0, 1, 2, 3, 4}
    only = split(labels, [[20, 0], [20, 119]], chosen=[3], first_new_label=9).apply(labels)
    assert set(np.unique(only)) == {0, 1, 2, 3, 9}
    assert (only == 2).sum() == (labels == 2).sum()


@pytest.mark.parametrize("line", [[[0, 0], [0, 39]], [[20, 20], [20, 39]], [[20, 20]]])
def test_a_line_that_cuts_nothing_is_refused_in_plain_words(line):
    labels = disc((40, 40), (20, 20), 10)
    with pytest.raises(CorrectionError, match="line"):
        split(labels, line)


def test_a_line_outside_of_the_frame_is_drawn_as_far_as_it_goes():
    labels = np.ones((20, 20), np.int32)
    after = split(labels, [[-10, 9.6], [50, 9.6]]).apply(labels)
    assert {int((after == label).sum()) for label in (1, 2)} == {180, 220}
    with pytest.raises(CorrectionError, match="does not touch"):
        split(labels, [[-10, -10], [-20, 50]])


@given(discs(), st.data(), st.integers(1, 6))
@settings(max_examples=50, deadline=None)
def test_growing_never_eats_a_neighbour_and_reaches_no_farther_than_asked(labels, data, pixels):
    present = sorted(set(labels.flat) - {0})
    chosen = data.draw(st.lists(st.sampled_from(present), min_size=1, unique=True))
    after = grow(labels, chosen, pixels=pixels).apply(labels)
    np.testing.assert_array_equal(after[labels > 0], labels[labels > 0])
    for label in chosen:
        distance = ndimage.distance_transform_edt(labels != label)
        assert distance[after == label].max() <= pixels


def test_growing_then_shrinking_a_disc_gives_it_back_within_its_outline():
    labels = disc((60, 60), (30, 30), 12)
    grown = grow(labels, [1], pixels=3).apply(labels)
    back = shrink(grown, [1], pixels=3).apply(grown)
    assert abs(np.sqrt((grown == 1).sum() / np.pi) - 15.2) < 0.6
    assert (back != labels).sum() <= 0.05 * (labels == 1).sum()


def test_growing_does_not_jump_over_a_thin_neighbour():
    labels = np.zeros((20, 20), np.int32)
    labels[:, :5], labels[:, 6:7] = 1, 2
    after = grow(labels, [1], pixels=4).apply(labels)
    assert (after[:, 5] == 1).all()
    assert (after[:, 7:] == 0).all()


def test_shrinking_keeps_the_part_at_the_frames_edge_and_refuses_to_leave_nothing():
    labels = np.zeros((20, 20), np.int32)
    labels[:10] = 1
    after = shrink(labels, [1], pixels=2).apply(labels)
    assert (after[:8] == 1).all()
    assert (after[8:] == 0).all()
    with pytest.raises(CorrectionError, match="leave nothing"):
        shrink(disc((20, 20), (10, 10), 2), [1], pixels=5)


@given(discs(), st.data(), st.floats(0.6, 4))
@settings(max_examples=40, deadline=None)
def test_smoothing_keeps_the_area_and_the_neighbours(labels, data, radius):
    label = data.draw(st.sampled_from(sorted(set(labels.flat) - {0})))
    after = smooth(labels, [label], radius=radius).apply(labels)
    assert (after == label).sum() == (labels == label).sum()
    others = (labels != label) & (labels != 0)
    np.testing.assert_array_equal(after[others], labels[others])


def test_smoothing_a_ragged_disc_makes_its_outline_shorter(rng):
    labels = disc((80, 80), (40, 40), 20)
    edge = ndimage.binary_dilation(labels > 0, iterations=2) & ~ndimage.binary_erosion(
        labels > 0, iterations=2
    )
    labels[edge] = rng.random(edge.sum()) < 0.5

    def outline(image):
        mask = image > 0
        return (mask & ~ndimage.binary_erosion(mask)).sum()

    after = smooth(labels, [1], radius=2).apply(labels)
    assert outline(after) < 0.7 * outline(labels)
    assert ndimage.label(after)[1] == 1


def test_filling_holes_takes_background_only():
    labels = disc((40, 40), (20, 20), 15)
    disc(labels.shape, (20, 20), 8, 0, labels)
    disc(labels.shape, (20, 20), 3, 7, labels)
    after = fill_holes(labels, [1]).apply(labels)
    np.testing.assert_array_equal(after == 7, labels == 7)
    np.testing.assert_array_equal(after == 1, (disc((40, 40), (20, 20), 15) > 0) & (labels != 7))
    with pytest.raises(CorrectionError, match="no hole"):
        fill_holes(after, [7])


def test_merging_closes_a_gap_when_asked_and_keeps_the_first_label():
    labels = np.zeros((20, 40), np.int32)
    labels[5:15, 3:18], labels[5:15, 20:35] = 5, 2
    assert ndimage.label(merge(labels, [5, 2]).apply(labels) == 5)[1] == 2
    closed = merge(labels, [5, 2], gap=3).apply(labels)
    assert set(np.unique(closed)) == {0, 5}
    assert ndimage.label(closed == 5)[1] == 1
    assert ((closed == 5) & (labels == 0)).sum() <= 20
    with pytest.raises(CorrectionError, match="two"):
        merge(labels, [5, 5])


def test_a_number_that_is_taken_is_refused():
    labels = disc((40, 40), (10, 10), 5, 1)
    disc(labels.shape, (30, 30), 5, 2, labels)
    assert set(np.unique(relabel(labels, 1, 8).apply(labels))) == {0, 2, 8}
    with pytest.raises(CorrectionError, match="taken"):
        relabel(labels, 1, 2)
    with pytest.raises(CorrectionError, match="no particle 9"):
        delete(labels, [9])
    with pytest.raises(CorrectionError, match="click on one"):
        delete(labels, [0])


def test_adding_a_mask_leaves_what_is_there():
    labels = disc((30, 30), (15, 15), 6, 4)
    after = add(labels, np.ones((10, 30), bool), 9, corner=(10, 0)).apply(labels)
    np.testing.assert_array_equal(after == 4, labels == 4)
    assert (after == 9).sum() == 300 - (labels[10:20] == 4).sum()
    with pytest.raises(CorrectionError, match="free place"):
        add(labels, np.ones((2, 2), bool), 9, corner=(15, 15))


def test_a_correction_along_a_track_skips_frames_where_it_cannot_be_done():
    frames = [disc((30, 30), (15, 15), radius) for radius in (8, 2, 8)]
    frames.insert(1, np.zeros((30, 30), np.int32))
    done = list(along_track(enumerate(frames), 1, lambda f: shrink(f, [1], pixels=3)))
    assert [edit is not None for _, edit in done] == [True, False, False, True]


def test_a_copied_mask_replaces_its_counterpart_and_not_its_neighbours():
    source = disc((40, 40), (20, 14), 8, 1)
    target = disc((40, 40), (20, 16), 5, 6)
    disc(target.shape, (20, 30), 8, 1, target)
    assert counterpart(target, source[12:29, 6:23] == 1, corner=(12, 6)) == 6
    after = replace_particle(target, source[12:29, 6:23] == 1, 6, corner=(12, 6)).apply(target)
    np.testing.assert_array_equal(after == 1, target == 1)
    np.testing.assert_array_equal(after == 6, (source == 1) & (target != 1))
    assert counterpart(target, np.ones((3, 3), bool), corner=(0, 0)) is None
