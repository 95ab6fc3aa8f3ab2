import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from napari_insitu_tem import Job, figures
from napari_insitu_tem.figures.style import axis_label, with_error
from napari_insitu_tem.tasks.measure import measure
from walks import brownian, table_of, tracking_of


@pytest.fixture(scope="module")
def measured():
    rng = np.random.default_rng(0)
    positions = brownian(rng, tracks=12, frames=60, diffusion=0.5, noise=0.2, substeps=4)
    positions += rng.uniform(40, 160, (12, 1, 2))
    angles = brownian(rng, tracks=12, frames=60, diffusion=4, dimensions=1, substeps=4)
    diameter = rng.normal(20, 2, (12, 1)) + 0.05 * np.arange(60)
    tracking = tracking_of(
        table_of(positions, angles, diameter=diameter),
        shape=(200, 200),
        pixel_size=0.5,
        frame_time=0.1,
    )
    log = pd.DataFrame({"temperature_C": np.linspace(20, 800, 60)})
    movie = tracking.movie.replace(frames=log)
    tracking = tracking.replace(segmentation=tracking.segmentation.replace(movie=movie))
    return measure(tracking, job=Job(on_progress=lambda progress: None))


def draw(name, measured, **options):
    axes = Figure().add_subplot()
    return figures.FIGURES[name](measured, axes, **options), axes


@pytest.mark.parametrize("name", list(figures.FIGURES))
def test_every_figure_has_a_title_labels_with_units_and_numbers_behind_it(name, measured):
    drawn, axes = draw(name, measured)
    assert figures.TITLES[name]
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    assert len(drawn.data)
    with_units = {"sizes": "nm", "over_time": "nm", "msd": "nm²", "msad": "deg²"}
    assert with_units.get(name, "") in axes.get_xlabel() + axes.get_ylabel()


@pytest.mark.parametrize("name", list(figures.FIGURES))
def test_every_figure_says_so_when_there_is_nothing_to_show(name, measured):
    tracking = measured.tracking.replace(particles=measured.tracking.particles.iloc[:0])
    nothing = measure(tracking, job=Job(on_progress=lambda progress: None))
    draw(name, nothing)


def test_a_saved_svg_keeps_text_as_text_and_has_its_csv_beside_it(measured, tmp_path):
    paths = figures.save("msd", measured, tmp_path / "msd.svg")
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    words = [
        "".join(node.itertext()) for node in ET.parse(paths[0]).iter() if node.tag.endswith("text")
    ]
    assert "Lag (s)" in words
    table = pd.read_csv(paths[1])
    assert list(table)[:2] == ["lag_s", "msd_nm2"]
    expected = measured.curves["msd"]["msd"].iloc[0] * 0.25
    assert table["msd_nm2"].iloc[0] == pytest.approx(expected)


def test_what_cannot_be_drawn_is_refused_in_plain_words(measured, tmp_path):
    with pytest.raises(ValueError, match="no figure 'pie'"):
        figures.save("pie", measured, tmp_path / "pie.svg")
    with pytest.raises(ValueError, match="not 'msd.docx'"):
        figures.save("msd", measured, tmp_path / "msd.docx")
    with pytest.raises(ValueError, match="no quantity 'colour'"):
        figures.save("over_time", measured, tmp_path / "a.svg", quantity="colour")
    assert not list(tmp_path.iterdir())


def test_the_bars_of_the_size_distribution_hold_every_whole_particle(measured):
    drawn, _ = draw("sizes", measured)
    assert drawn.data["particles"].sum() == len(measured.tracking.particles)
    one, _ = draw("sizes", measured, frame=3)
    assert one.data["particles"].sum() == 12
    assert set(one.points["frame"]) == {3}
    assert drawn.data.columns[0] == "equivalent_diameter_nm_from"


def test_a_quantity_can_run_over_temperature(measured):
    drawn, axes = draw("over_time", measured, quantity="area", against="temperature_C")
    assert axes.get_xlabel() == "Temperature (°C)"
    assert drawn.frame_x[-1] == 800
    assert {"temperature_C", "area_nm2"} <= set(drawn.data)


def test_frames_have_whole_numbers(measured):
    _, axes = draw("over_time", measured, quantity="count", against="frame")
    assert all(float(tick).is_integer() for tick in axes.get_xticks())


def test_points_lie_where_the_particles_are_drawn(measured):
    drawn, axes = draw("trajectories", measured)
    particles = measured.tracking.particles
    row = particles[(particles["track"] == 4) & (particles["frame"] == 10)].iloc[0]
    point = drawn.points[(drawn.points["track"] == 4) & (drawn.points["frame"] == 10)].iloc[0]
    assert (point["x"], point["y"]) == pytest.approx((row["x"] * 0.5, row["y"] * 0.5))
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # as in the image, y runs down


def test_axis_labels_know_our_units_and_a_logs(measured):
    assert axis_label("diffusion", measured) == "Diffusion coefficient (nm² s⁻¹)"
    assert axis_label("set_temperature_C", measured) == "Set temperature (°C)"
    assert axis_label("something_else", measured) == "Something else"


def test_values_are_written_to_the_digits_that_their_error_leaves():
    assert with_error(1.23456, 0.0123, "nm") == "1.235 ± 0.012 nm"
    assert with_error(1234.5, 100) == "1234 ± 100"
    assert with_error(1.5e-7, 2e-8) == "(1.50 ± 0.20) × 10$^{-7}$"
    assert with_error(2.0, float("nan")) == "2"


def test_importing_figures_does_not_import_matplotlib():
    code = "import sys, napari_insitu_tem.figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
