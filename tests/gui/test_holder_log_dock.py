"""The Holder log dock, in the real window, and the readout on a viewer without one."""

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton

from napari_insitu_tem.gui.frame_readout import FrameReadout, readout_of
from napari_insitu_tem.gui.holder_log import HolderLogDock
from napari_insitu_tem.gui.layers import layer_data, movie_from_layer
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.gui.shown_frame import shown_frame


@pytest.fixture
def log_file(tmp_path):
    path = tmp_path / "log.csv"
    rows = "\n".join(f"{t / 10},{20 + t},{t}" for t in range(0, 100))
    path.write_text(f"time_s,temperature_C,pressure_mbar\n{rows}")
    return path


@pytest.fixture
def dock(viewer, discs, show):
    show(discs)
    dock = HolderLogDock(viewer)
    viewer.window.add_dock_widget(dock, name="Holder log")
    return dock


def choose(qtbot, dock, path, **values):
    settings = dock.task.settings_type(path=path, align_by="offset", **values)
    with qtbot.waitSignal(dock._reader.ended, timeout=10_000):
        dock.form.set_value(settings)


def run(qtbot, dock):
    with qtbot.waitSignal(dock.finished, timeout=10_000):
        qtbot.mouseClick(dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)


@pytest.mark.window
def test_an_attached_log_follows_the_frames_on_the_canvas(qtbot, viewer, dock, log_file):
    choose(qtbot, dock, log_file, offset=1.0)
    assert "100 rows over 9.9 s" in dock.findChild(QLabel, "about").text()
    assert not dock.plot.isHidden()
    run(qtbot, dock)
    assert [layer.name for layer in viewer.layers] == ["discs"]
    movie = movie_from_layer(viewer.layers["discs"])
    np.testing.assert_allclose(movie.frames["temperature_C"], np.arange(30, 36))
    assert movie.provenance.steps[-1].task == "holder_log"
    assert viewer.text_overlay.visible
    viewer.dims.set_current_step(0, 0)
    assert viewer.text_overlay.text == "0.0 s   30.0 °C"
    viewer.dims.set_current_step(0, 4)
    assert viewer.text_overlay.text == "0.4 s   34.0 °C"
    dock.plot.column.setCurrentIndex(1)
    assert viewer.text_overlay.text == "0.4 s   14.0 mbar"
    dock._on_canvas.setChecked(False)
    assert not viewer.text_overlay.visible


@pytest.mark.window
def test_the_plot_marks_where_the_movie_lies(qtbot, viewer, dock, log_file):
    viewer.show()
    choose(qtbot, dock, log_file, offset=2.0)
    np.testing.assert_allclose(dock.plot._frames, 2 + 0.1 * np.arange(6))
    dock.form.set_value(dock.form.value().model_copy(update={"offset": 5.0}))
    np.testing.assert_allclose(dock.plot._frames, 5 + 0.1 * np.arange(6))
    qtbot.waitUntil(lambda: dock.plot._canvas.drawn is not None, timeout=5000)
    viewer.dims.set_current_step(0, 3)
    assert dock.plot._canvas.frame == 3


@pytest.mark.window
def test_a_file_that_is_no_log_is_said_when_it_is_chosen(qtbot, viewer, dock, tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague")
    choose(qtbot, dock, path)
    assert "cannot be read as a holder's log" in dock._message.text()
    assert dock.plot.isHidden()


@pytest.mark.window
def test_layers_that_vanish_leave_no_text(qtbot, viewer, dock, log_file):
    choose(qtbot, dock, log_file)
    run(qtbot, dock)
    assert viewer.text_overlay.text
    viewer.layers.clear()
    assert viewer.text_overlay.text == ""


@pytest.fixture
def model(discs):
    """A viewer without a window, with one movie that has a log and one that has none."""
    model = ViewerModel()
    warm = discs.replace(frames=pd.DataFrame({"temperature_C": np.arange(6.0)}), name="warm")
    show_layers(model, layer_data(warm, "warm") + layer_data(discs, "cold"), [])
    return model


def test_the_readout_is_of_the_topmost_movie_with_a_log(model):
    readout = FrameReadout(model)
    readout.switch(True)
    model.dims.set_current_step(0, 2)
    assert model.text_overlay.text == "0.2 s   2.0 °C"
    model.layers["warm"].visible = False
    readout.update()
    assert model.text_overlay.text == ""
    model.layers.selection.active = model.layers["warm"]
    assert model.text_overlay.text == "0.2 s   2.0 °C"


def test_a_text_of_someone_else_stays(model):
    readout = FrameReadout(model)
    model.text_overlay.text = "mine"
    model.text_overlay.visible = True
    model.dims.set_current_step(0, 3)
    assert model.text_overlay.text == "mine"
    readout.switch(False)
    assert (model.text_overlay.text, model.text_overlay.visible) == ("mine", True)


def test_there_is_one_readout_a_viewer(model):
    assert readout_of(model) is readout_of(model)
    assert readout_of(model) is not readout_of(ViewerModel())


def test_the_shown_frame_is_counted_in_the_layers_own_frames(model, rng):
    late = model.add_image(rng.random((4, 8, 8)), scale=(0.2, 1, 1), translate=(0.2, 0, 0))
    flat = model.add_image(rng.random((8, 8)))
    model.dims.set_point(0, 0.4)
    assert shown_frame(model, late) == 1
    assert shown_frame(model, flat) == 0
    model.dims.set_point(0, 0.0)
    assert shown_frame(model, late) == 0
