"""Mending of masks, on scenes of a few discs."""

import numpy as np
import pytest

from napari_insitu_tem.analysis.mending import cut_mask, mend

A, B, AREA, REACH = (20.0, 20.0), (20.0, 40.0), 300.0, 10.0
APART = [(A, AREA, REACH), (B, AREA, REACH)]
JOINED = [((20.0, 30.0), 2 * AREA, 2 * REACH)]


def mended(frames, *, longest=5):
    masks = [mask for frame in frames for mask in frame]
    starts = np.cumsum([0, *[len(frame) for frame in frames]])
    position = np.array([mask[0] for mask in masks]).reshape(-1, 2)
    area, reach = np.array([mask[1:] for mask in masks]).reshape(-1, 2).T
    return mend(position, area, reach, starts, longest=longest, step=1.0), starts


@pytest.mark.parametrize("lasting", [1, 3, 5])
def test_masks_joined_for_a_few_frames_are_two_particles(lasting):
    found, _ = mended([APART] * 3 + [JOINED] * lasting + [APART] * 3)
    assert len(found.cut) == lasting and len(found.area) == 2 * (6 + lasting)
    np.testing.assert_allclose(np.unique(found.position, axis=0), [A, B])
    np.testing.assert_allclose(found.area, AREA)


def test_masks_joined_for_longer_are_left_to_be_a_merge():
    found, _ = mended([APART] * 4 + [JOINED] * 6 + [APART] * 4)
    assert not found.cut


def test_a_merge_that_stays_is_left():
    found, _ = mended([APART] * 6 + [JOINED] * 6)
    assert not found.cut and not found.pieces


@pytest.mark.parametrize("place", ["first", "last"])
def test_masks_joined_in_the_first_or_last_frame_are_cut_too(place):
    frames = [JOINED] + [APART] * 6
    found, _ = mended(frames if place == "first" else frames[::-1])
    assert len(found.cut) == 1 and len(found.area) == 14


def test_pieces_of_a_particle_are_put_together():
    pieces = [((20.0, 18.0), 200.0, 8.0), ((20.0, 36.0), 400.0, 12.0)]
    found, starts = mended([JOINED] * 4 + [pieces] + [JOINED] * 4)
    assert len(found.area) == 9 and not found.cut
    assert found.pieces == {starts[4]: starts[4] + 1}
    np.testing.assert_allclose(found.area, 600)
    np.testing.assert_allclose(found.position[4], (20, 30))


def test_frames_apart_between_joined_ones_are_no_pieces():
    # Joined, apart, joined …: what is seen apart at both ends settles it.
    found, _ = mended([APART] * 3 + [JOINED, APART, JOINED, APART, JOINED] + [APART] * 3)
    assert len(found.cut) == 3 and not found.pieces


def test_a_speck_beside_a_particle_changes_nothing():
    speck = ((20.0, 33.0), 9.0, 2.0)
    large = ((20.0, 25.0), 900.0, 17.0)
    found, _ = mended([[large]] * 3 + [[large, speck]] + [[large]] * 3)
    assert not found.cut and not found.pieces


def test_nothing_is_mended_when_that_is_switched_off_and_nothing_is_no_problem():
    found, _ = mended([APART] * 2 + [JOINED] + [APART] * 2, longest=0)
    assert not found.cut and len(found.area) == 9
    assert len(mended([[], [], []])[0].area) == 0


def test_a_mask_is_cut_where_circles_of_the_particles_sizes_would_touch():
    labels = np.zeros((20, 61), int)
    labels[5:15] = 7
    y, x, value = cut_mask(labels, 7, [(1, 9.5, 20.0, 20.0), (2, 9.5, 50.0, 10.0)]).T
    assert len(y) == 610 and x[value == 1].max() == 40 and x[value == 2].min() in (40, 41)
