"""A new particle from clicks, at contrasts, polarities and sizes it was not told."""

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem.analysis.click_particle import outline_from_clicks, particle_from_clicks
from napari_insitu_tem.analysis.correction import CorrectionError


def overlap(first, second):
    return (first & second).sum() / (first | second).sum()


def field(radius, *, bright, noise, gain=1.0, offset=0.0, size=320, seed=0):
    """A disc in the middle, six around it, on a background that brightens to the right."""
    y, x = np.mgrid[:size, :size]
    middle = size // 2
    target = np.hypot(y - middle, x - middle) <= radius
    every = target.copy()
    for turn in np.arange(6) * np.pi / 3:
        away = 2.8 * radius + 6
        every |= (
            np.hypot(y - middle - away * np.sin(turn), x - middle - away * np.cos(turn)) <= radius
        )
    image = ndimage.gaussian_filter(every.astype(float), 1) * (1 if bright else -1)
    image += 0.5 * x / size + np.random.default_rng(seed).normal(0, noise, image.shape)
    return offset + gain * image, target


@pytest.mark.parametrize("bright", [True, False])
@pytest.mark.parametrize(("gain", "offset"), [(1, 0), (3000, 20000), (1e-4, -1)])
@pytest.mark.parametrize("radius", [8, 20, 45])
def test_one_click_finds_a_disc_of_any_size_contrast_and_polarity(bright, gain, offset, radius):
    image, target = field(radius, bright=bright, noise=0.15, gain=gain, offset=offset)
    labels = np.zeros(image.shape, np.int32)
    labels[:3, :3] = 5
    after = particle_from_clicks(image, labels, [[163, 158]]).apply(labels)
    assert (after == 5).sum() == 9
    assert overlap(after == 6, target) > 0.75
    assert ndimage.label(after == 6)[1] == 1


@pytest.mark.parametrize("bright", [True, False])
def test_a_disc_as_weak_as_the_noise_is_found(bright):
    found = []
    for seed in range(5):
        image, target = field(45, bright=bright, noise=1.0, seed=seed)
        mask, (top, left) = outline_from_clicks(image, np.array([[160, 160]]))
        whole = np.zeros_like(target)
        whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
        found.append(overlap(whole, target))
    assert np.median(found) > 0.8


def test_a_click_beside_says_where_the_particle_ends():
    y, x = np.mgrid[:160, :160]
    left, right = (np.hypot(y - 80, x - centre) <= 22 for centre in (60, 98))
    rng = np.random.default_rng(2)
    image = 100 - 40.0 * (left | right) + rng.normal(0, 5, left.shape)
    labels = np.zeros(image.shape, np.int32)
    both = particle_from_clicks(image, labels, [[80, 58]]).apply(labels) > 0
    assert overlap(both, left | right) > 0.9
    one = particle_from_clicks(image, labels, [[80, 58]], outside=[[80, 100]]).apply(labels) > 0
    assert overlap(one, left & (x < 79)) > 0.88
    assert not one[80, 100]


def test_a_particle_beside_another_does_not_take_its_pixels():
    y, x = np.mgrid[:160, :160]
    left, right = (np.hypot(y - 80, x - centre) <= 22 for centre in (60, 98))
    image = 100 - 40.0 * (left | right)
    labels = np.where(right, 3, 0).astype(np.int32)
    after = particle_from_clicks(image, labels, [[80, 58]]).apply(labels)
    np.testing.assert_array_equal(after == 3, labels == 3)
    assert overlap(after == 4, left & ~right) > 0.85


def test_several_clicks_hold_a_particle_together():
    y, x = np.mgrid[:200, :200]
    parts = (np.abs(y - 100) <= 10) & (np.abs(x - 100) <= 60)
    image = 50.0 + 30 * parts - 8 * (parts & (np.abs(x - 100) <= 2))
    labels = np.zeros(image.shape, np.int32)
    after = particle_from_clicks(image, labels, [[100, 60], [100, 140]]).apply(labels)
    assert overlap(after > 0, parts) > 0.9


def test_what_cannot_be_is_refused_in_plain_words():
    labels = np.zeros((64, 64), np.int32)
    labels[20:40, 20:40] = 2
    with pytest.raises(CorrectionError, match="already"):
        particle_from_clicks(np.zeros((64, 64)), labels, [[30, 30]])
    with pytest.raises(CorrectionError, match="stands out"):
        particle_from_clicks(np.zeros((64, 64)), labels, [[10, 10]])
    with pytest.raises(CorrectionError, match="inside the image"):
        particle_from_clicks(np.zeros((64, 64)), labels, [[-10, 10]])
