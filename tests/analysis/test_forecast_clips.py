"""Clips and their splits: nothing is learnt from that is tested on, but where it is said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.analysis.forecast.clips import (
    LEAK,
    ClipPlan,
    split_at_random,
    split_by_time,
)

plans = st.builds(ClipPlan, st.integers(2, 8), st.integers(1, 8), st.integers(1, 8))


@pytest.mark.parametrize(
    "frames, given, every, clips", [(551, 4, 1, 544), (549, 6, 3, 516), (158, 6, 8, 70)]
)
def test_there_are_as_many_clips_as_in_fu_et_al(frames, given, every, clips):
    assert ClipPlan(given, given, every).count(frames) == clips


def test_frames_of_a_clip_are_n_s_apart():
    np.testing.assert_array_equal(ClipPlan(2, 3, 4).frames(10), [10, 14, 18, 22, 26])


def frames_of(starts, plan):
    return {int(frame) for start in starts for frame in plan.frames(int(start))}


@given(plan=plans, n_frames=st.integers(20, 400), gap=st.none() | st.integers(0, 30))
def test_split_by_time_shares_no_frame_and_keeps_the_gap(plan, n_frames, gap):
    split = split_by_time(n_frames, plan, gap=gap)
    parts = [frames_of(each, plan) for each in (split.training, split.validation, split.test)]
    least = plan.given * plan.every if gap is None else gap
    filled = [part for part in parts if part]
    for before, after in zip(filled[:-1], filled[1:], strict=True):
        assert min(after) - max(before) > least
    assert all(0 <= frame < n_frames for part in parts for frame in part)
    assert not split.warning


def test_the_published_split_leaks_and_says_so(rng):
    plan = ClipPlan(6, 6, 1)
    split = split_at_random(300, plan, rng)
    shared = frames_of(split.training, plan) & frames_of(split.test, plan)
    assert len(shared) > 0.9 * len(frames_of(split.test, plan))
    assert split.warning == LEAK
    assert len(split.test) == round(0.1 * plan.count(300))
    assert not set(split.training) & set(split.test)
