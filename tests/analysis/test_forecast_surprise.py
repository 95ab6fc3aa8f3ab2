"""Surprise is 1 where all is as expected; changes of a track are found, and none in noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from napari_insitu_tem.analysis.forecast.change_points import change_points, first_onset
from napari_insitu_tem.analysis.forecast.surprise import frame_difference, surprise


def test_surprise_is_one_where_errors_are_as_expected(rng):
    spread = rng.gamma(3, size=(64, 64))
    found = surprise(rng.normal(size=(64, 64)) * spread, np.zeros((64, 64)), spread)
    assert found.mean == pytest.approx(1, abs=0.1)
    assert found.error == pytest.approx(found.expected, rel=0.1)


def test_what_was_not_expected_stands_out_in_the_map(rng):
    truth = rng.normal(size=(64, 64))
    truth[20:30, 40:50] *= 4
    found = surprise(truth, np.zeros((64, 64)), np.ones((64, 64)))
    y, x = np.unravel_index(np.argmax(found.map), found.map.shape)
    assert 20 <= y < 30 and 40 <= x < 50
    assert found.peak > 3 * found.mean


def test_the_frame_difference_of_noise_is_twice_its_variance(rng):
    assert frame_difference(*rng.normal(size=(2, 100, 100))) == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_noise_alone_gives_less_than_one_alarm_in_500_frames(correlation, rng):
    tracks = [lfilter([1], [1, -correlation], rng.normal(size=500)) for _ in range(20)]
    assert sum(len(change_points(track)) for track in tracks) <= 20 * 0.5


@settings(max_examples=25)
@given(frame=st.integers(30, 170), size=st.floats(4, 20), seed=st.integers(0, 1000))
def test_a_clear_change_is_found_where_it_is(frame, size, seed):
    track = np.random.default_rng(seed).normal(size=200)
    track[frame:] += size
    found = first_onset(track)
    assert found is not None and abs(found - frame) <= 2


def test_rise_and_fall_are_told_apart_and_gaps_left_out(rng):
    track = rng.normal(size=300)
    track[100:180] += 5
    track = np.concatenate([np.full(10, np.nan), track])
    up, down = change_points(track)
    assert abs(up.frame - 110) <= 1 and up.size > 3
    assert abs(down.frame - 190) <= 1 and down.size < -3
    assert first_onset(-track) == pytest.approx(190, abs=1)


def test_short_or_constant_tracks_have_no_changes():
    assert change_points(np.zeros(100)) == []
    assert change_points(np.array([1.0, 2.0, 1.0])) == []
