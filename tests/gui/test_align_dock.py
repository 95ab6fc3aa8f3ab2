"""The Align and Denoise docks, in the real window."""

import sys
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_insitu_tem import Movie
from napari_insitu_tem.gui.align import AlignDock
from napari_insitu_tem.gui.denoise import DenoiseDock

sys.path.insert(0, str(Path(__file__).parents[1]))
from drifting import drifting, walk  # noqa: E402


@pytest.fixture
def movie() -> Movie:
    return Movie(
        drifting(walk(24, trend=0.3), noise=0.3), pixel_size=0.5, frame_time=0.1, name="drifting"
    )


def run(qtbot, dock):
    with qtbot.waitSignal(dock.finished, timeout=60_000):
        qtbot.mouseClick(dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)


@pytest.mark.window
def test_align_adds_a_steady_layer_and_its_drift(qtbot, viewer, show, movie, tmp_path):
    show(movie)
    dock = AlignDock(viewer)
    viewer.window.add_dock_widget(dock, name="Align")
    run(qtbot, dock)
    assert [layer.name for layer in viewer.layers] == ["drifting", "drifting [aligned]"]
    assert not viewer.layers["drifting"].visible
    aligned = viewer.layers["drifting [aligned]"]
    assert tuple(aligned.scale) == pytest.approx((0.1, 0.5, 0.5))
    viewer.show()
    qtbot.waitUntil(lambda: dock._canvas.drawn is not None, timeout=5_000)
    assert dock._canvas.drawn.frame_x[-1] == pytest.approx(2.3)
    for name in ("drift.csv", "drift.svg", "drift.png"):
        dock.save(tmp_path / name)
        assert (tmp_path / name).stat().st_size > 200
    assert "drift_x_nm" in (tmp_path / "drift.csv").read_text()
    with pytest.raises(ValueError, match=r"\.csv"):
        dock.save(tmp_path / "drift.xyz")


@pytest.mark.window
def test_align_twice_keeps_one_result(qtbot, viewer, show, movie):
    show(movie)
    dock = AlignDock(viewer)
    viewer.window.add_dock_widget(dock, name="Align")
    run(qtbot, dock)
    dock._chooser.native.setCurrentIndex(0)
    run(qtbot, dock)
    assert len(viewer.layers) <= 3


@pytest.mark.window
def test_denoise_previews_and_runs(qtbot, viewer, show, movie):
    show(movie)
    dock = DenoiseDock(viewer)
    viewer.window.add_dock_widget(dock, name="Denoise")
    dock._live.setChecked(True)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=20_000)
    dock._live.setChecked(False)
    qtbot.waitUntil(lambda: len(viewer.layers) == 1, timeout=5_000)
    run(qtbot, dock)
    result = viewer.layers["drifting [denoised]"]
    noisy = np.diff(np.asarray(movie.data[0]), axis=1).std()
    assert np.diff(np.asarray(result.data[0]), axis=1).std() < noisy
