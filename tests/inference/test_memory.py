"""What a network takes a pixel is known before it runs on many."""

import pytest
import torch
from torch import nn

from napari_insitu_tem.inference.memory import (
    bytes_per_pixel,
    is_out_of_memory,
    memory_budget,
    release_memory,
)
from napari_insitu_tem.networks import build_network

CPU = torch.device("cpu")


def taken(network: nn.Module, channels: int = 1) -> float:
    with torch.inference_mode():
        return bytes_per_pixel(network.eval(), channels, side=64, device=CPU)


def test_of_a_chain_of_convolutions_it_is_two_neighbouring_maps_and_the_image():
    chain = nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(8, 16, 3, padding=1),
        nn.Conv2d(16, 1, 1),
    )  # fmt: skip
    assert taken(chain, channels=2) == pytest.approx(4 * (2 + 8 + 16))


def test_of_an_msd_net_it_is_every_map_and_nine_sums():
    assert taken(build_network("msdnet", {"depth": 30})) == pytest.approx(
        4 * (1 + 31 + 9), rel=0.05
    )


def test_weights_do_not_count():
    heavy = nn.Sequential(nn.Conv2d(1, 4, 31, padding=15), nn.Conv2d(4, 1, 31, padding=15))
    assert taken(heavy) == pytest.approx(4 * (1 + 4 + 1))


def test_there_is_some_memory():
    assert 1e7 < memory_budget(CPU) <= 2e9
    release_memory(CPU)


def test_what_is_no_lack_of_memory_is_told_apart():
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"))
    assert not is_out_of_memory(RuntimeError("shape mismatch"))
    assert not is_out_of_memory(ValueError("out of memory"))
