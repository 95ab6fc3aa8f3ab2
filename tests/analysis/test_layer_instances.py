"""Particles of several layers in the maps of one frame."""

import numpy as np
import pytest

from napari_insitu_tem.analysis.instances import core_of
from napari_insitu_tem.analysis.layer_channels import LayerChannels, layers_of
from napari_insitu_tem.analysis.layer_instances import particles_in_layers

TWO = layers_of(("layer 1", "core 1", "layer 2", "core 2"))


def squares(*places, size=12, shape=(60, 80)):
    labels = np.zeros(shape, np.int32)
    for number, (y, x) in enumerate(places, start=1):
        labels[y : y + size, x : x + size] = number
    return labels


def maps(*layers, sure=0.9):
    channels = []
    for labels in layers:
        channels += [np.where(labels > 0, sure, 0.05), np.where(core_of(labels), sure, 0.05)]
    return np.stack(channels).astype(np.float32)


def test_channels_name_layers_with_cores_and_classes_without():
    assert (LayerChannels("layer 1", 0, 1), LayerChannels("layer 2", 2, 3)) == TWO
    assert layers_of(("foreground", "core")) == (LayerChannels("foreground", 0, 1),)
    assert layers_of(("core", "shell")) == (LayerChannels("core", 0), LayerChannels("shell", 1))
    named = layers_of(("particle", "core particle", "ligand"))
    assert named == (LayerChannels("particle", 0, 1), LayerChannels("ligand", 2))


def test_overlapping_particles_of_two_layers_are_both_whole():
    first, second = squares((10, 10), (10, 40)), squares((16, 16))
    found = particles_in_layers(maps(first, second), TWO)
    assert len(found) == 3 and found.layer.tolist() == [0, 0, 1]
    assert found.area.tolist() == [144, 144, 144]
    assert np.array_equal(found.labels[1] > 0, second > 0)
    assert found.position[2] == pytest.approx([21.5, 21.5])
    assert found.pairs.tolist() == [[0, 2]] and found.shared.tolist() == [36]
    assert found.covered == pytest.approx([0.25, 0, 0.25])


def test_touching_particles_of_one_layer_are_split_by_their_cores():
    found = particles_in_layers(maps(squares((10, 10), (10, 22)), squares()), TWO)
    assert found.layer.tolist() == [0, 0] and found.area.tolist() == [144, 144]
    assert len(found.pairs) == 0


def test_evidence_is_what_the_particles_own_pixels_say():
    first, second = squares((10, 10)), squares((10, 16))
    probability = maps(first, second)
    # The network thinks that the first one might be in the second layer as well.
    probability[2][(first > 0) & (second == 0)] = 0.4
    found = particles_in_layers(probability, TWO)
    assert found.evidence[0] == pytest.approx([0.9, 0.4])
    assert found.evidence[1] == pytest.approx([0.05, 0.9])


def test_a_particle_found_in_both_layers_is_kept_in_the_surer_one():
    same = squares((10, 10))
    probability = maps(same, same)
    probability[0][same > 0] = 0.7
    twice = particles_in_layers(probability, TWO)
    assert len(twice) == 2
    once = particles_in_layers(probability, TWO, largest_overlap=0.8)
    assert len(once) == 1 and once.layer.tolist() == [1]
    assert once.labels.max() == 1


def test_a_fragment_under_a_particle_goes_and_the_particle_stays():
    whole, part = squares((10, 10), size=16), squares((12, 12), size=6)
    found = particles_in_layers(maps(whole, part, sure=0.8), TWO, largest_overlap=0.8)
    assert len(found) == 1 and found.area.tolist() == [256]


def test_an_uncertain_piece_beside_a_whole_particle_goes_and_a_sure_small_one_stays():
    whole, part = squares((10, 10), size=20), squares((12, 26), size=10)
    probability = maps(whole, part)
    assert len(particles_in_layers(probability, TWO, largest_overlap=0.8)) == 2
    probability[0][(part > 0) & (whole == 0)] = 0.45
    probability[2][part > 0] = 0.7
    found = particles_in_layers(probability, TWO, largest_overlap=0.8)
    assert len(found) == 1 and found.layer.tolist() == [0]
    # As large as the other one it is no piece, however uncertain its layer is.
    same = squares((18, 24), size=20)
    probability = maps(whole, same)
    probability[0][(same > 0) & (whole == 0)] = 0.45
    assert len(particles_in_layers(probability, TWO, largest_overlap=0.8)) == 2


def test_an_empty_frame_has_no_particles():
    found = particles_in_layers(np.zeros((4, 20, 30), np.float32), TWO, largest_overlap=0.8)
    assert len(found) == 0 and found.position.shape == (0, 2)
    assert found.evidence.shape == (0, 2) and found.covered.shape == (0,)


def test_three_layers_keep_every_overlap():
    layers = layers_of(("layer 1", "core 1", "layer 2", "core 2", "layer 3", "core 3"))
    images = squares((10, 10)), squares((14, 14)), squares((18, 18))
    found = particles_in_layers(maps(*images), layers)
    assert found.layer.tolist() == [0, 1, 2]
    assert sorted(map(tuple, found.pairs.tolist())) == [(0, 1), (0, 2), (1, 2)]
