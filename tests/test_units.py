"""Units: one place converts, and the name says the unit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem import units

sizes = st.none() | st.floats(1e-3, 1e3)


@pytest.mark.parametrize(
    ("pixel_size", "column", "label"),
    [(0.5, "area_nm2", "Area (nm²)"), (None, "area_px2", "Area (px²)")],
)
def test_the_name_says_the_unit(pixel_size, column, label):
    assert units.column_name("area", pixel_size, None) == column
    assert units.axis_label("area", pixel_size, None) == label


def test_an_angle_is_in_degrees_whatever_the_calibration():
    assert units.column_name("orientation", 0.5, 0.1) == "orientation_deg"
    assert units.factor("orientation", 0.5, 0.1) == 1


@given(sizes, sizes, st.floats(1e-3, 1e6))
def test_areas_scale_with_the_square_of_lengths(pixel_size, frame_time, side):
    table = pd.DataFrame({"equivalent_diameter": [side], "area": [side**2], "frame": [3]})
    published = units.publish(table, pixel_size, frame_time)
    length = units.column_name("equivalent_diameter", pixel_size, frame_time)
    area = units.column_name("area", pixel_size, frame_time)
    assert np.isclose(published[length][0] ** 2, published[area][0])
    assert published["frame"][0] == 3
    assert list(table.columns) == ["equivalent_diameter", "area", "frame"]


def test_a_quantity_cannot_be_declared_twice_differently():
    with pytest.raises(ValueError, match="declared twice"):
        units.register(area=units.Quantity("Area", length=3))
