"""Batches: the order of patches, and that it is the same with any number of helpers."""

import itertools

import numpy as np
import pytest
from toy_frames import CHANNELS, Draw, pairs

from napari_insitu_tem.learning.augment import AugmentSettings
from napari_insitu_tem.learning.batches import batches, can_be_sent
from napari_insitu_tem.learning.prepare import Drawing
from napari_insitu_tem.learning.samples import PairsFromArrays, SimulatedSet
from napari_insitu_tem.learning.schedule import schedule


def take(generator, count):
    found = list(itertools.islice(generator, count))
    generator.close()
    return found


@pytest.fixture
def drawing():
    return Drawing(SimulatedSet(Draw(), 1000), CHANNELS, 32, AugmentSettings(), cuts=3)


def test_every_patch_comes_once_and_those_of_a_frame_far_apart():
    order = take(schedule(0, cuts=4), 4000)
    assert len(set(order)) == 4000
    frames = [frame for frame, _ in order]
    assert set(frames) >= set(range(700))
    together = [len(set(frames[i : i + 8])) for i in range(1000, 4000, 8)]
    assert np.mean(together) > 7.5


def test_the_first_batch_needs_few_frames():
    assert max(frame for frame, _ in take(schedule(0, cuts=4), 8)) < 12


def test_machines_that_take_turns_never_draw_the_same_frame():
    mine, yours = (take(schedule(0, cuts=2, first=index, stride=2), 500) for index in (0, 1))
    assert {frame % 2 for frame, _ in mine} == {0}
    assert {frame % 2 for frame, _ in yours} == {1}


def test_threads_and_processes_draw_what_would_be_drawn_without_them(drawing):
    assert can_be_sent(drawing)
    plain = take(batches(drawing, 4, schedule(0, cuts=3)), 5)
    for processes in (False, True):
        helped = take(batches(drawing, 4, schedule(0, cuts=3), workers=2, processes=processes), 5)
        for one, other in zip(plain, helped, strict=True):
            for mine, theirs in zip(one, other, strict=True):
                np.testing.assert_array_equal(mine, theirs)


def test_a_batch_has_images_targets_and_weights_of_one_size(drawing):
    image, wanted, weights = take(batches(drawing, 4, schedule(0, cuts=3)), 1)[0]
    assert image.shape == weights.shape == (4, 1, 32, 32)
    assert wanted.shape == (4, 2, 32, 32)
    assert image.dtype == np.float32
    assert set(np.unique(wanted)) == {0, 1}


def test_what_fails_while_drawing_is_said_where_it_is_used():
    whole = PairsFromArrays(*pairs(2))
    wrong = Drawing(whole, ("layer 1", "core 1", "layer 2", "core 2"), 32, AugmentSettings())
    with pytest.raises(ValueError, match="1 layers"):
        take(batches(wrong, 2, schedule(0, cuts=1), workers=1), 1)


def test_all_frames_of_a_set_come_before_any_comes_again():
    drawing = Drawing(PairsFromArrays(*pairs(6)), CHANNELS, 32, AugmentSettings())
    for turn in range(3):
        places = [drawing._index(6 * turn + place) for place in range(6)]
        assert sorted(places) == list(range(6))
    assert [drawing._index(i) for i in range(6)] != [drawing._index(6 + i) for i in range(6)]
