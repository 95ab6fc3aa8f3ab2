"""The Export dock, in the real window: it writes, cancels, and follows the layers."""

import time

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLineEdit, QPushButton

from napari_insitu_tem.gui import export as module
from napari_insitu_tem.gui.export import ExportDock
from napari_insitu_tem.io.export import ExportSettings
from napari_insitu_tem.results import Measurements, Segmentation, Tracking

pytestmark = pytest.mark.window


@pytest.fixture
def tracking(discs):
    labels = np.zeros(discs.data.shape, np.int32)
    labels[:, 10:20, 10:20] = 1
    rows = [(frame, 1, 1, 14.5, 14.5, 100.0) for frame in range(discs.n_frames)]
    table = pd.DataFrame(rows, columns=["frame", "label", "track", "y", "x", "area"])
    return Tracking(table, Segmentation(labels, discs))


@pytest.fixture
def dock(viewer, tmp_path):
    dock = ExportDock(viewer)
    viewer.window.add_dock_widget(dock, name="Export")
    dock.findChild(QLineEdit, "folder").setText(str(tmp_path / "out"))
    return dock


def click(qtbot, dock):
    qtbot.mouseClick(dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)


def run(qtbot, dock):
    with qtbot.waitSignal(dock._background.ended, timeout=30_000):
        click(qtbot, dock)


def offered(dock):
    what = dock.findChild(QComboBox, "what")
    return [what.itemText(index) for index in range(what.count())]


def choose(dock, name):
    what = dock.findChild(QComboBox, "what")
    what.setCurrentIndex(what.findText(name))


def test_a_movie_is_written_with_a_video(qtbot, dock, discs, show, tmp_path):
    show(discs)
    run(qtbot, dock)
    assert "Wrote 2 files" in dock._message.text()
    assert (tmp_path / "out" / "discs.ome.tif").exists()
    assert (tmp_path / "out" / "discs.mp4").exists()


def test_measurements_masks_and_tracks_are_offered(qtbot, dock, tracking, show, tmp_path):
    show(tracking.movie)
    show(tracking, "found")
    dock.form.set_value(ExportSettings(tables="csv", video=False))
    choose(dock, "found")
    run(qtbot, dock)
    assert pd.read_csv(tmp_path / "out" / "discs_particles.csv")["area_nm2"].tolist() == [25.0] * 6
    table = pd.DataFrame({"track": [1]})
    measurements = Measurements(tracking, table, pd.DataFrame({"frame": range(6)}))
    dock.session.show_measurements(measurements)
    assert offered(dock) == ["Everything measured last", "found", "found masks", "discs"]
    assert dock.findChild(QComboBox, "what").currentText() == "found"
    choose(dock, "Everything measured last")
    assert dock.result() is measurements


def test_a_choice_whose_layer_vanishes_falls_back(dock, discs, show, viewer):
    show(discs)
    viewer.layers.clear()
    assert offered(dock) == []
    dock.run()
    assert "nothing to export yet" in dock._message.text()


def test_without_a_folder_it_says_so(qtbot, dock, discs, show):
    show(discs)
    dock.findChild(QLineEdit, "folder").clear()
    click(qtbot, dock)
    assert "Choose a folder" in dock._message.text()


def test_cancel_returns_within_a_second(qtbot, dock, discs, show, monkeypatch):
    def endless(result, folder, *, settings, video_options, job):
        for _ in job.track(iter(int, 1), "Writing for ever"):
            time.sleep(0.01)

    monkeypatch.setattr(module, "export", endless)
    show(discs)
    click(qtbot, dock)
    qtbot.waitUntil(lambda: dock._bar.format().startswith("Writing"), timeout=5000)
    start = time.perf_counter()
    run(qtbot, dock)
    assert time.perf_counter() - start < 1
    assert "Cancelled" in dock._message.text()
    assert dock.findChild(QPushButton, "run").text() == "Export"
