"""Augmentation: image, labels and valid pixels stay together; chance is seeded."""

import numpy as np
import pytest
from toy_frames import pairs

from napari_insitu_tem.learning.augment import AugmentSettings, cut, padded, vary_intensity
from napari_insitu_tem.learning.samples import Sample

NONE = AugmentSettings.none()


@pytest.fixture
def frame():
    """A frame whose image is its own labels, so that both must move alike."""
    labels = pairs(1, edge=64)[1][0]
    return Sample(labels.astype(np.float32), labels, labels != 2)


@pytest.mark.parametrize(
    "settings",
    [
        NONE,
        AugmentSettings.none().model_copy(update={"flips": True}),
        AugmentSettings.none().model_copy(update={"resampled": 1.0, "rotation": 30.0}),
        AugmentSettings.none().model_copy(update={"resampled": 1.0, "scale": 1.5}),
    ],
)
def test_labels_and_valid_pixels_move_with_the_image(frame, settings, rng):
    disagree = total = 0
    for _ in range(20):
        piece = cut(frame, 32, settings, rng)
        assert piece.image.shape == (32, 32)
        assert set(np.unique(piece.labels)) <= set(np.unique(frame.labels))
        # Between labels an interpolated image is neither; there it may disagree.
        inside = np.isclose(piece.image, np.round(piece.image), atol=1e-3)
        disagree += int((np.round(piece.image) != piece.labels[0])[inside].sum())
        total += int(inside.sum())
        valid = piece.valid if piece.valid is not None else np.ones((32, 32), bool)
        assert (piece.labels[0][~valid] == 2).mean() > 0.9 if (~valid).any() else True
    assert disagree / total < 0.03


def test_scaling_changes_the_size_of_particles(rng):
    labels = np.zeros((96, 96), np.int32)
    labels[38:58, 38:58] = 1
    settings = NONE.model_copy(update={"resampled": 1.0, "scale": 2.0})
    areas = [
        int(cut(Sample(labels * 1.0, labels), 96, settings, rng).labels.sum()) for _ in range(30)
    ]
    assert min(areas) < 250
    assert max(areas) > 800


def test_a_frame_smaller_than_the_patch_is_mirrored_and_the_rest_does_not_count():
    image, labels = (array[0] for array in pairs(1, edge=20))
    whole = padded(Sample(image, labels), 32)
    assert whole.image.shape == (32, 32)
    assert whole.valid is not None
    assert whole.valid.sum() == 20 * 20
    np.testing.assert_array_equal(whole.image[6:26, 6:26], image)


def test_the_same_seed_gives_the_same_patch(frame):
    first, again, other = (
        cut(frame, 32, AugmentSettings(), np.random.default_rng(seed)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert not np.array_equal(first.image, other.image)


def test_intensity_changes_but_bright_stays_bright(rng):
    image = np.zeros((64, 64), np.float32)
    image[20:40, 20:40] = 3
    changed = 0
    for _ in range(50):
        varied = vary_intensity(image, AugmentSettings(), rng)
        assert varied.dtype == np.float32
        assert np.isfinite(varied).all()
        assert varied[22:38, 22:38].mean() > varied[:15].mean() + 0.5
        changed += not np.allclose(varied, image)
    assert changed == 50


def test_nothing_is_changed_when_nothing_is_asked_for(frame, rng):
    image = vary_intensity(frame.image, NONE, rng)
    np.testing.assert_array_equal(image, frame.image)
