"""The running mean, rates, delays and contrast limits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.live.contrast import SteadyLimits
from napari_insitu_tem.live.pace import Delays, Rate
from napari_insitu_tem.live.running_mean import RunningMean


@given(
    most=st.integers(1, 12),
    count=st.integers(1, 40),
    kind=st.sampled_from(["u1", "u2", "i4", "f4", "f8"]),
    seed=st.integers(0, 99),
)
def test_it_is_the_mean_of_the_last_frames(most, count, kind, seed):
    frames = (np.random.default_rng(seed).random((count, 3, 4)) * 200).astype(kind)
    mean = RunningMean(most)
    for frame in frames:
        assert mean.add(frame)
    np.testing.assert_allclose(mean.value(), frames[-most:].mean(0), rtol=1e-5)
    assert len(mean) == min(most, count)


def test_one_bad_pixel_does_not_stay_in_it():
    mean = RunningMean(2)
    bad = np.full((2, 2), 4.0, np.float32)
    bad[0, 0] = np.nan
    for frame in (bad, np.ones((2, 2), np.float32), np.ones((2, 2), np.float32)):
        mean.add(frame)
    np.testing.assert_array_equal(mean.value(), 1)


def test_a_very_bright_frame_leaves_no_rounding_behind():
    mean = RunningMean(1)
    mean._ANEW_EVERY = 4
    for value in (1e20, 1.0, 1.0, 1.0, 1.0):
        mean.add(np.full((2, 2), value))
    np.testing.assert_array_equal(mean.value(), 1)


def test_it_begins_anew_with_another_size():
    mean = RunningMean(5)
    mean.add(np.ones((2, 2)))
    assert not mean.add(np.full((3, 2), 7.0))
    np.testing.assert_array_equal(mean.value(), np.full((3, 2), 7))
    with pytest.raises(ValueError, match="no frame"):
        RunningMean(3).value()


def test_a_rate_falls_when_nothing_comes_any_more():
    rate = Rate(over=3.0)
    assert rate.value(0.0) == 0
    for tick in range(31):
        rate.tick(tick / 10)
    assert rate.value(3.0) == pytest.approx(10)
    assert 4 < rate.value(4.5) < 8
    assert rate.value(7.0) == 0


def test_the_delay_is_the_median_of_the_last():
    delays = Delays(most=3)
    assert delays.median() is None
    for value in (9.0, 1.0, 2.0, 3.0):
        delays.add(value)
    assert delays.median() == 2


def test_limits_hold_still_until_the_picture_is_another():
    limits, rng = SteadyLimits(), np.random.default_rng(1)
    pictures = [rng.normal(100, 10, (64, 64)) for _ in range(30)]
    first = limits.update(pictures[0])
    assert all(limits.update(picture) == first for picture in pictures)
    for _ in range(5):  # a flash
        assert limits.update(pictures[0] + 500) == first
    assert limits.update(pictures[1]) == first
    for _ in range(20):  # the beam was changed
        later = limits.update(pictures[0] * 3)
    assert later[1] > 2 * first[1]
    assert SteadyLimits().update(np.full((4, 4), np.nan)) == (0.0, 1.0)
