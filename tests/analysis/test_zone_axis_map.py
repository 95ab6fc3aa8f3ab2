"""Local pairs, the map of their evenness, and what a threshold keeps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.analysis.fourier import FourierError, Window
from napari_insitu_tem.analysis.fourier.evenness import evenness
from napari_insitu_tem.analysis.fourier.pairs import find_pairs
from napari_insitu_tem.analysis.fourier.spectrum import Spectrum
from napari_insitu_tem.analysis.zone_axis.local_pairs import PairFinder
from napari_insitu_tem.analysis.zone_axis.particles import particle_evenness
from napari_insitu_tem.analysis.zone_axis.thresholds import interpretable_frames, threshold_effect
from napari_insitu_tem.analysis.zone_axis.windowed import (
    EvennessMap,
    WindowRows,
    local_evenness,
    local_moments,
)

SPACINGS = {"shortest": 2.0, "longest": 8.0}


def fringes(edge, pairs, *, noise=0.0, seed=0):
    """Return an image of waves, given as (frequency along y, along x, amplitude)."""
    y, x = np.mgrid[:edge, :edge]
    image = 10 + sum(a * np.cos(2 * np.pi * (fy * y + fx * x) + 1) for fy, fx, a in pairs)
    return image + noise * np.random.default_rng(seed).normal(size=image.shape)


def pairs_of(image):
    finder = PairFinder(len(image), **SPACINGS)
    return finder.find(image[np.newaxis], np.ones((1, *image.shape)))


def map_of(image, probability, finder, step):
    rows = WindowRows(image.shape, finder, step)
    found = EvennessMap(rows)
    for top in rows.tops:
        found.add(rows.look(image, probability, top))
    return found.finished()


def test_two_waves_are_found_with_frequency_and_amplitude():
    found = pairs_of(fringes(80, [(0.2, 0.1, 1.0), (-0.15, 0.2, 0.4)], noise=0.3))
    assert found.frequency[0, 0] == pytest.approx((0.2, 0.1), abs=0.006)
    assert found.frequency[0, 1] == pytest.approx((-0.15, 0.2), abs=0.006)
    assert found.amplitude[0, :2] == pytest.approx((1.0, 0.4), rel=0.2)
    assert (found.amplitude[0, 2:] == 0).all()


@settings(max_examples=12, deadline=None)
@given(angle=st.floats(0, 180), magnitude=st.floats(0.15, 0.4), phase=st.floats(0, 6))
def test_one_wave_of_any_direction_is_one_pair(angle, magnitude, phase):
    y, x = np.mgrid[:64, :64]
    fy, fx = magnitude * np.sin(np.radians(angle)), magnitude * np.cos(np.radians(angle))
    noise = np.random.default_rng(0).normal(size=(64, 64))
    found = pairs_of(3 * np.cos(2 * np.pi * (fy * y + fx * x) + phase) + noise)
    assert np.count_nonzero(found.amplitude) == 1
    assert np.hypot(*found.frequency[0, 0]) == pytest.approx(magnitude, abs=0.01)


def test_noise_alone_rarely_has_pairs():
    noise = np.random.default_rng(1).normal(size=(100, 64, 64))
    found = PairFinder(64, **SPACINGS).find(noise, np.ones_like(noise))
    # Nominally one window in a hundred; the medians are not exact, and there are a few more.
    assert np.mean(found.amplitude[:, 0] > 0) <= 0.05


def test_constant_and_missing_windows_have_no_pairs():
    for value in (7.0, np.nan):
        assert not pairs_of(np.full((64, 64), value)).amplitude.any()


def test_local_evenness_is_that_of_the_fourier_analysis():
    image = fringes(64, [(0.25, 0.0, 1.0), (0.02, 0.22, 0.6)], noise=0.05)
    local = local_evenness(local_moments(pairs_of(image)))[0]
    exact = evenness(find_pairs(Spectrum.of(image, Window.of_frame(image.shape)), shortest=2))
    assert local == pytest.approx(exact, abs=0.05)


def test_the_map_tells_crossed_fringes_from_a_single_row_and_from_nothing():
    crossed, single = [(0.2, 0.0, 1.0), (0.0, 0.2, 1.0)], [(0.2, 0.0, 1.0)]
    image = np.concatenate(
        [fringes(96, crossed), fringes(96, single), np.full((96, 96), 10.0)], axis=1
    ) + np.random.default_rng(0).normal(0, 0.5, (96, 288))
    found = map_of(image, np.ones(image.shape), PairFinder(40, **SPACINGS), 10)
    assert found.shape == image.shape and found.dtype == np.float32
    assert found[:, 30:66].min() > 0.9
    assert found[:, 126:162].max() < 0.1
    assert found[:, 235:].max() < 0.02
    assert found.min() >= 0 and found.max() <= 1


def test_the_map_is_turned_with_the_image():
    image = fringes(90, [(0.2, 0.03, 1.0), (0.05, 0.21, 0.5)], noise=0.8)
    finder = PairFinder(30, **SPACINGS)
    one = map_of(image, np.ones(image.shape), finder, 10)
    other = map_of(image.T.copy(), np.ones(image.shape), finder, 10)
    assert np.abs(other.T - one).max() < 0.02


def test_only_what_may_be_particle_is_looked_at():
    image = fringes(96, [(0.2, 0.0, 1.0), (0.0, 0.2, 1.0)], noise=0.3)
    probability = np.zeros(image.shape)
    probability[:, :60] = 1
    found = map_of(image, probability, PairFinder(32, **SPACINGS), 8)
    assert found[:, :50].min() > 0.7 and not found[:, 93:].any()


def test_windows_that_cannot_work_are_refused():
    with pytest.raises(FourierError, match="too small for fringes"):
        PairFinder(16, **SPACINGS)
    with pytest.raises(FourierError, match="too small for fringes"):
        PairFinder(30, shortest=11, longest=12)
    with pytest.raises(FourierError, match="smaller than a window"):
        WindowRows((50, 100), PairFinder(64, **SPACINGS), 16)


def test_particles_that_cannot_be_transformed_say_why():
    image = fringes(96, [(0.2, 0.0, 1.0), (0.0, 0.2, 1.0)], noise=0.3)
    image[:, 60:] = 5
    labels = np.zeros(image.shape, int)
    labels[10:50, 0:40], labels[10:50, 62:92], labels[80:84, 10:14] = 1, 2, 4  # one at the border
    good, constant, tiny = particle_evenness(image, labels, np.ones(image.shape), **SPACINGS)
    assert (good.label, constant.label, tiny.label) == (1, 2, 4)
    assert good.evenness > 0.9 and good.pairs == 2 and not good.trouble
    assert constant.evenness == 0 and "same value" in constant.trouble
    assert tiny.evenness == 0 and "too small" in tiny.trouble


TABLE = pd.DataFrame(
    {
        "frame": [0, 1, 2, 0, 1],
        "particle": [1, 1, 1, 2, 2],
        "evenness": [0.2, 0.5, 0.9, 0.1, 0.3],
    }
)


def test_a_threshold_keeps_frames_of_particles():
    kept = interpretable_frames(TABLE, 0.5)
    assert kept[1].tolist() == [1, 2] and kept[2].tolist() == []
    assert all(len(frames) for frames in interpretable_frames(TABLE, 0.0).values())


def test_the_effect_of_the_threshold_only_ever_falls():
    effect = threshold_effect(TABLE)
    assert effect["threshold"].iloc[[0, -1]].tolist() == [0, 1]
    assert effect.iloc[0][["images_kept", "particles_kept", "frames_kept"]].tolist() == [5, 2, 3]
    at_half = effect[np.isclose(effect["threshold"], 0.4)].iloc[0]
    assert at_half[["images_kept", "particles_kept", "frames_kept"]].tolist() == [2, 1, 2]
    assert (effect.diff().iloc[1:].drop(columns="threshold") <= 0).all(axis=None)
    assert threshold_effect(TABLE.iloc[:0]).empty
