"""The average of weights, the pace of a training, and its validation patches."""

import time

import numpy as np
import pytest
import torch
from toy_frames import CHANNELS, Draw, pairs, tiny_network

from napari_insitu_tem.learning.average import WeightAverage, frozen_batch_statistics
from napari_insitu_tem.learning.pace import Pace, learning_rate
from napari_insitu_tem.learning.samples import PairsFromArrays, SimulatedSet
from napari_insitu_tem.learning.settings import TrainSettings
from napari_insitu_tem.learning.validation import LabelPatches, foreground_iou


def test_the_average_follows_the_weights_exponentially():
    network = tiny_network()
    average = WeightAverage(network, 0.9)
    average.steps = 1000  # past its beginning, where it follows faster
    expected = network[0].bias.detach().clone()
    for value in (1.0, 2.0, 3.0):
        with torch.no_grad():
            network[0].bias.fill_(value)
        average.update(network)
        expected = 0.9 * expected + 0.1 * value
    torch.testing.assert_close(average.network[0].bias, expected)


def test_the_average_forgets_the_random_start():
    network = tiny_network()
    average = WeightAverage(network, 0.9999)
    with torch.no_grad():
        network[0].weight.fill_(5.0)
    for _ in range(30):
        average.update(network)
    torch.testing.assert_close(
        average.network[0].weight, torch.full_like(network[0].weight, 5.0), atol=0.01, rtol=0
    )


def test_the_average_has_batch_statistics_too_and_never_a_gradient():
    network = tiny_network()
    average = WeightAverage(network, 0.5)
    network.train()(torch.randn(4, 1, 16, 16) + 3)
    average.update(network)
    mean = average.network[1].running_mean
    assert 0 < (mean / network[1].running_mean).mean() < 1
    assert int(average.network[1].num_batches_tracked) == 1
    assert not any(weight.requires_grad for weight in average.network.parameters())
    assert not average.network.training


def test_frozen_batch_statistics_are_thawed_after_the_block():
    network = tiny_network().train()
    with frozen_batch_statistics(network):
        network.train()
        assert not network[1].training
        assert network[6].training
        network(torch.randn(2, 1, 8, 8))
    assert int(network[1].num_batches_tracked) == 0
    assert network[1].training
    network(torch.randn(2, 1, 8, 8))
    assert int(network[1].num_batches_tracked) == 1


def test_the_learning_rate_rises_then_falls_to_almost_nothing():
    settings = TrainSettings(learning_rate=0.1, warm_up=0.1)
    rates = [learning_rate(settings, done) for done in np.linspace(0, 1, 101)]
    assert np.argmax(rates) == 10
    assert max(rates) == pytest.approx(0.1)
    assert np.all(np.diff(rates[:11]) > 0)
    assert np.all(np.diff(rates[10:99]) < 0)
    assert rates[-1] == pytest.approx(1e-4)
    assert rates[0] == pytest.approx(1e-3)
    assert learning_rate(TrainSettings(warm_up=0), 0.0) == TrainSettings().learning_rate


def test_a_training_ends_by_steps_or_by_time_whichever_is_first():
    by_steps = Pace(TrainSettings(steps=4, minutes=10), lambda share: share)
    by_steps.begin()
    for _ in range(2):
        by_steps.advance()
    assert by_steps.done == pytest.approx(0.5, abs=0.01)
    assert by_steps.seconds_left == pytest.approx(by_steps.seconds, rel=0.1)
    by_time = Pace(TrainSettings(steps=10**9, minutes=0.001), lambda share: share)
    by_time.begin(seconds=0.05)
    time.sleep(0.02)
    by_time.advance()
    assert by_time.ended


def test_validation_patches_lie_side_by_side_and_cover_a_frame():
    image = np.arange(70 * 100, dtype=np.float32).reshape(70, 100)
    labels = np.zeros((70, 100), np.int32)
    labels[5:20, 5:20] = 1
    patches = LabelPatches(PairsFromArrays([image], [labels]), CHANNELS, 32, 64)()
    assert len(patches) == 3 * 4
    seen = np.unique(np.concatenate([patch[0].ravel() for patch in patches]))
    assert len(seen) == 70 * 100


def test_validation_patches_are_spread_over_all_frames():
    whole = PairsFromArrays(*pairs(10, edge=64))
    assert len(LabelPatches(whole, CHANNELS, 32, 20)()) == 20
    assert len(LabelPatches(whole, CHANNELS, 32, 5)()) == 5
    assert len(LabelPatches(SimulatedSet(Draw(), 8), CHANNELS, 32, 64)()) == 8 * 4


def test_foreground_iou_pools_pixels_and_leaves_ignored_ones_out():
    wanted = np.zeros((2, 1, 4, 4))
    wanted[0, 0, :2] = 1
    found = np.zeros_like(wanted)
    found[0, 0, :1] = 0.9
    weights = np.ones_like(wanted)
    assert foreground_iou(found, wanted, weights) == pytest.approx(4 / 8)
    weights[0, 0, 1] = 0
    assert foreground_iou(found, wanted, weights) == 1.0
    assert foreground_iou(found * 0, wanted * 0, weights) == 1.0
