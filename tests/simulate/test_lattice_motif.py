"""A lattice drawn from the picture of its cell: whole, it is that picture repeated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.simulate.lattice.motif import draw_motifs, shown_harmonics, window
from napari_insitu_tem.simulate.lattice.spots import basis, lattice_points

SHAPE = (60, 70)
# Order along the rows, order along the columns, real and imaginary part; no symmetry at all.
HARMONICS = ((0, 0, 0.2, 0.0), (1, 0, 0.3, 0.1), (0, 1, 0.2, -0.2), (1, 2, 0.1, 0.05))


def wave(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """The picture's value at places in periods: `along` to the right, `across` down."""
    return sum(
        re * np.cos(2 * np.pi * (k * across + m * along))
        - im * np.sin(2 * np.pi * (k * across + m * along))
        for k, m, re, im in HARMONICS
    )


def picture(points: int = 64) -> np.ndarray:
    step = np.arange(points) / points
    return wave(step[np.newaxis, :], step[:, np.newaxis])


def drawn(origin=(20.0, 30.0), *, period=12.0, angle=0.0, cell=None, shape=SHAPE) -> np.ndarray:
    points = lattice_points(basis("square", period, angle), np.array(origin), shape, 3 * period)
    cell = picture() if cell is None else cell
    return draw_motifs(points, np.ones(len(points)), cell, shape, period=period, angle=angle)


@given(st.floats(-5, 5))
def test_the_windows_of_all_points_add_up_to_one(place):
    assert window(place - np.arange(-7, 8)).sum() == pytest.approx(1, abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(st.floats(4, 25), st.floats(-180, 180), st.tuples(st.floats(-30, 90), st.floats(-30, 90)))
def test_a_whole_lattice_is_its_cell_repeated_at_any_angle(period, angle, origin):
    y, x = np.indices(SHAPE)
    down, right = y - origin[0], x - origin[1]
    turn = np.radians(angle)
    along = (right * np.cos(turn) - down * np.sin(turn)) / period
    across = (down * np.cos(turn) + right * np.sin(turn)) / period
    image = drawn(origin, period=period, angle=angle)
    np.testing.assert_allclose(image, wave(along, across), atol=2e-5)


def test_a_motif_holds_the_mean_of_the_cell_times_its_area():
    alone = draw_motifs(
        np.array([[30.3, 35.8]]), np.array([0.7]), picture(), SHAPE, period=14.0, angle=23.0
    )
    assert alone.sum() == pytest.approx(0.7 * 0.2 * 14**2, rel=1e-3)


def test_beyond_a_diagonal_of_its_cell_a_motif_is_nothing():
    alone = draw_motifs(np.array([[30.0, 35.0]]), np.ones(1), picture(), SHAPE, period=12, angle=45)
    y, x = np.indices(SHAPE)
    far = np.hypot(y - 30, x - 35) > 12 * np.sqrt(2)
    assert not alone[far].any() and alone[30, 35] == pytest.approx(picture()[0, 0], abs=1e-5)


def test_points_of_no_height_are_not_there_and_those_beyond_the_edge_reach_in():
    outside = np.array([[-4.0, 30.0], [30.0, 30.0]])
    image = draw_motifs(outside, np.array([1.0, 0.0]), picture(), SHAPE, period=12, angle=0)
    assert np.abs(image[:7]).max() > 0.1 and not image[9:].any()
    nothing = draw_motifs(np.empty((0, 2)), np.empty(0), picture(), SHAPE, period=12, angle=0)
    assert nothing.shape == SHAPE and not nothing.any()


def test_turning_the_lattice_by_90_degrees_turns_its_picture():
    middle, shape = (30.0, 30.0), (61, 61)
    upright, turned = drawn(middle, shape=shape), drawn(middle, angle=90.0, shape=shape)
    np.testing.assert_allclose(turned, np.rot90(upright), atol=1e-5)
    assert np.abs(turned - upright).max() > 0.1  # this cell has no such symmetry


def test_of_a_cell_of_few_pixels_only_what_they_can_show_is_left():
    kept = shown_harmonics(picture(), 3.0)
    spectrum = np.abs(np.fft.fft2(kept)) / kept.size
    assert spectrum[0, 0] == pytest.approx(0.2) and spectrum[1, 0] > 0.1
    assert spectrum[1, 2] < 1e-12
    np.testing.assert_allclose(shown_harmonics(picture(), 10.0), picture(), atol=1e-12)
