"""Autoencoders of windows: exact sharing, the published layers, the order of latents."""

import pytest
import torch

from lattices import tiny_network
from napari_insitu_tem.networks import NetworkError, build_network
from napari_insitu_tem.networks.patch_vae import STEP, WINDOW


def test_a_whole_frame_gives_the_latents_of_separate_windows():
    network = tiny_network()
    frame = torch.rand(1, 1, 90, 104)
    means, log_variances = network.encode(frame)
    assert means.shape == log_variances.shape == (1, 6, 4, 6)
    for row in range(4):
        for column in range(6):
            y, x = STEP * row, STEP * column
            mean, log_variance = network.encode(frame[:, :, y : y + WINDOW, x : x + WINDOW])
            assert torch.allclose(mean[0, :, 0, 0], means[0, :, row, column], atol=1e-5)
            assert torch.allclose(
                log_variance[0, :, 0, 0], log_variances[0, :, row, column], atol=1e-5
            )


def test_a_window_is_seen_to_its_edges_and_not_beyond():
    network = tiny_network(channels=[16, 16, 16, 16, 16])
    frame = torch.rand(1, 1, WINDOW + STEP, WINDOW + STEP, requires_grad=True)
    network.encode_mean(frame)[0, :, 0, 0].sum().backward()
    seen = frame.grad[0, 0] != 0
    assert not seen[WINDOW:].any() and not seen[:, WINDOW:].any()
    for edge in (seen[0], seen[WINDOW - 1], seen[:, 0], seen[:, WINDOW - 1]):
        assert edge.any()


@pytest.mark.parametrize("name", ["patchvae", "patchvae-paper"])
def test_windows_are_encoded_and_reconstructed(name):
    network = tiny_network(name)
    windows = torch.rand(3, 1, WINDOW, WINDOW)
    mean, log_variance = network.encode(windows)
    assert mean.shape == log_variance.shape == (3, 6, 1, 1)
    assert network(windows).shape == network.decode(mean.flatten(1)).shape == windows.shape


def test_the_published_network_has_the_published_layers():
    network = build_network("patchvae-paper", {})
    layers = [tuple(each.shape) for key, each in network.named_parameters() if "weight" in key]
    assert (4096, 64, 4, 4) in layers  # dense 1024 to 4096
    assert (64, 4096, 1, 1) in layers and (4096, 64) in layers and (1024, 4096) in layers
    maps = [shape[0] for shape in layers if shape[2:] == (4, 4) and shape[0] < 4096]
    assert maps[:4] == [32, 32, 64, 64]
    assert network.latents == 64 and network.shared_step is None


@pytest.mark.parametrize("name", ["patchvae", "patchvae-paper"])
def test_numbering_latents_anew_changes_nothing_but_the_numbers(name):
    network = tiny_network(name)
    windows = torch.rand(2, 1, WINDOW, WINDOW)
    before, means = network(windows), network.encode_mean(windows)
    variance = torch.tensor([3.0, 0.5, 2.0, 0.1, 9.0, 1.0])
    network.order_latents(variance)
    assert torch.allclose(network(windows), before, atol=1e-5)
    assert torch.allclose(network.encode_mean(windows), means[:, [3, 1, 5, 2, 0, 4]], atol=1e-6)
    assert network.training_variance.tolist() == sorted(variance.tolist())


def test_what_cannot_be_built_is_refused_in_plain_words():
    with pytest.raises(NetworkError, match="five convolutions"):
        build_network("patchvae", {"channels": [4, 4]})
    with pytest.raises(NetworkError, match="one channel"):
        build_network("patchvae-paper", {"in_channels": 3})
