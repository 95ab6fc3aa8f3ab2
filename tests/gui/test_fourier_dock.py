"""The Fourier checks dock, in the real window: draw, see the spectrum, run, plot."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QPushButton

from napari_insitu_tem import Job, Movie
from napari_insitu_tem.gui.fourier import FourierDock
from napari_insitu_tem.simulate.lattice import LatticeMovieSettings, simulate_lattice

pytestmark = pytest.mark.window


@pytest.fixture(scope="module")
def pair():
    settings = LatticeMovieSettings(
        change="pair", height=128, width=160, period=10, n_frames=5, dose=40
    )
    return simulate_lattice(settings, Job(on_progress=lambda _: None)).with_name("pair")


@pytest.fixture
def dock(viewer, show, pair):
    show(pair.movie)
    dock = FourierDock(viewer)
    viewer.window.add_dock_widget(dock, name="Fourier checks")
    return dock


def press(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def draw_two(qtbot, dock):
    press(qtbot, dock, "draw_region")
    press(qtbot, dock, "draw_region")
    layer = dock.regions.layer
    boxes = [(16, 112, 18, 76), (16, 112, 84, 142)]
    layer.data = [
        np.array([(top, left), (top, right), (bottom, right), (bottom, left)], float)
        for top, bottom, left, right in boxes
    ]


def test_the_spectrum_follows_region_and_slider(qtbot, viewer, dock):
    qtbot.waitUntil(lambda: dock.spectrum.picture is not None, timeout=20_000)
    draw_two(qtbot, dock)
    layer = dock.regions.layer
    layer.selected_data = {0}
    viewer.dims.set_current_step(0, 0)

    def turned_as_region_1() -> bool:
        angles = [pair.angle % 90 for pair in dock.spectrum.picture.pairs]
        return bool(angles) and abs(angles[0] - (90 - 6.85)) < 1

    qtbot.waitUntil(turned_as_region_1, timeout=20_000)
    first = dock.spectrum.picture
    assert "at 83." in dock.peaks.text() or "at 173." in dock.peaks.text()
    assert len(first.pairs) >= 2 and first.pairs[0].spacing == pytest.approx(10, rel=0.02)
    viewer.dims.set_current_step(0, 4)
    qtbot.waitUntil(lambda: dock.spectrum.picture is not first, timeout=20_000)
    radial = dock.radial.picture
    assert radial.unit == "nm" and radial.marks[0][1].startswith("0.1")
    assert abs(1 / radial.marks[0][0] - 0.14) < 0.003
    press(qtbot, dock, "whole_frame")
    assert dock.settings().regions == ""


def test_running_adds_maps_and_plots(qtbot, viewer, dock, pair, tmp_path):
    draw_two(qtbot, dock)
    assert dock.settings().regions.startswith("16.0,18.0 ")
    with qtbot.waitSignal(dock.finished, timeout=60_000):
        press(qtbot, dock, "run")
    names = [layer.name for layer in viewer.layers]
    assert names == ["pair", "Fourier regions", "pair [lattice]", "pair [lattice change]"]
    extent, change = viewer.layers["pair [lattice]"], viewer.layers["pair [lattice change]"]
    assert extent.data.shape == (5, 128, 160) and change.data.shape == (128, 160)
    assert tuple(change.scale) == pytest.approx((0.014, 0.014))
    assert "Angle of region 2" in dock._message.text()
    which = dock.findChild(QComboBox, "which_plot")
    assert which.currentData() == "misorientation"
    paths = dock.plots.save(tmp_path / "angle.svg")
    assert {path.name for path in paths} == {"angle.svg", "angle.csv"}
    with qtbot.waitSignal(dock.finished, timeout=60_000):
        press(qtbot, dock, "run")
    assert [layer.name for layer in viewer.layers] == names


def test_an_ellipse_is_a_region(viewer, dock):
    layer, _ = dock.regions.add(dock.input_layer())
    box = np.array([(20, 20), (20, 100), (80, 100), (80, 20)], float)
    layer.data = [(box, "ellipse")]
    (corners,) = dock.regions.corners(dock.input_layer())
    assert corners.min(axis=0) == pytest.approx((20, 20), abs=0.1)
    assert corners.max(axis=0) == pytest.approx((80, 100), abs=0.1)
    assert len(corners) > 20


def test_what_fails_is_said_in_the_panel(qtbot, viewer, dock, show):
    with pytest.raises(ValueError, match="no plot"):
        dock.plots.save("x.svg")
    noise = np.random.default_rng(0).poisson(9, (3, 64, 64)).astype(np.uint16)
    show(Movie(noise, name="noise"))
    dock._chooser.value = viewer.layers["noise"]
    press(qtbot, dock, "run")
    qtbot.waitUntil(lambda: "no lattice fringes" in dock._message.text(), timeout=20_000)
    qtbot.waitUntil(lambda: "No fringes" in dock.peaks.text(), timeout=20_000)
