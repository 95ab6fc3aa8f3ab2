"""The Zone axis dock, in the real window: run, move the threshold, go to readable frames."""

import numpy as np
import pytest
from canvas import Canvas, click_plot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton

from napari_insitu_tem import Job, Movie
from napari_insitu_tem.gui.layers import layer_data
from napari_insitu_tem.gui.zone_axis import ZoneAxisDock
from napari_insitu_tem.tasks.zone_axis import ZoneAxisSettings, zone_axis
from tilting import tilting_movie

pytestmark = pytest.mark.window


@pytest.fixture
def dock(viewer, show):
    viewer.window.resize(1200, 800)
    show(tilting_movie().movie)
    dock = ZoneAxisDock(viewer)
    viewer.window.add_dock_widget(dock, name="Zone axis")
    return dock


@pytest.fixture(scope="module")
def found():
    return zone_axis(tilting_movie().movie, ZoneAxisSettings(), Job(on_progress=lambda _: None))


@pytest.fixture
def shown(viewer, dock, found):
    """The dock with a result."""
    movie = viewer.layers["tilting particles"]
    dock.show_result(found, layer_data(found, movie.name), movie)
    return dock


def press(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def test_the_threshold_takes_effect_without_running_again(qtbot, viewer, dock, tmp_path):
    with pytest.raises(ValueError, match="nothing to save"):
        dock.save(tmp_path / "x.csv")
    with qtbot.waitSignal(dock.finished, timeout=300_000):
        press(qtbot, dock, "run")
    name = "tilting particles"
    assert [layer.name for layer in viewer.layers] == [
        name, f"{name} [zone axis]", f"{name} [particles]",
    ]  # fmt: skip
    shown = viewer.layers[f"{name} [zone axis]"]
    assert tuple(shown.contrast_limits) == (0, 1) and shown.colormap.colors[0, 3] == 0
    assert tuple(shown.scale[1:]) == pytest.approx((0.05, 0.05))

    words = dock.findChild(QLabel, "passing")
    assert "4 of 6 images" in words.text()
    left = int(dock.found.table.sort_values("x")["particle"].iloc[0])
    dock.readable.choose(left)
    assert dock.readable.strip.corrected == {0} and set(dock.readable.strip.suspicious) == {1, 2}
    viewer.dims.set_current_step(0, 2)
    press(qtbot, dock, "previous_readable")
    assert viewer.dims.current_step[0] == 0
    outlines = viewer.layers[f"{name} [particles]"]
    green = outlines.colormap.color_dict[left].copy()
    dock.readable.slider.setValue(100)
    assert "0 of 6 images" in words.text() and not dock.readable.strip.corrected
    assert not np.allclose(outlines.colormap.color_dict[left], green)
    assert dock.settings().threshold == 1.0
    dock.readable.slider.setValue(0)
    assert "6 of 6 images" in words.text()

    assert {path.name for path in dock.save(tmp_path / "a.svg")} == {"a.svg", "a.csv"}
    dock.save(tmp_path / "table.csv")
    assert "evenness" in (tmp_path / "table.csv").read_text("utf-8").splitlines()[0]


def test_a_click_on_a_particle_chooses_it_and_a_drag_does_not(viewer, shown):
    viewer.show()
    viewer.dims.set_current_step(0, 0)
    outlines = viewer.layers["tilting particles [particles]"]
    left, right = int(outlines.data[0, 64, 55]), int(outlines.data[0, 64, 152])
    assert {left, right} == {1, 2} and shown.readable.particle == 0
    viewer.layers.selection.active = outlines
    canvas = Canvas(viewer, outlines)
    canvas.click(64, 152)
    assert shown.readable.particle == right
    assert outlines.colormap.color_dict[left][3] < 1 == outlines.colormap.color_dict[right][3]
    canvas.drag((64, 55), (64, 61))
    canvas.click(8, 104)
    assert shown.readable.particle == right
    canvas.click(64, 55)
    assert shown.readable.particle == left


def test_a_click_in_the_plot_goes_to_particle_and_frame(qtbot, viewer, shown):
    viewer.show()
    viewer.dims.set_current_step(0, 0)
    which = shown.plots.which
    which.setCurrentIndex(which.findData("evenness"))
    times = shown.found.movie.time
    for _, row in shown.found.table[shown.found.table["frame"] > 0].iterrows():
        x = row["frame"] if times is None else times[int(row["frame"])]
        click_plot(qtbot, shown.plots.canvas, x, row["evenness"])
        assert viewer.dims.current_step[0] == row["frame"]
        assert shown.readable.particle == row["particle"]


def test_what_fails_is_said_in_the_panel(qtbot, viewer, dock, show):
    show(Movie(np.ones((2, 96, 96), np.float32), name="plain"))
    dock._chooser.value = viewer.layers["plain"]
    press(qtbot, dock, "run")
    qtbot.waitUntil(lambda: "no pixel size" in dock._message.text(), timeout=60_000)
