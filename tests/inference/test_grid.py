"""Tiles cover an image, their weights add up to one, and what lies near a cut does not count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.inference.grid import fit_grid, grid_of_side


@st.composite
def layouts(draw):
    multiple = draw(st.sampled_from([1, 4, 16]))
    shape = tuple(multiple * draw(st.integers(1, 200 // multiple)) for _ in range(2))
    return {
        "shape": shape,
        "overlap": draw(st.integers(0, 40)),
        "radius": draw(st.none() | st.integers(0, 30)),
        "multiple": multiple,
    }


@st.composite
def grids(draw):
    layout = draw(layouts())
    if draw(st.booleans()):
        return layout, fit_grid(**layout, pixels=draw(st.integers(1, 50_000)))
    return layout, grid_of_side(**layout, side=draw(st.integers(1, 250)))


@given(grids())
def test_weights_are_never_negative_and_add_up_to_one_at_every_pixel(drawn):
    layout, grid = drawn
    total = np.zeros(layout["shape"])
    for (rows, columns), weight in zip(grid.windows(), grid.weights(), strict=True):
        assert weight.min() >= 0
        total[rows, columns] += weight
    np.testing.assert_allclose(total, 1, atol=1e-6)


@given(grids())
def test_tiles_lie_in_the_image_at_multiples_of_the_networks_step(drawn):
    layout, grid = drawn
    for window in grid.windows():
        for part, length in zip(window, layout["shape"], strict=True):
            assert part.start >= 0 and part.stop <= length
            assert part.start % layout["multiple"] == part.stop % layout["multiple"] == 0
    assert len(list(grid.windows())) == len(grid)


@given(grids())
def test_the_margin_counts_at_the_border_of_the_image_and_not_at_a_cut(drawn):
    _, grid = drawn
    for axis in (grid.rows, grid.columns):
        for start, weight in zip(axis.starts, axis.weights, strict=True):
            assert (weight[: axis.margin] > 0).all() if not start else True
            assert not weight[: axis.margin].any() if start else True
            if start + axis.tile < axis.length:
                assert not weight[len(weight) - axis.margin :].any()


@given(layouts(), st.integers(1, 50_000))
def test_tiles_have_no_more_pixels_than_allowed_wherever_that_can_be(layout, pixels):
    grid = fit_grid(**layout, pixels=pixels)
    assert grid.pixels <= max(pixels, layout["multiple"] ** 2)
    if pixels >= np.prod(layout["shape"]):
        assert len(grid) == 1


@pytest.mark.parametrize("pixels", [300_000, 1_000_000, 3_000_000])
def test_the_grid_is_the_cheapest_of_all_counts_that_fit(pixels):
    layout = {"shape": (4096, 3072), "overlap": 128, "radius": None, "multiple": 16}
    found = fit_grid(**layout, pixels=pixels)
    rivals = (
        fit_grid(**{**layout, "shape": (4096, 3072)}, pixels=smaller)
        for smaller in range(pixels // 2, pixels, pixels // 50)
    )
    assert found.cost <= min(rival.cost for rival in rivals)


def test_an_overlap_of_twice_the_radius_makes_the_margin_the_radius():
    layout = {"shape": (1024, 1024), "side": 400, "multiple": 8}
    assert grid_of_side(**layout, overlap=200, radius=100).rows.margin == 100
    assert grid_of_side(**layout, overlap=128, radius=100).rows.margin == 48
    assert grid_of_side(**layout, overlap=200, radius=None).rows.margin == 75


def test_between_margins_one_weight_falls_as_the_other_rises_along_a_hamming_window():
    grid = grid_of_side((100, 300), side=180, overlap=60, radius=None, multiple=1)
    first, second = grid.columns.weights
    start, margin = grid.columns.starts[1], grid.columns.margin
    shared = slice(margin, grid.columns.tile - start - margin)
    falling, rising = first[start:][shared], second[shared]
    np.testing.assert_allclose(falling + rising, 1, atol=1e-6)
    half_window = np.hamming(2001)[:1001]
    places = (np.arange(len(rising)) + 0.5) / len(rising)
    expected = np.interp(places, np.linspace(0, 1, 1001), half_window) / 1.08
    np.testing.assert_allclose(rising, expected, atol=1e-4)
