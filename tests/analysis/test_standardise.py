"""Frames as networks take them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.analysis.standardise import standardise


@given(gain=st.floats(1e-3, 1e4), offset=st.floats(-1e4, 1e4), seed=st.integers(0, 100))
def test_gain_and_offset_of_the_camera_do_not_matter(gain, offset, seed):
    frame = np.random.default_rng(seed).normal(size=(24, 24))
    one, other = standardise(frame), standardise(gain * frame + offset * gain)
    assert np.allclose(one, other, atol=0.02)
    assert abs(one.mean()) < 0.05
    assert 0.8 < one.std() < 1.3


def test_hot_pixels_do_not_flatten_the_rest():
    frame = np.random.default_rng(0).normal(size=(100, 100))
    frame[3, 4] = 1e6
    assert 0.9 < standardise(frame)[10:].std() < 1.1


def test_pixels_that_are_no_numbers_become_the_mean():
    frame = np.random.default_rng(0).normal(5, 1, (20, 20))
    frame[:2] = np.nan
    result = standardise(frame)
    assert np.isfinite(result).all()
    assert abs(result[:2]).max() < 0.2


def test_a_constant_frame_is_zero():
    assert not standardise(np.full((8, 8), 7)).any()
    assert not standardise(np.full((8, 8), np.nan)).any()
