"""The fast forms of common operations give the same as the usual ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_insitu_tem.analysis.pixels import dilated, eroded, filled, median


@st.composite
def masks(draw) -> np.ndarray:
    shape = draw(st.tuples(st.integers(1, 60), st.integers(1, 60)))
    noise = np.random.default_rng(draw(st.integers(0, 1000))).normal(size=shape)
    coarse = ndimage.gaussian_filter(noise, draw(st.sampled_from([0.0, 1.0, 2.0])))
    return coarse > draw(st.sampled_from([-0.2, 0.0, 0.2])) * coarse.std()


@given(masks(), st.integers(0, 5))
def test_masks_grow_and_shrink_as_by_scipy(mask, steps):
    if steps:  # SciPy's 0 means: as far as it goes
        np.testing.assert_array_equal(
            dilated(mask, steps), ndimage.binary_dilation(mask, iterations=steps)
        )
        np.testing.assert_array_equal(
            eroded(mask, steps), ndimage.binary_erosion(mask, iterations=steps)
        )
    else:
        np.testing.assert_array_equal(dilated(mask, 0), mask)
        np.testing.assert_array_equal(eroded(mask, 0), mask)


@given(masks())
def test_holes_are_filled_as_by_scipy(mask):
    np.testing.assert_array_equal(filled(mask), ndimage.binary_fill_holes(mask))


@pytest.mark.parametrize("count", [1, 2, 7, 20_000, 20_001, 99_999, 100_000])
@pytest.mark.parametrize("kind", ["normal", "sorted", "few values", "constant", "two heaps"])
def test_the_median_is_the_median(rng, count, kind):
    values = rng.normal(size=count).astype(np.float32)
    if kind == "sorted":
        values.sort()
    if kind == "few values":
        values = np.round(values)
    if kind == "constant":
        values[:] = 3
    if kind == "two heaps":
        values[::2] += 100
    assert median(values) == pytest.approx(float(np.median(values)), rel=1e-6)
