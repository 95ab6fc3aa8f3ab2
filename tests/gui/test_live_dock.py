"""The Live dock, in the real window, following frames that are really written."""

import threading
import time

import numpy as np
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QFileDialog, QLabel, QPlainTextEdit, QPushButton

from napari_insitu_tem.gui.live import LiveDock
from napari_insitu_tem.gui.live_view import FOLDER, SIMULATED_FAULTY
from napari_insitu_tem.io.read import read_movie
from napari_insitu_tem.live.settings import LiveSettings
from napari_insitu_tem.simulate.microscope import run_microscope

pytestmark = pytest.mark.window
LONG = 60_000


@pytest.fixture
def microscope(tmp_path):
    """Writes frames of three discs into a folder until the test ends."""
    y, x = np.mgrid[:96, :128]
    clean = np.full((96, 128), 200.0)
    for row, column in ((20, 20), (30, 90), (70, 60)):
        clean[(y - row) ** 2 + (x - column) ** 2 < 9**2] = 80
    rng, stop, folder = np.random.default_rng(0), threading.Event(), tmp_path / "run"

    def frames():
        while True:
            yield rng.normal(clean, 20).clip(0).astype(np.uint16)

    thread = threading.Thread(
        target=run_microscope,
        args=(frames(), folder),
        kwargs={"rate": 20, "pixel_size": 0.5, "is_stopped": stop.is_set, "kind": "npy"},
    )
    thread.start()
    yield folder
    stop.set()
    thread.join()


@pytest.fixture
def dock(viewer):
    dock = LiveDock(viewer)
    viewer.window.add_dock_widget(dock, name="Live")
    yield dock
    dock._let_go()


