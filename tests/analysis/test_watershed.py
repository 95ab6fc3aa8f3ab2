"""Splitting does the watershed only where it must; its labels are those of doing it everywhere."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.segmentation import watershed

from napari_insitu_tem.analysis.watershed import merge_shallow_basins, split_touching


def plainly(mask: np.ndarray, strength: float, smoothing: float) -> tuple[np.ndarray, np.ndarray]:
    reach = math.ceil(2 * smoothing)
    outline = np.pad(mask, reach, mode="edge").astype(np.float32)
    outline = ndimage.gaussian_filter(outline, 0.5 * smoothing, truncate=3) > 0.5
    distance = ndimage.distance_transform_edt(outline)[reach:-reach, reach:-reach]
    distance = np.where(mask, distance, 0).astype(np.float32)
    smooth = ndimage.gaussian_filter(distance, min(smoothing, 2.0))
    tops = (ndimage.maximum_filter(smooth, 3) == smooth) & mask
    markers, _ = ndimage.label(tops, np.ones((3, 3)))
    basins = watershed(-smooth, markers, mask=mask, connectivity=2)
    return merge_shallow_basins(basins, distance, strength=strength), smooth


@settings(max_examples=60)
@given(
    st.tuples(st.integers(4, 90), st.integers(4, 90)),
    st.floats(0.5, 4),
    st.floats(-0.3, 0.8),
    st.floats(0.3, 1),
    st.floats(1, 4),
    st.integers(0, 1000),
)
@example((32, 79), 2.25, 0.375, 1.0, 1.0, 388)
def test_blobs_are_split_as_by_a_watershed_everywhere(
    shape, grain, level, strength, smoothing, seed
):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), grain)
    mask = noise > level * noise.std()
    found = split_touching(mask, strength=strength, smoothing=smoothing)
    if not mask.any():
        assert not found.any()
        return
    expected, height = plainly(mask, strength, smoothing)
    assert found.max() == expected.max()
    # Between tops of one height, as in the example, which is its own mirror image, a pixel may
    # fall to either: seeds are taken in an order that depends on what else there is.
    tops = ndimage.maximum(height, expected, np.arange(expected.max() + 1))
    differ = found != expected
    np.testing.assert_array_equal(tops[found[differ]], tops[expected[differ]])
    assert np.count_nonzero(differ) < 0.1 * mask.sum()


@given(st.integers(0, 1000), st.floats(0.3, 1), st.integers(2, 40))
def test_basins_merge_over_the_highest_of_the_passes_between_them(seed, strength, size):
    rng = np.random.default_rng(seed)
    height = rng.random((size, size + 3)).astype(np.float32)
    basins = rng.integers(0, 3, height.shape)
    merged = merge_shallow_basins(basins, height, strength=strength)
    passes = [
        min(height[y, x], height[v, u])
        for y, x in np.argwhere(basins == 1)
        for v, u in np.argwhere(basins[y - 1 * (y > 0) : y + 2, x - 1 * (x > 0) : x + 2] == 2)
        + (y - 1 * (y > 0), x - 1 * (x > 0))
    ]
    one = bool(passes) and max(passes) >= np.float32(strength) * min(
        height[basins == 1].max(), height[basins == 2].max()
    )
    present = len(np.unique(basins[basins > 0]))
    assert len(np.unique(merged[merged > 0])) == (1 if one else present)
