"""The U-Net that does not see what it predicts."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.inference.tiles import TiledPredictor
from napari_insitu_tem.networks import NetworkError, build_network
from napari_insitu_tem.networks.blind_spot import BlindSpotUNet


def seen(network, place, frame, size=(48, 40)):
    """Return which pixels of a frame change the prediction of one pixel."""
    images = torch.randn(1, network.in_channels, *size, requires_grad=True)
    network(images)[0, 0, place[0], place[1]].backward()
    return images.grad[0, frame].numpy() != 0


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2), st.integers(8, 39), st.integers(8, 31), st.integers(0, 3))
def test_of_its_own_frame_all_is_seen_but_the_blind_spot(blind, y, x, seed):
    torch.manual_seed(seed)
    near = seen(BlindSpotUNet(in_channels=3, channels=(4, 6, 8), blind=blind), (y, x), 1)
    spot = (slice(y - blind, y + blind + 1), slice(x - blind, x + blind + 1))
    assert not near[spot].any()
    near[spot] = True
    assert near[y - blind - 2 : y + blind + 3, x - blind - 2 : x + blind + 3].mean() > 0.95


def test_of_other_frames_the_pixel_itself_is_seen():
    torch.manual_seed(0)
    network = BlindSpotUNet(in_channels=5, channels=(8, 12), blind=1)
    for frame in (0, 1, 3, 4):
        assert seen(network, (20, 20), frame)[19:22, 19:22].all()


def test_nothing_is_seen_beyond_the_receptive_radius():
    torch.manual_seed(0)
    network = BlindSpotUNet(in_channels=1, channels=(4, 6, 8))
    far = seen(network, (64, 64), 0, size=(128, 128))
    rows, columns = np.nonzero(far)
    assert max(abs(rows - 64).max(), abs(columns - 64).max()) <= network.receptive_radius


def test_twice_the_brightness_gives_twice_the_answer():
    torch.manual_seed(0)
    network = BlindSpotUNet(channels=(4, 6))
    images = torch.randn(1, 5, 16, 16)
    assert torch.allclose(network(3 * images), 3 * network(images), rtol=1e-4, atol=1e-5)


def test_frames_need_not_be_square_and_tiles_agree_with_the_whole():
    torch.manual_seed(0)
    network = BlindSpotUNet(in_channels=3, channels=(4, 6)).eval()
    frames = np.random.default_rng(0).normal(size=(3, 90, 130)).astype(np.float32)
    whole = TiledPredictor(network, activation="none").predict(frames)
    tiles = TiledPredictor(network, activation="none", tile=64, overlap=48).predict(frames)
    assert np.abs(whole - tiles).max() < 1e-4


@pytest.mark.parametrize("wrong", [{"in_channels": 4}, {"channels": (8,)}, {"blind": -1}])
def test_what_cannot_be_built_is_said_plainly(wrong):
    with pytest.raises(NetworkError, match="cannot be built"):
        build_network("blindspot", wrong)
