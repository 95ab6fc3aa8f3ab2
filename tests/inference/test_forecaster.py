"""A forecaster over a movie: readings in, readings out, in tiles where needed."""

import numpy as np
import pytest
import torch

from napari_insitu_tem.analysis.forecast.scaling import Fixed
from napari_insitu_tem.inference.forecaster import MovieForecaster
from napari_insitu_tem.networks import build_network

SMALL = {"in_channels": 3, "width": 4, "hidden": 8, "depth": 1}


def test_readings_come_back_in_their_units(rng):
    frames = rng.normal(500, 20, (3, 18, 22)).astype(np.float32)  # no multiples of 4
    network = build_network("simvp", {**SMALL, "out_channels": 2}).eval()
    means, spreads = MovieForecaster(network, scaling=Fixed(500.0, 20.0), steps=5).ahead(frames)
    np.testing.assert_allclose(means[:3], np.repeat(frames.mean(0)[None], 3, 0), rtol=1e-4)
    assert means.shape == spreads.shape == (5, 18, 22)
    np.testing.assert_allclose(spreads[0], 20.0, rtol=1e-4)  # exp(0) of the untrained network


def test_a_network_without_a_spread_has_that_of_its_errors(rng):
    network = build_network("simvp", SMALL).eval()
    network.calibration.copy_(torch.log(torch.tensor([0.5, 1.0, 2.0])))
    frames = rng.normal(size=(3, 16, 16)).astype(np.float32)
    _, spreads = MovieForecaster(network, scaling=Fixed(0.0, 1.0), steps=4).ahead(frames)
    np.testing.assert_allclose(spreads.mean(axis=(1, 2)), [0.5, 1.0, 2.0, 2.0], rtol=1e-5)


@pytest.mark.parametrize("name", ["simvp", "phydnet"])
def test_the_temperature_reaches_the_network(name, rng):
    torch.manual_seed(0)
    more = SMALL if name == "simvp" else {"in_channels": 3, "filters": 8, "hidden": (32,)}
    network = build_network(name, {**more, "out_channels": 2, "auxiliary": 1}).eval()
    if name == "simvp":
        torch.nn.init.normal_(network.last.weight, std=0.1)
    forecaster = MovieForecaster(network, scaling=Fixed(0.0, 1.0), steps=2)
    frames = rng.normal(size=(3, 16, 16)).astype(np.float32)
    cold, _ = forecaster.ahead(frames, np.zeros((5, 1), np.float32))
    hot, _ = forecaster.ahead(frames, np.full((5, 1), 3, np.float32))
    assert not np.allclose(cold, hot)
