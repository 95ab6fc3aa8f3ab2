"""Layers that stay the same in time, and particles moved by hand."""

import numpy as np
import pandas as pd
import pytest

from napari_insitu_tem.analysis.instances import core_of
from napari_insitu_tem.analysis.layer_channels import layers_of
from napari_insitu_tem.analysis.layer_frames import LayerPlan, layer_labels
from napari_insitu_tem.analysis.layer_instances import particles_in_layers
from napari_insitu_tem.analysis.layer_moves import MoveError, apply_moves, check_move, describe_move
from napari_insitu_tem.analysis.layer_tracks import follow_in_layers, vote, without_time

TWO = layers_of(("layer 1", "core 1", "layer 2", "core 2"))
SHAPE = (64, 96)


def image(places, size=14):
    labels = np.zeros(SHAPE, np.int32)
    for number, (y, x) in enumerate(places, start=1):
        labels[y : y + size, x : x + size] = number
    return labels


def frame(first, second, sure=(0.9, 0.9)):
    channels = []
    for labels, certainty in zip((image(first), image(second)), sure, strict=True):
        channels += [np.where(labels > 0, certainty, 0.03), np.where(core_of(labels), 0.9, 0.03)]
    return particles_in_layers(np.stack(channels), TWO)


def movie(n_frames=8, flipped=()):
    """A pair that overlaps and a single particle; in `flipped` frames the network swaps all."""
    frames = []
    for t in range(n_frames):
        layers = [[(10, 10 + t)], [(16, 18 + t), (40, 60)]]
        frames.append(frame(*(layers[::-1] if t in flipped else layers)))
    return frames


def read(frames, plan):
    found = np.stack([one.labels.reshape(-1, SHAPE[1]) for one in frames])
    return layer_labels(found, 2, plan)


def test_a_particle_keeps_its_number_when_the_network_changes_its_layer():
    numbers = follow_in_layers(movie(flipped=(3, 4)))
    assert [sorted(number.tolist()) for number in numbers] == [[1, 2, 3]] * 8
    places = {}
    for one, number in zip(movie(flipped=(3, 4)), numbers, strict=True):
        for particle, position in zip(number.tolist(), one.position, strict=True):
            places.setdefault(particle, []).append(position)
    for path in places.values():
        assert np.abs(np.diff(np.array(path), axis=0)).max() <= 1.01


def test_frames_in_which_the_network_swapped_the_layers_are_outvoted():
    frames = movie(flipped=(3, 4))
    plan = vote(frames, follow_in_layers(frames))
    first, second = read(frames, plan)
    for t in range(8):
        assert first[t][12, 12 + t] > 0 and second[t][12, 12 + t] == 0
        assert second[t][28, 30 + t] > 0 and first[t][28, 30 + t] == 0
    # Both are whole where they overlap, with one number each throughout.
    assert all(np.count_nonzero(first[t]) == 14**2 for t in range(8))
    assert len(np.unique(first[:])) == 2 and len(np.unique(second[:])) == 3


def test_overlapping_particles_never_end_in_one_layer_whatever_single_frames_say():
    """Both look like the first layer most of the time; where they overlap, one has to go."""
    frames = []
    for t in range(8):
        apart = t < 5
        places = [(10, 10), (16, 40 if apart else 18)]
        frames.append(frame(places if apart else places[:1], [] if apart else places[1:]))
    numbers = [np.array([1, 2])] * 8
    plan = vote(frames, numbers)
    assert {tuple(layer.tolist()) for layer in plan.layer} == {(0, 1)}


def test_a_pixel_that_two_particles_of_one_layer_want_goes_to_the_surer_one():
    one = frame([(10, 10)], [(16, 18)])
    for certainty, winner in (((0.9, 0.4), 1), ((0.4, 0.9), 2)):
        plan = LayerPlan((np.array([1, 2]),), (np.array([0, 0]),), (np.array(certainty),))
        first, second = read([one], plan)
        assert first[0][20, 20] == winner
        assert not second[0].any()
        assert set(np.unique(first[0])) == {0, 1, 2}


def test_without_time_masks_stay_where_they_were_found():
    frames = movie(flipped=(1,), n_frames=2)
    first, second = read(frames, without_time(frames))
    for t, one in enumerate(frames):
        assert np.array_equal(first[t], one.labels[0]) and np.array_equal(second[t], one.labels[1])


def test_moving_a_particle_and_back_leaves_no_trace():
    frames = movie()
    plan = vote(frames, follow_in_layers(frames))
    before = [labels[:] for labels in read(frames, plan)]
    particle = int(before[0][0].max())
    moved = plan.moved(particle, 1, range(4, 8))
    first, second = read(frames, moved)
    assert np.array_equal(first[3], before[0][3])
    assert not (first[4:] == particle).any()
    # What the user moved is on top, and whole.
    assert all(np.count_nonzero(second[t] == particle) == 14**2 for t in range(4, 8))
    back = moved.moved(particle, 0, range(4, 8))
    for labels, old in zip(read(frames, back), before, strict=True):
        assert np.array_equal(labels[:], old)


def test_labels_of_a_layer_can_be_indexed_like_an_array():
    frames = movie()
    first, _ = read(frames, vote(frames, follow_in_layers(frames)))
    assert first.shape == (8, *SHAPE) and first.ndim == 3 and first.dtype == np.int32
    whole = np.asarray(first)
    assert np.array_equal(first[2:5, 8:20, 5:40], whole[2:5, 8:20, 5:40])
    assert first[-1, 12, 20] == whole[-1, 12, 20]
    index = np.array([0, 7]), np.array([12, 12]), np.array([12, 19])
    assert np.array_equal(first[index], whole[index])


def test_moves_are_checked_and_described_in_plain_words():
    names = ("layer 1", "layer 2")
    assert describe_move((7, 2), names) == "Particle 7 to layer 2"
    assert describe_move((7, 2, 30), names) == "Particle 7 to layer 2 from frame 30 on"
    assert describe_move((7, 1, 3, 3), names) == "Particle 7 to layer 1 in frame 3"
    for wrong in ((7,), (7, 2, 3, 4, 5), (0, 1), (7, 2, 5, 3), (7, 1.5), (7, 1, -2)):
        with pytest.raises(MoveError):
            check_move(wrong)


def test_moves_change_plan_and_table_alike_or_say_why_not():
    table = pd.DataFrame(
        {"frame": [0, 1, 2, 0, 1, 2], "particle": [1, 1, 1, 2, 2, 2], "layer": [1, 1, 1, 2, 2, 2]}
    )
    plan = LayerPlan((np.array([1, 2]),) * 3, (np.array([0, 1]),) * 3, (np.array([0.9, 0.9]),) * 3)
    moved, changed = apply_moves(plan, table, [(1, 2, 1), (2, 1, 1, 1)], n_layers=2)
    assert changed["layer"].tolist() == [1, 2, 2, 2, 1, 2]
    assert [layer.tolist() for layer in moved.layer] == [[0, 1], [1, 0], [1, 1]]
    assert table["layer"].tolist() == [1, 1, 1, 2, 2, 2]
    for wrong, words in (
        ((9, 1), "no particle 9"),
        ((1, 3), "no layer 3"),
        ((1, 2, 8), "no frame from 8"),
    ):
        with pytest.raises(MoveError, match=words):
            apply_moves(plan, table, [wrong], n_layers=2)
