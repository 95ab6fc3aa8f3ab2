"""PhyDNet is that of Fu et al., its moments are those of the definition, and it rolls forward."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from napari_insitu_tem.networks import NetworkError, build_network
from napari_insitu_tem.networks.moments import (
    derivative_filters,
    derivative_moments,
    filter_moments,
    moment_loss,
)
from napari_insitu_tem.networks.phydnet import PhyDNet

SMALL = {"in_channels": 3, "filters": 8, "hidden": (16, 32), "edge": 5}


def count(module: torch.nn.Module) -> int:
    return sum(values.numel() for values in module.parameters())


def test_its_cells_have_as_many_parameters_as_published():
    network = PhyDNet()
    assert count(network.phycell) == 609_073
    assert count(network.lstm) == 3_540_480


def test_a_spread_or_a_temperature_leaves_the_cells_as_they_are():
    network = PhyDNet(out_channels=2, auxiliary=1)
    assert (count(network.phycell), count(network.lstm)) == (609_073, 3_540_480)


@settings(max_examples=20, deadline=None)
@given(edge=st.sampled_from([3, 5, 7]), seed=st.integers(0, 1000))
def test_moments_are_those_of_the_definition(edge, seed):
    kernel = np.random.default_rng(seed).normal(size=(edge, edge))
    places = np.arange(edge) - edge // 2
    expected = np.zeros((edge, edge))
    for i in range(edge):
        for j in range(edge):
            for u, row in zip(places, kernel, strict=True):
                for v, value in zip(places, row, strict=True):
                    weight = float(u) ** i * float(v) ** j
                    expected[i, j] += weight * value / (math.factorial(i) * math.factorial(j))
    found = filter_moments(torch.from_numpy(kernel)).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("down, right", [(0, 0), (1, 0), (0, 2), (1, 1), (2, 3)])
def test_a_filter_with_one_moment_takes_that_derivative(down, right):
    edge = 7
    kernel = derivative_filters(edge)[edge * down + right]
    y, x = torch.meshgrid(*[torch.arange(-6.0, 7.0, dtype=torch.float64)] * 2, indexing="ij")
    image = 1 + 2 * y + 0.5 * x**2 + 0.3 * y * x + 0.1 * y**2 * x**3  # all exact for 7 x 7
    found = functional.conv2d(image[None, None], kernel[None, None])[0, 0]
    inside = (slice(3, -3), slice(3, -3))
    derivatives = {
        (0, 0): image,
        (1, 0): 2 + 0.3 * x + 0.2 * y * x**3,
        (0, 2): 1 + 0.6 * y**2 * x,
        (1, 1): 0.3 + 0.6 * y * x**2,
        (2, 3): torch.full_like(x, 1.2),
    }
    torch.testing.assert_close(found, derivatives[down, right][inside], atol=1e-6, rtol=0)


def test_the_moment_loss_is_zero_for_derivatives_and_grows_with_the_channels():
    filters = derivative_filters(5)
    assert moment_loss(filters[:, None]) == pytest.approx(0, abs=1e-8)
    zero = torch.zeros(25, 3, 5, 5)
    assert moment_loss(zero) == pytest.approx(3 / 25)  # one moment of 25 is off by 1, thrice


def test_after_training_its_filters_are_still_all_derivatives():
    torch.manual_seed(0)
    network = PhyDNet(**SMALL)
    clip = torch.randn(2, 5, 1, 16, 16)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(30):
        optimiser.zero_grad()
        loss = (network.every(clip, 3) - clip[:, 1:]).square().mean() + network.penalty()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    moments = filter_moments(network.phycell.derivatives.weight.detach())
    assert (moments - derivative_moments(5)[:, None]).abs().max() < 0.1
    assert losses[-1] < losses[0]


def test_training_on_the_penalty_brings_low_orders_to_their_derivatives():
    torch.manual_seed(0)
    network = PhyDNet(**SMALL, start="random")
    optimiser = torch.optim.Adam(network.phycell.derivatives.parameters(), 0.02)
    for _ in range(400):
        optimiser.zero_grad()
        network.penalty().backward()
        optimiser.step()
    moments = filter_moments(network.phycell.derivatives.weight.detach())
    off = (moments - derivative_moments(5)[:, None]).abs().amax(dim=(1, 2, 3)).reshape(5, 5)
    assert max(float(off[i, j]) for i in range(3) for j in range(3 - i)) < 0.1
    # High orders need filters of large values, which gradient descent takes very long to reach.
    assert off[4, 4] > 0.1


@pytest.mark.parametrize("name", ["phydnet", "convlstm"])
def test_a_recurrent_forecast_goes_on_from_what_it_foresaw(name):
    torch.manual_seed(0)
    arguments = {key: value for key, value in SMALL.items() if name == "phydnet" or key != "edge"}
    network = build_network(name, arguments).eval()
    frames = torch.randn(2, 3, 1, 16, 16)
    with torch.inference_mode():
        once = network(frames, 1)
        thrice = network(frames, 3)
        again = network(torch.cat([frames, once], dim=1), 2)
    assert thrice.shape == (2, 3, 1, 16, 16)
    torch.testing.assert_close(thrice[:, :1], once)
    torch.testing.assert_close(thrice[:, 1:], again, atol=1e-5, rtol=1e-4)


def test_no_prediction_knows_what_comes_later():
    torch.manual_seed(0)
    network = PhyDNet(**SMALL).eval()
    clip = torch.randn(1, 6, 1, 16, 16)
    changed = clip.clone()
    changed[:, 4:] += 1
    with torch.inference_mode():
        one, other = network.every(clip, 3, forced=True), network.every(changed, 3, forced=True)
        free = [network.every(each, 3) for each in (clip, changed)]
    torch.testing.assert_close(one[:, :4], other[:, :4])
    assert not torch.allclose(one[:, 4], other[:, 4])  # forced: it goes on from what came
    torch.testing.assert_close(free[0], free[1])  # else from what it foresaw


def test_a_sigmoid_keeps_frames_between_0_and_1_and_a_linear_head_does_not():
    torch.manual_seed(0)
    frames = 5 * torch.randn(1, 3, 1, 16, 16)
    with torch.inference_mode():
        bounded = PhyDNet(**SMALL, head="sigmoid")(frames, 2)
        free = PhyDNet(**SMALL)(frames, 2)
    assert bounded.min() >= 0 and bounded.max() <= 1
    assert free.min() < 0


def test_the_temperature_changes_the_forecast():
    torch.manual_seed(0)
    network = PhyDNet(**SMALL, auxiliary=1).eval()
    frames = torch.randn(1, 3, 2, 16, 16)
    future = frames[:, -1:, 1:].expand(-1, 2, -1, -1, -1)
    with torch.inference_mode():
        held, same = network(frames, 2), network(frames, 2, future=future)
        hotter = network(frames, 2, future=future + 3)
    torch.testing.assert_close(held, same)  # the last value stays
    torch.testing.assert_close(held[:, 0], hotter[:, 0])  # the future's is not known to the first
    assert not torch.allclose(held[:, 1], hotter[:, 1])


@pytest.mark.parametrize(
    "arguments",
    [
        {"start": "zero"},
        {"out_channels": 3},
        {"head": "tanh"},
        {"hidden": (16, 16)},
        {"filters": 12, "hidden": (48,)},
    ],
)
def test_arguments_that_cannot_be_are_refused_in_plain_words(arguments):
    with pytest.raises(NetworkError, match="phydnet"):
        build_network("phydnet", {**SMALL, **arguments})