def press(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def stopped(qtbot, dock):
    qtbot.waitUntil(lambda: dock.follower is None, timeout=LONG)


def begin(qtbot, viewer, dock, folder, **settings):
    dock.way.setCurrentIndex(dock.way.findData(FOLDER))
    dock.place.setText(str(folder))
    dock.form.set_value(LiveSettings(frames=3, **settings))
    press(qtbot, dock, "run")
    qtbot.waitUntil(lambda: "live [refined]" in viewer.layers, timeout=LONG)


def test_raw_and_refined_stand_side_by_side_and_are_updated_in_place(
    qtbot, viewer, dock, microscope
):
    begin(qtbot, viewer, dock, microscope)
    raw, refined = viewer.layers["live"], viewer.layers["live [refined]"]
    before, data, limits = raw.data.copy(), raw.data, tuple(refined.contrast_limits)
    qtbot.waitUntil(lambda: not np.array_equal(raw.data, before), timeout=LONG)
    assert raw.data is data and tuple(raw.scale) == (0.5, 0.5)
    assert refined.translate[1] >= 128 * 0.5 and raw.translate[1] == 0
    qtbot.waitUntil(lambda: dock.follower.standing().refined > 10, timeout=LONG)
    assert tuple(refined.contrast_limits) == limits
    assert refined.data[40:60, 5:30].std() < 0.6 * raw.data[40:60, 5:30].std()
    qtbot.waitUntil(lambda: "latency" in dock.findChild(QLabel, "standing").text(), timeout=LONG)
    assert "frames/s" in dock.standing.text() and "dropped" in dock.standing.text()
    start = time.monotonic()
    press(qtbot, dock, "run")
    stopped(qtbot, dock)
    assert time.monotonic() - start < 3  # 1 s is the aim; a busy machine has its own
    assert dock.start_button.text() == "&Start" and "live" in viewer.layers


def test_starting_again_uses_the_same_layers_and_respects_the_user(qtbot, viewer, dock, microscope):
    begin(qtbot, viewer, dock, microscope)
    raw = viewer.layers["live"]
    raw.contrast_limits = (10, 50)
    viewer.layers.remove("live [refined]")
    count = dock.follower.standing().refined
    qtbot.waitUntil(lambda: dock.follower.standing().refined > count + 5, timeout=LONG)
    assert "live [refined]" not in viewer.layers and tuple(raw.contrast_limits) == (10, 50)
    dock.stop()
    stopped(qtbot, dock)
    begin(qtbot, viewer, dock, microscope)
    assert viewer.layers["live"] is raw
    assert [layer.name for layer in viewer.layers] == ["live", "live [refined]"]


def test_particles_are_counted_and_outlined(qtbot, viewer, dock, microscope):
    begin(qtbot, viewer, dock, microscope, find_particles=True)
    qtbot.waitUntil(lambda: "live [masks]" in viewer.layers, timeout=LONG)
    masks, refined = viewer.layers["live [masks]"], viewer.layers["live [refined]"]
    assert masks.data.max() == 3
    assert tuple(masks.translate) == tuple(refined.translate)
    qtbot.waitUntil(lambda: "3 particles" in dock.standing.text(), timeout=LONG)


def test_what_is_recorded_can_be_opened(qtbot, viewer, dock, microscope, tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(out))
    begin(qtbot, viewer, dock, microscope)
    press(qtbot, dock, "record")
    assert dock.record_button.text() == "End &recording"
    qtbot.waitUntil(lambda: dock.follower.standing().recorded > 5, timeout=LONG)
    press(qtbot, dock, "record")
    log = dock.findChild(QPlainTextEdit, "log")
    qtbot.waitUntil(lambda: "were recorded" in log.toPlainText(), timeout=LONG)
    (raw,) = out.glob("*/raw.ome.zarr")
    movie = read_movie(raw)
    assert movie.n_frames > 5 and movie.pixel_size == pytest.approx(0.5)
    numbers = movie.frames["number"].to_numpy()
    assert (np.diff(numbers) == 1).all()


def test_the_simulated_microscope_with_faults_is_followed_and_cleans_up(
    qtbot, viewer, dock, monkeypatch
):
    monkeypatch.setattr("napari_insitu_tem.gui.live.SimulatedMicroscope", _small)
    dock.way.setCurrentIndex(dock.way.findData(SIMULATED_FAULTY))
    assert not dock.place.isVisibleTo(dock)
    press(qtbot, dock, "run")
    qtbot.waitUntil(lambda: "live [refined]" in viewer.layers, timeout=LONG)
    folder = dock._microscope.folder
    qtbot.waitUntil(lambda: "later" in dock.log.toPlainText(), timeout=LONG)
    press(qtbot, dock, "run")
    stopped(qtbot, dock)
    qtbot.waitUntil(lambda: not folder.exists(), timeout=LONG)


def _small(**options):
    from napari_insitu_tem.gui.live_microscope import SimulatedMicroscope

    return SimulatedMicroscope(size=128, **options)


def test_what_cannot_be_followed_is_said_in_the_dock(qtbot, viewer, dock, tmp_path):
    for path, words in (("", "Choose"), (tmp_path / "film.mp4", "MRC")):
        dock.place.setText(str(path))
        press(qtbot, dock, "run")
        qtbot.waitUntil(lambda words=words: words in dock.message.text(), timeout=LONG)
        assert dock.start_button.isEnabled() and dock.follower is None


def test_the_window_never_waits(qtbot, viewer, dock, microscope):
    begin(qtbot, viewer, dock, microscope)
    late, last = [], [time.perf_counter()]

    def tick():
        now = time.perf_counter()
        late.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(5)
    qtbot.wait(3000)
    timer.stop()
    # Every stall counts on a quiet machine (see benchmarks/live.py); here, most of them.
    assert np.percentile(late, 99) < 0.3


def test_closing_the_dock_ends_the_threads(qtbot, viewer, dock, microscope):
    begin(qtbot, viewer, dock, microscope)
    follower = dock.follower
    viewer.window.remove_dock_widget(dock)
    dock.deleteLater()
    qtbot.waitUntil(lambda: not follower.running, timeout=LONG)
