"""A rectangle over a movie, read in its pixels, dragged with the mouse in the real window."""

import numpy as np
import pytest
from canvas import Canvas

from napari_insitu_tem.gui.drawn_rectangle import DrawnRectangle

pytestmark = pytest.mark.window


@pytest.fixture
def movie(viewer):
    """A movie of 80 × 100 px of half a nanometre, which does not begin at the origin."""
    layer = viewer.add_image(np.zeros((3, 80, 100)), scale=(0.1, 0.5, 0.5), translate=(0, 7, -4))
    viewer.show()
    return layer


@pytest.fixture
def rectangle(viewer, movie):
    return DrawnRectangle(viewer, "region", lambda: None)


def test_a_rectangle_that_was_not_drawn_has_no_corners(rectangle, movie):
    assert rectangle.corners(movie) is None and rectangle.box(movie) is None


def test_it_is_read_in_the_pixels_of_the_movie(rectangle, movie):
    rectangle.show(movie, (9.5, 19.5), (29.5, 59.5))
    np.testing.assert_allclose(rectangle.corners(movie).min(axis=0), (9.5, 19.5))
    assert rectangle.box(movie) == (10, 20, 20, 40)


def test_dragging_it_moves_it_and_tells(viewer, movie):
    told = []
    rectangle = DrawnRectangle(viewer, "region", lambda: told.append(rectangle.box(movie)))
    rectangle.show(movie, (9.5, 19.5), (29.5, 59.5))
    told.clear()
    Canvas(viewer, movie).drag((20, 40), (45, 30))
    assert rectangle.box(movie) == (35, 10, 20, 40)
    assert told and told[-1] == rectangle.box(movie)


def test_what_is_hidden_or_removed_does_not_count(viewer, rectangle, movie):
    rectangle.show(movie, (9.5, 19.5), (29.5, 59.5))
    rectangle.hide()
    assert rectangle.box(movie) is None
    rectangle.show(movie, (0, 0), (10, 10))
    assert rectangle.box(movie) is not None and len(viewer.layers) == 2
    viewer.layers.remove("region")
    assert rectangle.box(movie) is None
