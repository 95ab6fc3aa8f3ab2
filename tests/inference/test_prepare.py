"""A network made ready says the same with less to do."""

import pytest
import torch
from torch import nn

from napari_insitu_tem.inference.prepare import prepare
from napari_insitu_tem.networks import build_network

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    "arguments", [{"channels": (4, 8, 8)}, {"encoder": "resnet18", "depth": 3}]
)
def test_it_says_what_the_network_says(arguments):
    torch.manual_seed(0)
    network = build_network("unet", {**arguments, "out_channels": 2})
    for _ in range(2):  # so that there are statistics to fold
        network(torch.randn(2, 1, 64, 64) + 1)
    image = torch.randn(1, 1, 64, 64)
    with torch.inference_mode():
        expected = network.eval()(image)
        torch.testing.assert_close(prepare(network, CPU)(image), expected, atol=1e-4, rtol=1e-4)


def test_no_normalisation_after_a_convolution_is_left():
    network = prepare(build_network("unet", {"channels": (4, 8)}), CPU)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in network.modules())
    assert not network.training


def test_a_normalisation_before_a_convolution_stays():
    network = prepare(nn.Sequential(nn.BatchNorm2d(1), nn.Conv2d(1, 1, 3)), CPU)
    assert isinstance(network[0], nn.BatchNorm2d)
