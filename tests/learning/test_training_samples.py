"""Samples and sets of them: what is refused, in which words, and what is set aside."""

import numpy as np
import pytest
from toy_frames import Draw, pairs

from napari_insitu_tem.learning.samples import (
    PairsFromArrays,
    Sample,
    SampleError,
    SimulatedSet,
)
from napari_insitu_tem.learning.splits import set_aside, split_by_recording, split_by_time

IMAGE, LABELS = (array[0] for array in pairs(1))


def test_a_sample_takes_one_label_image_as_one_layer():
    sample = Sample(IMAGE, LABELS.astype(np.uint8))
    assert sample.labels.shape == (1, 40, 40)
    assert sample.labels.dtype == np.int32
    assert sample.image.dtype == np.float32


@pytest.mark.parametrize(
    ("image", "labels", "valid", "words"),
    [
        (IMAGE, LABELS[:-1], None, "frame 7: the image is 40 × 40 px and its labels 39 × 40 px"),
        (IMAGE, LABELS.astype(float), None, "its labels are float64, and labels are whole numbers"),
        (IMAGE, LABELS, LABELS[:, 1:] > 0, "its valid pixels 40 × 39 px"),
        (np.full_like(IMAGE, np.nan), LABELS, None, "no pixel of the image is a number"),
        (IMAGE[None], LABELS, None, "an image is \\(y, x\\)"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line_that_names_the_frame(image, labels, valid, words):
    with pytest.raises(SampleError, match=words) as refused:
        Sample(image, labels, valid, "frame 7")
    assert str(refused.value).startswith("frame 7: ")
    assert "\n" not in str(refused.value)


def test_pixels_that_are_not_numbers_do_not_count_and_are_said():
    image = IMAGE.copy()
    image[3, 4], image[5, 6] = np.nan, np.inf
    some = PairsFromArrays([image], [LABELS], name="frame")
    sample = some.sample(0)
    assert np.isfinite(sample.image).all()
    assert sample.valid is not None
    assert not sample.valid[3, 4]
    assert not sample.valid[5, 6]
    assert sample.valid.sum() == 40 * 40 - 2
    assert some.notes == ["frame 0: 2 pixels are not numbers (NaN or infinite); they are ignored."]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.zeros_like(LABELS), "All label images are empty"),
        (np.ones_like(LABELS), "Every pixel of every label image is marked"),
    ],
)
def test_labels_with_nothing_to_learn_are_refused(labels, words):
    with pytest.raises(SampleError, match=words):
        PairsFromArrays([IMAGE, IMAGE], [labels, labels])


def test_labels_in_ignored_pixels_do_not_count_as_something_to_learn():
    with pytest.raises(SampleError, match="All label images are empty"):
        PairsFromArrays([IMAGE], [LABELS], [LABELS == 0])
    with pytest.raises(SampleError, match="No pixel of the training images counts"):
        PairsFromArrays([IMAGE], [LABELS], [np.zeros(LABELS.shape, bool)])


def test_images_without_labels_are_refused():
    with pytest.raises(SampleError, match="2 images and 1 labels"):
        PairsFromArrays([IMAGE, IMAGE], [LABELS])
    with pytest.raises(SampleError, match="no images"):
        PairsFromArrays([], [])


def test_a_simulated_sample_is_the_same_whenever_it_is_drawn():
    some = SimulatedSet(Draw(), 10, seed=4)
    later = some.sample(7)
    some.sample(2)
    np.testing.assert_array_equal(some.sample(7).image, later.image)
    assert not np.array_equal(some.sample(6).image, later.image)
    assert not np.array_equal(SimulatedSet(Draw(), 10, seed=5).sample(7).image, later.image)
    with pytest.raises(IndexError):
        some.sample(10)


def test_a_split_by_recording_never_divides_one():
    whole = PairsFromArrays(*pairs(10))
    recordings = list("aaabbbbccd")
    training, validation = split_by_recording(whole, recordings, 0.25)
    assert {recordings[i] for i in training.indices} == {"a", "b"}
    assert {recordings[i] for i in validation.indices} == {"c", "d"}
    np.testing.assert_array_equal(validation.sample(0).image, whole.sample(7).image)
    with pytest.raises(SampleError, match="split it by time"):
        split_by_recording(whole, ["a"] * 10)


def test_one_recording_always_stays_for_training():
    whole = PairsFromArrays(*pairs(4))
    training, validation = split_by_recording(whole, "aaab", 0.9)
    assert training.indices == (0, 1, 2)
    assert validation.indices == (3,)


def test_a_split_by_time_sets_the_last_frames_aside():
    whole = PairsFromArrays(*pairs(10))
    training, validation = split_by_time(whole, 0.3, gap=2)
    assert training.indices == tuple(range(5))
    assert validation.indices == (7, 8, 9)
    with pytest.raises(SampleError, match="1 frame is too few"):
        split_by_time(PairsFromArrays(*pairs(1)))


def test_several_recordings_are_set_aside_whole_and_a_single_one_by_time():
    images, labels = pairs(6)
    training, validation = set_aside(
        PairsFromArrays(images, labels, recordings=(0, 1, 0, 1, 0, 1)), 0.2
    )
    assert training.indices == (0, 2, 4)
    assert validation.indices == (1, 3, 5)
    training, validation = set_aside(PairsFromArrays(images, labels), 0.2)
    assert validation.indices == (5,)
    assert set_aside(PairsFromArrays(images[:1], labels[:1]), 0.2)[1] is None
