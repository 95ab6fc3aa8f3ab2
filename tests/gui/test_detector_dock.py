"""The Detector dock, in the real window: find, draw, run, plot, keep."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit, QPushButton

from napari_insitu_tem import Movie
from napari_insitu_tem.gui.denoise import DenoiseDock
from napari_insitu_tem.gui.detector import DetectorDock
from napari_insitu_tem.gui.layers import movie_from_layer
from napari_insitu_tem.io.cameras import list_cameras
from napari_insitu_tem.simulate.detector import DetectorSettings, detect


@pytest.fixture(autouse=True)
def cameras(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_CAMERAS", str(tmp_path / "cameras"))


@pytest.fixture
def movie() -> Movie:
    rng = np.random.default_rng(4)
    y, x = np.mgrid[:256, :256]
    scene = np.where((y - 60) ** 2 + (x - 60) ** 2 < 20**2, 10.0, 30.0)
    frames = [detect(scene, DetectorSettings(), rng) for _ in range(6)]
    return Movie(np.stack(frames), pixel_size=0.1, frame_time=0.5, name="recording")


@pytest.fixture
def dock(viewer, show, movie):
    show(movie)
    dock = DetectorDock(viewer)
    viewer.window.add_dock_widget(dock, name="Detector")
    dock.form.editor("offset").setValue(100)
    return dock


def press(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def run(qtbot, dock):
    with qtbot.waitSignal(dock.finished, timeout=60_000):
        press(qtbot, dock, "run")


@pytest.mark.window
def test_the_dose_comes_to_the_layer_with_plot_values_and_vacuum(
    qtbot, viewer, dock, movie, tmp_path
):
    run(qtbot, dock)
    assert [layer.name for layer in viewer.layers] == ["recording", "vacuum"]
    found = movie_from_layer(viewer.layers["recording"])
    assert found.frames["dose_e_per_px"].mean() == pytest.approx(30, rel=0.06)
    assert found.dose == pytest.approx(30, rel=0.06)
    assert found.provenance.steps[-1].task == "detector"
    overlay = viewer.layers["vacuum"]
    assert tuple(overlay.scale) == (0.1, 0.1)
    assert not overlay.data[60, 60] and overlay.data[200, 200]
    assert "gain" in dock.findChild(QLabel, "parameters").text()
    viewer.show()
    qtbot.waitUntil(lambda: dock.plots.canvas.drawn is not None, timeout=5_000)
    assert "frequency_per_nm" in dock.plots.canvas.drawn.data
    assert {path.name for path in dock.plots.save(tmp_path / "mtf.svg")} == {"mtf.svg", "mtf.csv"}
    dock.findChild(QComboBox, "which_plot").setCurrentIndex(1)
    assert len(dock.plots.save(tmp_path / "power.png")) == 2
    with pytest.raises(ValueError, match=r"\.svg"):
        dock.plots.save(tmp_path / "mtf.xyz")


@pytest.mark.window
def test_running_again_keeps_one_overlay_and_the_layer(qtbot, viewer, dock):
    run(qtbot, dock)
    run(qtbot, dock)
    assert [layer.name for layer in viewer.layers] == ["recording", "vacuum"]


@pytest.mark.window
def test_vacuum_is_shown_before_anything_is_fitted(qtbot, viewer, dock):
    press(qtbot, dock, "find_vacuum")
    qtbot.waitUntil(lambda: "vacuum" in viewer.layers, timeout=20_000)
    assert not viewer.layers["vacuum"].data[60, 60]
    assert "tiles" in dock._message.text()
    assert dock.input_layer().name == "recording"
    assert dock.found is None


@pytest.mark.window
def test_a_dragged_rectangle_is_what_is_used(qtbot, viewer, dock):
    press(qtbot, dock, "draw_vacuum")
    guide = viewer.layers["vacuum rectangle"]
    low, high = (119.5, 99.5), (239.5, 199.5)
    guide.data = [np.array([low, (low[0], high[1]), high, (high[0], low[1])])]
    settings = dock.form.value()
    assert settings.region == "rectangle"
    assert (settings.top, settings.left, settings.height, settings.width) == (120, 100, 120, 100)
    run(qtbot, dock)
    used = dock.found.vacuum
    assert used.sum() == 120 * 100 and used[120:240, 100:200].all()
    assert not guide.visible


@pytest.mark.window
def test_a_camera_is_saved_replaced_listed_and_deleted(qtbot, viewer, dock):
    save = dock.findChild(QPushButton, "save_camera")
    assert not save.isEnabled()
    run(qtbot, dock)
    name, listed = dock.findChild(QLineEdit, "camera_name"), dock.findChild(QComboBox, "cameras")
    press(qtbot, dock, "save_camera")
    assert "Enter a name" in dock._message.text()
    name.setText("../evil")
    press(qtbot, dock, "save_camera")
    assert "cannot be a camera" in dock._message.text()
    name.setText("K3")
    press(qtbot, dock, "save_camera")
    assert [camera.name for camera in list_cameras()] == ["K3"]
    assert listed.currentText() == "K3" and save.text() == "Replace"
    other = DenoiseDock(viewer)
    viewer.window.add_dock_widget(other, name="Denoise")
    viewer.show()
    qtbot.waitUntil(lambda: other.isVisible(), timeout=5_000)
    assert other._cameras.stringList() == ["K3"]
    press(qtbot, dock, "delete_camera")
    assert list_cameras() == [] and listed.count() == 0


@pytest.mark.window
def test_what_fails_is_said_in_the_panel(qtbot, viewer, dock, show):
    show(Movie(np.full((3, 128, 128), 5, np.uint8), name="flat"))
    dock._chooser.value = viewer.layers["flat"]
    press(qtbot, dock, "run")
    qtbot.waitUntil(lambda: "constant" in dock._message.text(), timeout=20_000)
    press(qtbot, dock, "find_vacuum")
    qtbot.waitUntil(lambda: "No part" in dock._message.text(), timeout=20_000)
