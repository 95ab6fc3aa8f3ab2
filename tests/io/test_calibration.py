import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.io import calibration
from napari_insitu_tem.io.signal import Axis

NANOMETRES = {
    "nm": 1.0, "nanometer": 1.0, "pm": 1e-3, "µm": 1e3, "μm": 1e3, "um": 1e3, "micron": 1e3,
    "microns": 1e3, "\\u00B5m": 1e3, "micrometer": 1e3, "ƒÊm": 1e3,
    "\N{ANGSTROM SIGN}": 0.1, "Å": 0.1, "A": 0.1, "angstrom": 0.1, "Ångström": 0.1,
    "m": 1e9, "mm": 1e6, "[nm]": 1.0,
}  # fmt: skip


def both(scale, unit):
    return calibration.pixel_size(Axis("y", scale, unit), Axis("x", scale, unit))


@pytest.mark.parametrize("unit", NANOMETRES)
def test_every_spelling_of_a_unit_of_length_gives_nanometres(unit):
    size, refused = both(0.5 / NANOMETRES[unit], unit)
    assert refused == ""
    assert size == pytest.approx(0.5, rel=1e-9)


@given(st.floats(1e-3, 1e4), st.sampled_from(sorted(NANOMETRES)))
def test_a_pixel_size_is_the_same_in_any_unit(size, unit):
    found, refused = both(size / NANOMETRES[unit], unit)
    assert refused == ""
    assert found == pytest.approx(size, rel=1e-9)


@pytest.mark.parametrize("unit", ["1/nm", "1 / nm", "nm^-1", "nm-1", "1/Å", "Å⁻¹", "1/m", "mrad"])
def test_a_diffraction_pattern_has_no_pixel_size_in_nm(unit):
    size, refused = both(0.04, unit)
    assert size is None
    assert "diffraction" in refused


@pytest.mark.parametrize(
    ("scale", "unit", "word"),
    [
        (-1.0, "nm", "-1 nm"),
        (0.0, "nm", "0 nm"),
        (float("nan"), "nm", "nan"),
        (float("inf"), "nm", "inf"),
        (4.2e16, "nm", "4.2e+16 nm"),
        (1e-6, "nm", "no electron microscope"),
        (1.0, "", "default scale of 1"),
        (1.0, "<undefined>", "default scale of 1"),
        (0.25, "", "without a unit"),
        (0.25, "furlong", "not a unit of length"),
        (0.25, "s", "not a unit of length"),
    ],
)
def test_a_pixel_size_that_cannot_be_right_is_refused_with_a_reason(scale, unit, word):
    size, refused = both(scale, unit)
    assert size is None
    assert word in refused


@pytest.mark.parametrize("axis", [Axis("x"), Axis("x", 1.0, "pixel"), Axis("x", 0.5, "px")])
def test_nothing_is_refused_where_nothing_is_claimed(axis):
    assert calibration.pixel_size(axis, axis) == (None, "")


def test_pixels_that_are_not_square_by_more_than_one_percent_are_refused():
    assert calibration.pixel_size(Axis("y", 0.1, "nm"), Axis("x", 0.1005, "nm"))[0] == (
        pytest.approx(0.10025)
    )
    size, refused = calibration.pixel_size(Axis("y", 0.1, "nm"), Axis("x", 0.102, "nm"))
    assert size is None
    assert "0.102 nm wide but 0.1 nm high" in refused


def test_pixels_of_different_units_are_compared_in_nanometres():
    assert calibration.pixel_size(Axis("y", 100, "pm"), Axis("x", 0.1, "nm")) == (0.1, "")


def test_a_pixel_size_of_one_direction_only_is_refused():
    size, refused = calibration.pixel_size(Axis("y"), Axis("x", 0.1, "nm"))
    assert size is None
    assert "one direction" in refused


@pytest.mark.parametrize(
    ("unit", "seconds"),
    [("s", 2.0), ("ms", 2e-3), ("µs", 2e-6), ("min", 120.0), ("h", 7200.0), ("seconds", 2.0)],
)
def test_times_are_read_in_seconds(unit, seconds):
    assert calibration.time_step(Axis("t", 2.0, unit)) == (pytest.approx(seconds), "")


@pytest.mark.parametrize("scale", [0.0, -0.5, float("nan"), 1e9])
def test_a_time_that_cannot_be_right_is_refused(scale):
    step, refused = calibration.time_step(Axis("t", scale, "s"))
    assert step is None
    assert "cannot be right" in refused
