"""MSD-net equals the form in which it was published, in values and in gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from napari_insitu_tem.networks import NetworkError
from napari_insitu_tem.networks.msdnet import MSDNet


def published_form(network: MSDNet, images: torch.Tensor) -> torch.Tensor:
    """Concatenate all earlier maps before every convolution, as in the paper."""
    maps = images
    for layer in network.layers:
        padded = functional.pad(maps, 4 * layer.dilation[:1], mode="reflect")
        maps = torch.cat([maps, functional.relu(layer(padded))], dim=1)
    return network.head(maps)


def with_random_weights(**arguments) -> MSDNet:
    network = MSDNet(**arguments)
    for bias in (layer.bias for layer in network.layers):
        torch.nn.init.normal_(bias, std=0.1)
    torch.nn.init.normal_(network.head.weight)
    torch.nn.init.normal_(network.head.bias)
    return network


@pytest.mark.parametrize("depth, thousands", [(30, 4.3), (50, 11.6), (100, 45.8)])
def test_it_has_as_many_parameters_as_published(depth, thousands):
    network = MSDNet(depth=depth, out_channels=2)
    count = sum(values.numel() for values in network.parameters())
    assert count / 1000 == pytest.approx(thousands, abs=0.05)


def test_filters_begin_with_the_published_spread_and_the_rest_at_zero():
    torch.manual_seed(0)
    network = MSDNet(in_channels=3, out_channels=2, depth=100)
    spread = torch.cat([layer.weight.detach().flatten() for layer in network.layers]).std()
    assert spread == pytest.approx((2 / (9 * (3 + 99) + 2)) ** 0.5, rel=0.02)
    assert not network.head.weight.any() and not network.head.bias.any()
    assert not any(layer.bias.any() for layer in network.layers)


@settings(max_examples=30, deadline=None)
@given(
    depth=st.integers(1, 13),
    width=st.integers(1, 3),
    channels=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    dilations=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    size=st.tuples(st.integers(7, 20), st.integers(7, 20)),
    count=st.integers(1, 3),
)
def test_any_shape_of_it_equals_the_published_form(depth, width, channels, dilations, size, count):
    torch.manual_seed(0)
    network = with_random_weights(
        in_channels=channels[0], out_channels=channels[1], depth=depth, width=width,
        dilations=dilations,
    )  # fmt: skip
    images = torch.randn(count, channels[0], *size)
    torch.testing.assert_close(
        network(images), published_form(network, images), rtol=1e-4, atol=1e-5
    )


def test_a_deep_one_equals_the_published_form_to_rounding():
    torch.manual_seed(0)
    network = with_random_weights(depth=50).eval()
    images = torch.randn(1, 1, 40, 33)
    with torch.inference_mode():
        torch.testing.assert_close(network(images), published_form(network, images), atol=1e-5,
                                   rtol=1e-5)  # fmt: skip


@pytest.mark.parametrize("width, depth", [(1, 13), (1, 4), (2, 5), (3, 3)])
def test_its_gradients_are_those_of_the_published_form(width, depth):
    torch.manual_seed(0)
    network = with_random_weights(
        in_channels=2, out_channels=2, depth=depth, width=width, dilations=(1, 3, 5)
    ).double()
    images = torch.randn(2, 2, 9, 8, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(2, 2, 9, 8, dtype=torch.float64)
    wanted = [images, *network.parameters()]
    ours = torch.autograd.grad((network(images) * weights).sum(), wanted)
    theirs = torch.autograd.grad((published_form(network, images) * weights).sum(), wanted)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)


def test_training_keeps_only_the_maps_for_the_backward_pass():
    network, images = MSDNet(depth=20, dilations=(1, 2)), torch.randn(1, 1, 16, 16)
    kept: dict[int, int] = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(images)
    parameters = sum(values.nbytes for values in network.parameters())
    assert sum(kept.values()) <= (1 + 20) * images.nbytes + parameters


def test_under_autocast_it_computes_in_the_smaller_type_and_still_learns():
    torch.manual_seed(0)
    network, images = with_random_weights(depth=12), torch.randn(1, 1, 24, 24)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network(images)
    assert logits.dtype == torch.bfloat16
    exact = network(images)
    assert (logits - exact).abs().max() < 0.05 * exact.abs().max()
    logits.float().sum().backward()
    assert all(values.grad.dtype == torch.float32 for values in network.parameters())


@pytest.mark.parametrize("size", [(10, 40), (40, 10), (1, 1)])
def test_an_image_too_small_for_reflection_is_refused_in_plain_words(size):
    with pytest.raises(NetworkError, match="at least 11 px a side"):
        MSDNet(depth=10)(torch.zeros(1, 1, *size))


def test_the_smallest_image_it_says_it_takes_is_taken():
    network = with_random_weights(depth=10)
    images = torch.randn(1, 1, network.smallest_size, network.smallest_size)
    torch.testing.assert_close(
        network(images), published_form(network, images), atol=1e-5, rtol=1e-4
    )


def test_an_output_sees_exactly_as_far_as_it_says():
    torch.manual_seed(0)
    network = MSDNet(depth=4, dilations=(1, 3))
    for layer in network.layers:  # positive everywhere: nothing cancels, no unit rests
        torch.nn.init.ones_(layer.weight)
    torch.nn.init.ones_(network.head.weight)
    radius = network.receptive_radius
    images = torch.ones(1, 1, 41, 41, requires_grad=True)
    (gradient,) = torch.autograd.grad(network(images)[0, 0, 20, 20], images)
    rows = gradient[0, 0].abs().sum(1).nonzero().flatten()
    assert (20 - rows[0], rows[-1] - 20) == (radius, radius)


def test_arguments_that_make_no_network_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        MSDNet(depth=0)
    with pytest.raises(ValueError, match="at least 1"):
        MSDNet(dilations=())
