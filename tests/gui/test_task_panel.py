"""The task panel, driven in the real window by clicks."""

import threading
import time

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_insitu_tem import Job, Movie, MovieError, Settings
from napari_insitu_tem.gui.layers import KEY, movie_from_layer
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.settings import setting
from napari_insitu_tem.tasks import registry

pytestmark = pytest.mark.window
GATE = threading.Event()


class PlusSettings(Settings):
    amount: float = setting(1.0, title="Amount", description="Added to every pixel.", ge=0)


@registry.task(title="Plus", result="plus", previews=True)
def plus(movie: Movie, settings: PlusSettings = PlusSettings(), job: Job = Job()) -> Movie:
    """Add a number to every pixel."""
    if settings.amount == 13:
        raise MovieError("Thirteen cannot be added. Choose another amount.")
    frames = []
    for frame in job.track(movie.iter_frames(), "Adding", movie.n_frames):
        GATE.wait(5)
        frames.append(frame + settings.amount)
    return movie.replace(data=np.stack(frames))


@pytest.fixture(autouse=True)
def open_gate():
    GATE.set()
    yield
    GATE.set()


@pytest.fixture
def panel(viewer, discs, show):
    show(discs)
    panel = TaskPanel(viewer, "plus")
    viewer.window.add_dock_widget(panel, name="Plus")
    return panel


def click(qtbot, panel, name="run"):
    qtbot.mouseClick(panel.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def run(qtbot, panel):
    with qtbot.waitSignal(panel.finished, timeout=10_000):
        click(qtbot, panel)


def test_run_adds_a_calibrated_layer_named_after_its_input(qtbot, viewer, panel, discs):
    run(qtbot, panel)
    assert [layer.name for layer in viewer.layers] == ["discs", "discs [plus]"]
    layer = viewer.layers[-1]
    np.testing.assert_allclose(layer.data, discs.data + 1, rtol=1e-6)
    np.testing.assert_allclose(layer.scale, (0.1, 0.5, 0.5))
    assert [str(unit) for unit in layer.units] == ["second", "nanometer", "nanometer"]
    step = layer.metadata[KEY].provenance.steps[-1]
    assert (step.task, step.settings) == ("plus", {"amount": 1.0})


def test_running_again_updates_the_same_layer(qtbot, viewer, panel, discs):
    run(qtbot, panel)
    assert panel.input_layer() is viewer.layers["discs"]
    panel.form.editor("amount").setValue(5)
    run(qtbot, panel)
    assert len(viewer.layers) == 2
    np.testing.assert_allclose(viewer.layers[-1].data, discs.data + 5, rtol=1e-6)


def test_the_result_of_a_result_remembers_every_step(qtbot, viewer, panel):
    run(qtbot, panel)
    panel._chooser.value = viewer.layers["discs [plus]"]
    run(qtbot, panel)
    movie = movie_from_layer(viewer.layers["discs [plus] [plus]"])
    assert [step.task for step in movie.provenance.steps] == ["plus", "plus"]


def test_cancel_takes_effect_and_changes_nothing(qtbot, viewer, panel):
    GATE.clear()
    click(qtbot, panel)
    qtbot.waitUntil(lambda: panel._background.running)
    assert panel._run_button.text() == "Cancel"
    click(qtbot, panel)
    assert panel._run_button.text() == "Cancelling …"
    GATE.set()
    start = time.perf_counter()
    qtbot.waitUntil(lambda: not panel._background.running, timeout=5000)
    assert time.perf_counter() - start < 1
    assert len(viewer.layers) == 1
    assert "Cancelled" in panel._message.text()
    assert panel._run_button.text() == "Run"


def test_what_fails_is_said_in_the_panel(qtbot, panel, viewer):
    panel.form.editor("amount").setValue(13)
    click(qtbot, panel)
    qtbot.waitUntil(lambda: not panel._background.running)
    assert "Choose another amount" in panel._message.text()
    assert len(viewer.layers) == 1


def test_without_a_movie_the_panel_says_what_to_do(qtbot, viewer):
    panel = TaskPanel(viewer, "plus")
    qtbot.addWidget(panel)
    click(qtbot, panel)
    assert "open one" in panel._message.text()


def test_preview_shows_one_frame_where_the_user_looks(qtbot, viewer, panel, discs):
    viewer.dims.set_current_step(0, 3)
    panel._live.setChecked(True)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2, timeout=5000)
    layer = viewer.layers[-1]
    assert layer.data.shape[0] == 1
    np.testing.assert_allclose(layer.translate[0], 0.3)
    np.testing.assert_allclose(layer.data[0], discs.data[3] + 1, rtol=1e-6)
    panel.form.editor("amount").setValue(9)
    qtbot.waitUntil(lambda: np.allclose(layer.data[0], discs.data[3] + 9), timeout=5000)
    panel._live.setChecked(False)
    assert len(viewer.layers) == 1


def test_deleting_the_input_in_mid_run_is_safe(qtbot, viewer, panel):
    GATE.clear()
    with qtbot.waitSignal(panel.finished, timeout=10_000):
        click(qtbot, panel)
        viewer.layers.clear()
        GATE.set()
    assert [layer.name for layer in viewer.layers] == ["discs [plus]"]


def test_closing_the_dock_in_mid_run_stops_the_task(qtbot, viewer, panel):
    GATE.clear()
    click(qtbot, panel)
    background = panel._background
    stop = background._stop
    viewer.window.remove_dock_widget(panel)
    panel.deleteLater()
    qtbot.waitUntil(stop.is_set, timeout=5000)
    GATE.set()


def test_progress_says_the_stage_and_the_count(qtbot, panel):
    GATE.clear()
    click(qtbot, panel)
    qtbot.waitUntil(lambda: "Adding 0/6" in panel._bar.format(), timeout=5000)
    GATE.set()
    qtbot.waitUntil(lambda: not panel._background.running, timeout=5000)
