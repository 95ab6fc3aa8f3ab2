"""The small predictor gives any number of frames, begins at the mean, and ensembles mix."""

import pytest
import torch

from napari_insitu_tem.networks import NetworkError, build_network
from napari_insitu_tem.networks.ensemble import Ensemble
from napari_insitu_tem.networks.simvp import SimVP

SMALL = {"in_channels": 4, "width": 4, "hidden": 8, "depth": 1}


def test_before_it_learns_it_gives_the_mean_of_the_given_frames():
    frames = torch.randn(2, 4, 1, 16, 16)
    found = SimVP(**SMALL)(frames, 4)
    torch.testing.assert_close(found, frames.mean(1, keepdim=True).expand(-1, 4, -1, -1, -1))


@pytest.mark.parametrize("steps", [1, 4, 6, 9])
def test_it_goes_on_for_any_number_of_frames_with_a_spread(steps):
    network = SimVP(**SMALL, out_channels=2, auxiliary=1)
    assert network(torch.randn(1, 4, 2, 16, 24), steps).shape == (1, steps, 2, 16, 24)


def test_as_a_network_of_the_house_it_gives_the_next_frame():
    assert SimVP(**SMALL, out_channels=2)(torch.randn(1, 4, 16, 16)).shape == (1, 2, 16, 16)


def test_what_is_rolled_forward_goes_on_from_what_was_foreseen():
    torch.manual_seed(0)
    network = SimVP(**SMALL).eval()
    torch.nn.init.normal_(network.last.weight, std=0.1)
    frames = torch.randn(1, 4, 1, 16, 16)
    with torch.inference_mode():
        eight = network(frames, 8)
        again = network(eight[:, :4], 4)
    torch.testing.assert_close(eight[:, 4:], again)


def test_another_number_of_given_frames_is_refused():
    with pytest.raises(ValueError, match="made for 4"):
        SimVP(**SMALL)(torch.randn(1, 5, 1, 16, 16), 1)


def test_the_calibration_widens_the_spread_step_by_step_and_leaves_the_frame():
    network = SimVP(**SMALL, out_channels=2).eval()
    frames = torch.randn(1, 4, 1, 16, 16)
    with torch.inference_mode():
        before = network(frames, 6)
        network.calibration.copy_(torch.tensor([0.0, 0.1, 0.2, 0.3]))
        after = network(frames, 6)
    torch.testing.assert_close(after[:, :, :1], before[:, :, :1])
    wider = (after - before)[0, :, 1].mean(dim=(1, 2))
    torch.testing.assert_close(wider, torch.tensor([0.0, 0.1, 0.2, 0.3, 0.3, 0.3]))


def test_an_ensemble_is_the_mixture_of_its_members():
    torch.manual_seed(0)
    network = Ensemble(of="simvp", members=3, out_channels=2, **SMALL).eval()
    for member in network.members:
        torch.nn.init.normal_(member.last.weight, std=0.2)
        torch.nn.init.normal_(member.last.bias, std=0.2)
    frames = torch.randn(1, 4, 1, 16, 16)
    with torch.inference_mode():
        mixed = network(frames, 2)
        alone = torch.stack([member(frames, 2) for member in network.members])
    torch.testing.assert_close(mixed[:, :, 0], alone[:, :, :, 0].mean(0))
    second = (alone[:, :, :, 0].square() + (2 * alone[:, :, :, 1]).exp()).mean(0)
    variance = second - alone[:, :, :, 0].mean(0).square()
    torch.testing.assert_close((2 * mixed[:, :, 1]).exp(), variance, atol=1e-5, rtol=1e-4)


def test_an_ensemble_of_something_else_is_refused():
    with pytest.raises(NetworkError, match="ensemble"):
        build_network("ensemble", {"of": "unet", "in_channels": 4, "out_channels": 2})
