"""Frames moved by a fraction of a pixel are what SciPy's splines make of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_insitu_tem.analysis.shifting import move_frame


@given(
    st.floats(1e-3, 0.999),
    st.floats(1e-3, 0.999),
    st.tuples(st.integers(1, 150), st.integers(1, 150)),
    st.integers(0, 1000),
)
def test_a_frame_is_moved_as_scipy_moves_it(down, across, shape, seed):
    frame = np.random.default_rng(seed).poisson(100, shape).astype(np.float32)
    expected = ndimage.shift(frame, (-down, -across), order=3, mode="mirror")
    expected = np.clip(expected, frame.min(), frame.max())
    moved = move_frame(frame, np.array([down, across]))
    # The last row and column would need a pixel beyond the frame.
    np.testing.assert_allclose(moved[:-1, :-1], expected[:-1, :-1], atol=1e-3)


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.float64])
def test_whole_pixels_are_moved_without_a_change(rng, kind):
    frame = rng.poisson(100, (90, 70)).astype(kind)
    moved = move_frame(frame, np.array([3.0, -2.0]))
    np.testing.assert_array_equal(moved[:-3, 2:], frame[3:, :-2].astype(np.float32))
