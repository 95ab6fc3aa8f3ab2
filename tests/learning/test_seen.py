"""A user's frames, at the size and polarity at which networks are shown frames."""

import numpy as np
import pytest

from napari_insitu_tem.learning.samples import PairsFromArrays
from napari_insitu_tem.learning.seen import Seen


def large(diameter, *, bright=False, seed=0):
    """Return a frame of four discs, and its labels."""
    edge = 4 * diameter
    y, x = np.mgrid[:edge, :edge]
    labels = np.zeros((edge, edge), np.int32)
    for number, (row, column) in enumerate(((1, 1), (1, 3), (3, 1), (3, 3)), start=1):
        distance = np.hypot(y - row * diameter, x - column * diameter)
        labels[distance < diameter / 2.4] = number
    sign = 1 if bright else -1
    noise = np.random.default_rng(seed).normal(0, 3, labels.shape)
    return (100 + sign * 40 * (labels > 0) + noise).astype(np.float32), labels


@pytest.mark.parametrize("diameter", [8, 100])
def test_particles_of_any_size_become_of_a_size_that_networks_see_well(diameter):
    image, labels = large(diameter)
    seen = Seen(PairsFromArrays([image], [labels]), likes="dark").sample(0)
    area = (seen.labels > 0).sum() / 4
    assert 10 < 2 * np.sqrt(area / np.pi) < 52
    assert seen.image.shape == seen.labels.shape[1:]
    assert len(np.unique(seen.labels)) == 5


@pytest.mark.parametrize("bright", [False, True])
def test_particles_become_dark_where_the_network_wants_them_dark(bright):
    image, labels = large(24, bright=bright)
    samples = PairsFromArrays([image], [labels])
    for likes, wanted in (("dark", -1), ("bright", 1), ("any", 1 if bright else -1)):
        seen = Seen(samples, likes=likes).sample(0)
        inside = seen.labels[0] > 0
        assert np.sign(seen.image[inside].mean() - seen.image[~inside].mean()) == wanted


def test_a_frame_without_particles_is_seen_as_its_neighbour():
    image, labels = large(100)
    samples = PairsFromArrays([image, image], [np.zeros_like(labels), labels])
    seen = Seen(samples, likes="dark")
    assert seen.view(0) == seen.view(1)
    assert seen.sample(0).image.shape == seen.sample(1).image.shape
    assert seen.view(1).scale < 1


def test_what_is_ignored_stays_so():
    image, labels = large(100)
    valid = np.ones(labels.shape, bool)
    valid[:, :200] = False
    seen = Seen(PairsFromArrays([image], [labels], [valid]), likes="dark").sample(0)
    assert seen.valid is not None
    assert seen.valid.mean() == pytest.approx(0.5, abs=0.02)
    assert not seen.valid[:, 0].any()
