"""Targets: from labels to the maps that a network is to answer."""

import numpy as np
import pytest

from napari_insitu_tem.learning.targets import targets


def labels(layers: int = 1) -> np.ndarray:
    result = np.zeros((layers, 32, 32), np.int32)
    for layer in range(layers):
        result[layer, 4:20, 4 + 6 * layer : 20 + 6 * layer] = 1
    return result


def test_foreground_is_all_of_a_particle_and_core_its_middle():
    foreground, core = targets(labels(), ("foreground", "core"))
    assert foreground.sum() == 256
    assert 0 < core.sum() < 128
    assert not (core > foreground).any()


def test_every_layer_has_its_own_maps():
    maps = targets(labels(2), ("layer 1", "core 1", "layer 2", "core 2"))
    assert maps.shape == (4, 32, 32)
    assert maps.dtype == np.float32
    assert np.array_equal(maps[0, :, :-6], maps[2, :, 6:])


def test_classes_need_no_cores():
    assert targets(labels(2), ("core", "shell")).shape == (2, 32, 32)


def test_channels_that_do_not_fit_the_layers_are_refused():
    with pytest.raises(ValueError, match="1 layers"):
        targets(labels(1), ("layer 1", "layer 2"))
