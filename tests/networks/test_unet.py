"""U-Nets: size in, size out, and how far they see."""

import pytest
import torch

from napari_insitu_tem.networks import NetworkError, build_network
from napari_insitu_tem.networks.unet import PAPER_CHANNELS


@pytest.mark.parametrize(
    "arguments", [{"channels": (4, 6, 8)}, {"channels": (4, 6), "fold": 2}, {"encoder": "resnet18"}]
)
def test_maps_are_as_large_as_the_images(arguments):
    network = build_network("unet", {**arguments, "in_channels": 2, "out_channels": 3}).eval()
    edge = 2 * network.multiple
    with torch.no_grad():
        assert network(torch.zeros(1, 2, edge, 2 * edge)).shape == (1, 3, edge, 2 * edge)


@pytest.mark.parametrize("arguments", [{"channels": (4, 6, 8)}, {"channels": (4, 6), "fold": 2}])
def test_no_pixel_sees_farther_than_the_network_says(arguments):
    torch.manual_seed(0)
    network = build_network("unet", {**arguments, "out_channels": 1}).eval()
    radius = network.receptive_radius
    edge = 16 * network.multiple
    images = torch.zeros(1, 1, edge, edge, requires_grad=True)
    middle = edge // 2
    assert radius < middle
    reach = 0
    for shift in range(network.multiple):
        if images.grad is not None:
            images.grad = None
        network(images + torch.rand_like(images))[0, 0, middle + shift, middle].backward()
        rows = torch.nonzero(images.grad[0, 0].abs().sum(dim=1)).ravel() - (middle + shift)
        reach = max(reach, int(rows.abs().max()))
    assert reach <= radius
    assert reach > radius / 2


def test_the_papers_network_can_be_built():
    network = build_network("unet", {"channels": PAPER_CHANNELS, "out_channels": 1})
    assert 25e6 < sum(p.numel() for p in network.parameters()) < 45e6


@pytest.mark.parametrize("encoder", ["plain", "resnet18"])
def test_a_bounded_network_gives_values_between_0_and_1(encoder):
    network = build_network("unet", {"encoder": encoder, "bounded": True}).eval()
    with torch.no_grad():
        maps = network(100 * torch.randn(1, 1, network.multiple * 2, network.multiple * 2))
    assert 0 <= maps.min() < maps.max() <= 1


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("vnet", {}, "There is no network 'vnet'"),
        ("unet", {"colour": 1}, "colour"),
        ("unet", {"encoder": "resnet1"}, "resnet1"),
        ("unet", {"channels": (8,)}, "two levels"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_line(name, arguments, message):
    with pytest.raises(NetworkError, match=message) as caught:
        build_network(name, arguments)
    assert "\n" not in str(caught.value)
