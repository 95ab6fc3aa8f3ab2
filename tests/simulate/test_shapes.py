import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.simulate import shapes
from napari_insitu_tem.simulate.contact import gaps

FRAME = (128, 128)
kinds = st.sampled_from(list(shapes.SHAPES))
places = st.tuples(st.floats(50, 70), st.floats(50, 70))


def whole(shape, size, centre, angle, **options):
    window, coverage, absorbed = shapes.project(shape, size, centre, angle, FRAME, **options)
    image, dark = np.zeros(FRAME), np.zeros(FRAME)
    image[window], dark[window] = coverage, absorbed
    return image, dark


@settings(max_examples=60, deadline=None)
@given(kinds, st.floats(6, 80), places, st.floats(-400, 400))
def test_the_covered_area_is_the_outline_s(shape, size, centre, angle):
    image, _ = whole(shape, size, centre, angle)
    area = float(shapes.outline_area(shape, size))
    assert image.sum() == pytest.approx(area, abs=0.2)
    assert image.min() >= 0
    assert image.max() <= 1


@settings(max_examples=60, deadline=None)
@given(kinds, st.floats(6, 80), places, st.floats(-400, 400))
def test_the_centroid_of_the_coverage_is_the_given_centre(shape, size, centre, angle):
    image, _ = whole(shape, size, centre, angle)
    found = np.array([(np.indices(FRAME)[axis] * image).sum() for axis in (0, 1)]) / image.sum()
    assert np.abs(found - centre).max() < 0.05


@settings(max_examples=40, deadline=None)
@given(kinds, st.floats(20, 60), places, st.floats(-180, 180))
def test_the_far_point_lies_in_the_direction_of_the_angle(shape, size, centre, angle):
    fold = shapes.symmetry(shape)
    if fold == 0:
        return
    image, _ = whole(shape, size, centre, angle)
    y, x = np.indices(FRAME)
    dy, dx = y - centre[0], x - centre[1]
    # Counter-clockwise on the screen from +x, y pointing down.
    moment = np.sum(image * np.hypot(dy, dx) ** fold * np.exp(1j * fold * np.arctan2(-dy, dx)))
    found = np.degrees(np.angle(moment)) / fold
    period = 360 / fold
    assert abs((found - angle + period / 2) % period - period / 2) < 0.5


@pytest.mark.parametrize("shape", ["cube", "prism", "hexagon"])
def test_a_flat_particle_absorbs_by_beer_and_lambert(shape):
    _, absorbed = whole(shape, 40, (64, 64), 20, attenuation=0.02)
    thickness = 40 * {"cube": 1.0, "prism": 0.4, "hexagon": 0.4}[shape]
    assert absorbed[64, 64] == pytest.approx(1 - np.exp(-thickness * 0.02))
    transmitted_less = absorbed.sum() / (1 - np.exp(-thickness * 0.02))
    assert transmitted_less == pytest.approx(float(shapes.outline_area(shape, 40)), rel=0.005)


def test_a_sphere_absorbs_as_its_volume_when_it_is_thin_to_the_beam():
    _, absorbed = whole("sphere", 30, (60.3, 63.8), 0, attenuation=1e-6)
    assert absorbed.sum() / 1e-6 == pytest.approx(np.pi / 6 * 30**3, rel=0.01)


def test_a_rod_absorbs_as_its_volume_when_it_is_thin_to_the_beam():
    _, absorbed = whole("rod", 45, (60.3, 63.8), 33, attenuation=1e-6, aspect_ratio=3)
    volume = np.pi / 6 * 15**3 + np.pi / 4 * 15**2 * 30
    assert absorbed.sum() / 1e-6 == pytest.approx(volume, rel=0.01)


def test_a_particle_that_is_out_of_the_frame_covers_nothing():
    _, coverage, absorbed = shapes.project("sphere", 10, (-40, 20), 0, FRAME, attenuation=0.1)
    assert coverage.size == absorbed.size == 0


def test_a_particle_at_the_edge_is_cut_off():
    image, _ = whole("cube", 20, (-0.5, 64), 45)
    assert image.sum() == pytest.approx(200, rel=0.01)


@settings(max_examples=80, deadline=None)
@given(st.floats(5, 40), st.floats(5, 40), st.floats(-180, 180), st.floats(0, 60))
def test_gaps_between_squares_agree_with_a_fine_mask(first, second, angle, distance):
    one = shapes.vertices("cube", first, np.zeros(2), 10.0)
    two = shapes.vertices("cube", second, np.array([distance, 0.3 * distance]), angle)
    gap = gaps(one[np.newaxis], two[np.newaxis])[0]
    if abs(gap) < 0.3:
        return
    grid = np.stack(np.meshgrid(*[np.arange(-40, 100, 0.25)] * 2, indexing="ij"), -1)
    both = np.ones(grid.shape[:2], bool)
    for corners in (one, two):
        for here, there in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            side = there - here
            cross = side[0] * (grid[..., 1] - here[1]) - side[1] * (grid[..., 0] - here[0])
            centre = side[0] * (corners.mean(0)[1] - here[1]) - side[1] * (
                corners.mean(0)[0] - here[0]
            )
            both &= cross * np.sign(centre) >= 0
    assert both.any() == (gap < 0)


def test_touching_polygons_have_no_gap():
    one = shapes.vertices("cube", 10, np.zeros(2), 45.0)
    two = shapes.vertices("cube", 10, np.array([0, 10.0]), 45.0)
    assert gaps(one[np.newaxis], two[np.newaxis])[0] == pytest.approx(0, abs=1e-9)
