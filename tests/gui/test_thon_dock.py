"""The Thon rings dock, in the real window: rings of the shown frame, run, plot, save."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QPushButton

from napari_insitu_tem import Movie
from napari_insitu_tem.gui.radial_view import spacing_ticks
from napari_insitu_tem.gui.thon import ThonDock
from napari_insitu_tem.simulate.hrtem import HrtemSettings, draw_frame

pytestmark = pytest.mark.window


@pytest.fixture(scope="module")
def film():
    frames = []
    for seed, defocus in enumerate((80.0, 110.0)):
        settings = HrtemSettings(
            height=256, width=256, pixel_size=(0.05, 0.05), particles=(0, 0), carbon=(6, 6),
            film_edge=0, energies=(300.0,), uncorrected=0, defocus=(defocus, defocus),
            spherical_aberration=(0, 0), astigmatism=(8, 8), dose=(500, 500),
        )  # fmt: skip
        frames.append(draw_frame(settings, np.random.default_rng(seed)).image)
    return Movie(np.stack(frames), pixel_size=0.05, frame_time=0.5, name="film")


@pytest.fixture
def dock(viewer, show, film):
    show(film)
    dock = ThonDock(viewer)
    viewer.window.add_dock_widget(dock, name="Thon rings")
    return dock


def press(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def test_the_rings_follow_slider_and_region(qtbot, viewer, dock):
    viewer.dims.set_current_step(0, 0)
    qtbot.waitUntil(lambda: "Defocus 8" in dock.words.text() or "Defocus 79" in dock.words.text(),
                    timeout=240_000)  # fmt: skip
    assert dock.rings.picture.fitted and dock.radial.picture.unit == "nm"
    viewer.dims.set_current_step(0, 1)
    qtbot.waitUntil(lambda: "Defocus 1" in dock.words.text(), timeout=240_000)
    press(qtbot, dock, "draw_region")
    assert dock.settings().region.startswith("64.0,64.0 ")
    press(qtbot, dock, "whole_frame")
    assert dock.settings().region == ""


def test_running_plots_the_course_and_saves_it(qtbot, viewer, dock, tmp_path):
    with qtbot.waitSignal(dock.finished, timeout=400_000):
        press(qtbot, dock, "run")
    assert "Defocus" in dock._message.text()
    assert [layer.name for layer in viewer.layers] == ["film"]
    which = dock.findChild(QComboBox, "which_plot")
    assert [which.itemData(index) for index in range(which.count())] == [
        "thon", "astigmatism", "rings"
    ]  # fmt: skip
    written = dock.plots.save(tmp_path / "defocus.svg")
    assert {path.suffix for path in written} == {".svg", ".csv"}


def test_a_movie_without_pixel_size_is_told_what_to_do(qtbot, viewer, show, film):
    show(film.replace(pixel_size=None))
    dock = ThonDock(viewer)
    qtbot.addWidget(dock)
    qtbot.waitUntil(lambda: "Calibrate" in dock.words.text(), timeout=240_000)
    assert dock.rings.picture is None


def test_the_ticks_of_a_spacing_axis_are_round():
    assert spacing_ticks(0.5, 10.0) == pytest.approx([0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2])
