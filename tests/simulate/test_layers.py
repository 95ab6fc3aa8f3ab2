"""Simulated particles in overlapping layers."""

import numpy as np
import pytest

from napari_insitu_tem import Job, SettingsError
from napari_insitu_tem.simulate.layer_bodies import Body, Cover
from napari_insitu_tem.simulate.layer_movie import LayerMovieSettings, simulate_layers
from napari_insitu_tem.simulate.layers import LayerFrameSettings, draw_layers, draw_optics

QUIET = Job(on_progress=lambda _: None)
CLEAN = {"film": (0.0, 0.0), "illumination": (0.0, 0.0), "distractors": 0}


def frame(seed=0, **values):
    settings = LayerFrameSettings(edge=112, **values)
    return draw_layers(settings, np.random.default_rng(seed))


def overlaps(labels):
    """Part of every particle that particles of other layers cover."""
    both = (labels > 0).sum(axis=0) > 1
    numbers = np.unique(labels[labels > 0])
    return np.array([both[(labels == n).any(axis=0)].mean() for n in numbers])


@pytest.mark.parametrize("layers", [2, 3])
def test_particles_are_numbered_throughout_and_each_is_in_one_layer(layers):
    for seed in range(6):
        labels = frame(seed, layers=layers).labels
        assert labels.shape == (layers, 112, 112) and labels.dtype == np.int32
        numbers = [set(np.unique(layer)) - {0} for layer in labels]
        everything = set().union(*numbers)
        assert everything == set(range(1, len(everything) + 1))
        assert sum(len(layer) for layer in numbers) == len(everything)


def test_overlap_is_kept_in_both_layers_and_stays_within_what_was_asked():
    for seed in range(12):
        labels = frame(seed, overlap=(0.2, 0.5)).labels
        assert overlaps(labels).max() <= 0.53
        assert ((labels > 0).all(axis=0)).any()


def test_pairs_overlap_by_the_part_that_was_asked_for():
    shares = []
    for seed in range(16):
        labels = frame(
            seed, arrangements=("pairs",), shapes=("cube",), overlap=(0.4, 0.45),
            spread=(0.0, 0.0), coverage=(0.02, 0.05), diameter=(24.0, 24.0),
        ).labels  # fmt: skip
        inside = [
            n
            for n in np.unique(labels[labels > 0])
            if not (labels[:, [0, -1]] == n).any() and not (labels[:, :, [0, -1]] == n).any()
        ]
        both = (labels > 0).all(axis=0)
        shares += [both[(labels == n).any(axis=0)].mean() for n in inside]
    covered = [share for share in shares if share > 0.1]
    assert len(covered) > 8
    assert 0.36 < np.median(covered) < 0.47


def test_electrons_that_pass_two_layers_multiply():
    """Beer and Lambert: the overlap of two cubes that each pass half passes a quarter."""
    settings = LayerFrameSettings(
        edge=64, differ_in=("nothing",), opacity=(0.5, 0.5), visibility=(200.0, 200.0), **CLEAN
    )
    optics = draw_optics(settings, 20.0, np.random.default_rng(0))
    cubes = [[Body("cube", 22.0, np.array([30.0, x]), 45.0, 0.5)] for x in (26.0, 36.0)]
    image = optics.record(cubes, 20.0, np.random.default_rng(1)) / optics.ground.mean()
    assert image[30, 20] == pytest.approx(0.5, abs=0.03)
    assert image[30, 31] == pytest.approx(0.25, abs=0.03)
    assert image[30, 5] == pytest.approx(1.0, abs=0.03)


def test_the_first_layer_is_the_sharper_one_and_else_the_stronger():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        focus = draw_optics(LayerFrameSettings(differ_in=("focus",)), 20.0, rng)
        assert focus.blur[1] > focus.blur[0] + 0.9
        contrast = draw_optics(LayerFrameSettings(differ_in=("contrast",)), 20.0, rng)
        assert contrast.blur[1] == contrast.blur[0]
        assert contrast.opacity[1] < contrast.opacity[0]


def test_the_same_seed_gives_the_same_bytes():
    one, other = frame(3), frame(3)
    assert np.array_equal(one.image, other.image) and np.array_equal(one.labels, other.labels)
    assert not np.array_equal(one.image, frame(4).image)


def test_a_particle_of_one_layer_never_covers_another_of_the_same():
    cover = Cover(2, 40, 0.5)
    first = Body("cube", 14.0, np.array([20.0, 15.0]), 45.0).project(40)
    aside = Body("cube", 14.0, np.array([20.0, 24.0]), 45.0).project(40)
    assert cover.try_to_add(0, first) == 1
    assert cover.try_to_add(0, aside) == 0
    assert cover.try_to_add(1, aside) == 2
    assert cover.overlap(2, 1, first) == pytest.approx(0.25, abs=0.1)


def test_what_is_covered_too_much_has_no_place_even_by_two_others_together():
    cover = Cover(2, 60, 0.5)
    middle = Body("cube", 20.0, np.array([30.0, 30.0]), 45.0)
    assert cover.try_to_add(0, middle.project(60))
    left, right = (middle.at(np.array([30.0, x])) for x in (30 - 11.0, 30 + 11.0))
    assert cover.try_to_add(1, left.project(60))
    assert not cover.try_to_add(1, right.project(60))


def test_a_movie_keeps_the_numbers_and_layers_of_its_particles():
    settings = LayerMovieSettings(edge=96, n_frames=4, slide=1.0, diameter=(20.0, 20.0))
    made = simulate_layers(settings, QUIET)
    assert made.movie.data.shape == (4, 96, 96) and made.labels.shape == (2, 4, 96, 96)
    first, last = (set(np.unique(made.labels[0, t])) for t in (0, 3))
    assert len(first & last) > 1
    assert not set(np.unique(made.labels[1])) & (first - {0})
    # The second layer slides on: 1 px a frame.
    table = made.poses[made.poses["layer"] == 2].pivot(index="particle", columns="frame")
    step = np.hypot(table["y"][3] - table["y"][0], table["x"][3] - table["x"][0])
    assert step.mean() == pytest.approx(3, abs=0.6)


def test_nonsense_is_refused_in_plain_words():
    with pytest.raises(SettingsError, match="no range"):
        LayerFrameSettings.from_dict({"overlap": (0.5, 0.2)})
    with pytest.raises(SettingsError, match="at least 6 px"):
        LayerFrameSettings.from_dict({"diameter": (2.0, 9.0)})
