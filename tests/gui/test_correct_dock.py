"""The Correct dock, driven in the real window with the mouse and the keyboard."""

import gc
import os
import sys
import time

import numpy as np
import pytest
from canvas import Canvas
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_insitu_tem import Movie, Segmentation
from napari_insitu_tem.gui.correct import SHORTCUTS, CorrectDock
from napari_insitu_tem.gui.corrections_note import unsaved_corrections
from napari_insitu_tem.gui.label_editor import corrected_frames
from napari_insitu_tem.gui.layers import layer_data, segmentation_from_layer
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.io.corrections import load_corrections
from napari_insitu_tem.io.store import new_store
from napari_insitu_tem.tasks.correct import CorrectSettings, correct

pytestmark = pytest.mark.window
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
CTRL = Qt.KeyboardModifier.ControlModifier
PLACES = {1: (30, 30), 2: (30, 60), 3: (30, 84), 4: (80, 40)}


@pytest.fixture
def viewer(make_napari_viewer):
    """A window that is on the screen: a hidden canvas has no place for the mouse."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        pytest.skip("no display; `make test` starts Xvfb")
    return make_napari_viewer(show=True)


def discs(frames=6):
    """Four masked discs, two of which touch, and at (80, 100) one without a mask."""
    y, x = np.mgrid[:112, :136]
    image, labels = np.full(y.shape, 200.0), np.zeros(y.shape, np.int32)
    for label, (row, column) in {**PLACES, 0: (80, 100)}.items():
        inside = np.hypot(y - row, x - column) <= 12.2
        image[inside] = 90
        labels[inside & (labels == 0)] = label
    rng = np.random.default_rng(0)
    movie = Movie(
        rng.normal(image, 8, (frames, *image.shape)).astype(np.float32),
        pixel_size=0.5,
        frame_time=0.04,
        name="discs",
    )
    return Segmentation(np.stack([labels] * frames), movie)


class Desk:
    """A viewer with movie, masks and the dock, and hands to use them."""

    def __init__(self, viewer, segmentation, qtbot):
        self.viewer, self.qtbot, self.segmentation = viewer, qtbot, segmentation
        viewer.window.resize(1200, 800)
        show_layers(viewer, layer_data(segmentation.movie, "discs"), [])
        (self.layer,) = show_layers(viewer, layer_data(segmentation, "discs [masks]"), [])
        self.dock = CorrectDock(viewer)
        viewer.window.add_dock_widget(self.dock, name="Correct by hand")
        qtbot.wait(100)
        self.viewer.reset_view()
        self.canvas = Canvas(viewer, self.layer)
        self.viewer.dims.set_current_step(0, 2)

    def take(self, name):
        QTest.mouseClick(self.dock.tools[name], Qt.MouseButton.LeftButton)
        assert self.dock.tool == name

    def frame(self, index=2):
        return np.asarray(self.layer.data[index])

    def present(self, index=2):
        return set(np.unique(self.frame(index)).tolist()) - {0}

    def said(self, words):
        self.qtbot.waitUntil(lambda: words in self.dock.message.text(), timeout=10_000)


@pytest.fixture
def desk(viewer, qtbot):
    return Desk(viewer, discs(), qtbot)


def test_a_drag_across_a_particle_cuts_it_and_one_undo_heals_it(desk):
    before = desk.frame().copy()
    desk.take("split")
    desk.canvas.drag((12, 30), (50, 31))
    assert desk.present() == {1, 2, 3, 4, 5}
    assert (desk.frame()[:, :29] != 5).all() or (desk.frame()[:, 33:] != 5).all()
    np.testing.assert_array_equal(desk.frame() > 0, before > 0)
    assert corrected_frames(desk.layer) == {2}
    assert "new part 5" in desk.dock.message.text()
    desk.canvas.press(Qt.Key.Key_Z, CTRL)
    np.testing.assert_array_equal(desk.frame(), before)
    assert corrected_frames(desk.layer) == frozenset()
    desk.canvas.press(Qt.Key.Key_Z, CTRL | SHIFT)
    assert desk.present() == {1, 2, 3, 4, 5}
    assert corrected_frames(desk.layer) == {2}
    np.testing.assert_array_equal(desk.frame(0), before)


def test_a_line_that_cuts_nothing_says_so_and_changes_nothing(desk):
    before = desk.frame().copy()
    desk.take("split")
    desk.canvas.drag((12, 30), (30, 30))
    assert "from one edge to the other" in desk.dock.message.text()
    desk.canvas.click(30, 30)
    assert "Drag a line" in desk.dock.message.text()
    np.testing.assert_array_equal(desk.frame(), before)


def test_clicking_two_particles_merges_them_and_says_what_is_next(desk):
    desk.take("merge")
    desk.canvas.click(30, 84)
    assert "merge into particle 3" in desk.dock.hint.text()
    desk.canvas.click(30, 58)
    assert desk.present() == {1, 3, 4}
    # Two touching discs are 24 px wide each, 24 px apart.
    assert (desk.frame() == 3).sum() > 1.9 * (desk.frame() == 1).sum()
    desk.viewer.dims.set_current_step(0, 3)
    assert "one after another" in desk.dock.hint.text()


def test_a_line_across_particles_merges_them(desk):
    desk.take("merge")
    desk.canvas.drag((30, 22), (30, 95))
    assert desk.present() == {1, 4}
    desk.canvas.drag((100, 10), (105, 60))
    assert "at least two" in desk.dock.message.text()


def test_a_click_makes_a_particle_and_further_clicks_mend_it_in_one_step(desk):
    desk.take("new")
    desk.canvas.click(82, 97)
    desk.said("New: particle 5")
    y, x = np.mgrid[:112, :136]
    truth = np.hypot(y - 80, x - 100) <= 12.2
    found = desk.frame() == 5
    assert (found & truth).sum() / (found | truth).sum() > 0.85
    desk.dock.say("")
    desk.canvas.click(74, 106, SHIFT)
    desk.said("New: particle 5")
    assert desk.present() == {1, 2, 3, 4, 5}
    desk.canvas.press(Qt.Key.Key_Z, CTRL)
    assert desk.present() == {1, 2, 3, 4}
    assert corrected_frames(desk.layer) == frozenset()
    desk.canvas.click(30, 30)
    desk.said("already")


def test_the_movie_that_fits_the_masks_is_chosen(viewer, qtbot):
    viewer.add_image(np.zeros((3, 20, 20)), name="another")
    desk = Desk(viewer, discs(), qtbot)
    assert desk.dock.movie.value.name == "discs"
    desk.dock.movie.value = viewer.layers["another"]
    desk.take("new")
    desk.canvas.click(82, 97)
    assert "'another' is not the movie of these masks" in desk.dock.message.text()


def test_a_click_beside_cuts_the_new_particle_off(viewer, qtbot):
    segmentation = discs()
    labels = segmentation.labels.copy()
    labels[(labels == 2) | (labels == 3)] = 0
    desk = Desk(viewer, segmentation.replace(labels=labels), qtbot)
    desk.take("new")
    desk.canvas.click(30, 58)
    desk.said("New: particle 5")
    assert desk.frame()[30, 84] == 5
    desk.dock.say("")
    desk.canvas.click(30, 86, ALT)
    desk.said("New: particle 5")
    assert desk.frame()[30, 84] == 0
    assert desk.frame()[30, 58] == 5


def test_brush_strokes_and_corrections_are_undone_in_the_order_they_were_made(desk):
    before = desk.frame().copy()
    desk.take("delete")
    desk.canvas.click(30, 30)
    assert desk.present() == {2, 3, 4}
    desk.layer.mode = "paint"
    assert desk.dock.tool is None  # napari's tool took over
    desk.layer.selected_label = 9
    desk.viewer.dims.set_current_step(0, 4)
    desk.canvas.drag((60, 20), (60, 40))
    assert 9 in desk.present(4)
    assert corrected_frames(desk.layer) == {2, 4}
    desk.canvas.press(Qt.Key.Key_Z, CTRL)
    assert 9 not in desk.present(4)
    assert corrected_frames(desk.layer) == {2}
    desk.canvas.press(Qt.Key.Key_Z, CTRL)
    np.testing.assert_array_equal(desk.frame(), before)
    assert corrected_frames(desk.layer) == frozenset()


def test_tools_along_the_track_need_tracks_and_are_one_step(desk):
    before = desk.frame().copy()
    desk.canvas.press(Qt.Key.Key_G, SHIFT)
    assert desk.dock.tool == "grow"
    desk.canvas.press(Qt.Key.Key_T, SHIFT)
    desk.canvas.click(80, 40)
    desk.said("not tracked")
    desk.dock.tracked.setChecked(True)
    desk.dock.pixels.setValue(3)
    desk.canvas.click(80, 40)
    desk.said("track 4 in 6 frames")
    for index in range(6):
        assert (desk.frame(index) == 4).sum() > 1.4 * (before == 4).sum()
    assert corrected_frames(desk.layer) == frozenset(range(6))
    QTest.mouseClick(desk.dock.undo, Qt.MouseButton.LeftButton)
    for index in range(6):
        np.testing.assert_array_equal(desk.frame(index), before)


def test_a_mask_is_copied_to_the_frames_asked_for(viewer, qtbot):
    segmentation = discs()
    segmentation.labels[4][segmentation.labels[4] == 4] = 0
    segmentation.labels[3][:, :] = np.where(segmentation.labels[3] == 4, 7, segmentation.labels[3])
    desk = Desk(viewer, segmentation, qtbot)
    desk.take("copy")
    desk.dock.first.setValue(3)
    desk.canvas.click(80, 40)
    desk.said("particle 4 in 3 frames")
    mask = desk.frame(2) == 4
    for index, label in ((3, 7), (4, 4), (5, 4)):
        np.testing.assert_array_equal(desk.frame(index) == label, mask)


def test_it_jumps_to_the_frame_that_looks_wrong_and_says_why(viewer, qtbot):
    segmentation = discs(frames=20)
    segmentation.labels[13][segmentation.labels[13] == 2] = 0
    segmentation.labels[13][segmentation.labels[13] == 3] = 0
    desk = Desk(viewer, segmentation, qtbot)
    QTest.mouseClick(desk.dock.next, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Frame 13" in desk.dock.reason.text(), timeout=10_000)
    assert desk.viewer.dims.current_step[0] == 13
    assert "2 particles instead of 4" in desk.dock.reason.text()
    assert set(desk.dock.strip.suspicious) == {13}
    QTest.mouseClick(desk.dock.mark, Qt.MouseButton.LeftButton)
    assert corrected_frames(desk.layer) == {13}
    QTest.mouseClick(desk.dock.next, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "is done" in desk.dock.reason.text(), timeout=10_000)


def test_corrections_survive_saving_loading_and_a_rerun(desk, tmp_path, quiet_job):
    desk.take("delete")
    desk.canvas.click(30, 30)
    wanted = desk.frame().copy()
    path = tmp_path / "mine.tif"
    desk.dock.save_to(str(path))
    desk.said("Saved 1 corrected frame")
    assert desk.dock.count.text() == "1 of 6 corrected"
    assert list(load_corrections(path).frames) == [2]
    # The layer's history now applies them: a recipe made of it gives the same.
    shown = segmentation_from_layer(desk.layer)
    assert shown.provenance.steps[-1].task == "correct"
    again = correct(discs(), CorrectSettings(**shown.provenance.steps[-1].settings), quiet_job)
    np.testing.assert_array_equal(again.frame(2), wanted)
    # A re-run in the same layer keeps the corrected frame, and takes the others.
    fresh = discs()
    fresh.labels[fresh.labels == 4] = 8
    (layer,) = show_layers(desk.viewer, layer_data(fresh, "discs [masks]"), [desk.layer])
    assert layer is desk.layer
    np.testing.assert_array_equal(desk.frame(2), wanted)
    assert desk.present(3) == {1, 2, 3, 8}
    assert corrected_frames(layer) == {2}
    assert segmentation_from_layer(layer).corrected == {2}
    assert [step.task for step in segmentation_from_layer(layer).provenance.steps] == ["correct"]
    # Correcting further is no longer what the file holds, and this is said.
    desk.canvas.click(80, 40)
    assert desk.dock.count.text() == "1 of 6 corrected, not saved"
    assert unsaved_corrections(layer)
    assert segmentation_from_layer(layer).provenance.steps == ()
    # What was done to older masks cannot be undone into newer ones.
    before = desk.frame(3).copy()
    desk.layer.data = fresh.labels.copy()
    desk.canvas.press(Qt.Key.Key_Z, CTRL)
    np.testing.assert_array_equal(desk.frame(3), before)
    # Loading puts them onto masks that have none.
    desk.layer.data = discs().labels
    desk.dock.editor.mark(range(6), corrected=False)
    desk.dock.load_from(str(path))
    desk.said("put in place")
    np.testing.assert_array_equal(desk.frame(2), wanted)
    assert "1 of 6" in desk.dock.count.text()


def test_strokes_made_without_the_dock_are_marked_and_survive_a_rerun(viewer):
    (layer,) = show_layers(viewer, layer_data(discs(), "masks"), [])
    viewer.dims.set_current_step(0, 1)
    layer.paint((1, 100, 10), 9)
    assert corrected_frames(layer) == {1}
    show_layers(viewer, layer_data(discs(), "masks"), [layer])
    assert layer.data[1, 100, 10] == 9
    assert layer.data[2, 100, 10] == 0


def test_a_single_image_can_be_corrected(viewer, qtbot):
    whole = discs()
    movie = Movie(whole.movie.data[:1], name="still")
    desk = Desk(viewer, Segmentation(whole.labels[:1], movie), qtbot)
    still = viewer.add_labels(whole.labels[0].copy(), name="flat", scale=(0.25, 0.25))
    assert desk.dock.masks.value is still
    desk.canvas.layer = still
    viewer.reset_view()
    desk.take("delete")
    desk.canvas.click(30, 30)
    assert set(np.unique(still.data)) == {0, 2, 3, 4}
    assert desk.dock.count.text().startswith("1 of 1 corrected")
    desk.canvas.press(Qt.Key.Key_Z, CTRL)
    assert set(np.unique(still.data)) == {0, 1, 2, 3, 4}


def test_a_layer_that_is_moved_and_scaled_is_hit_where_it_is_seen(desk):
    desk.layer.scale, desk.layer.translate = (0.04, 0.8, 0.8), (0, 10, -7)
    desk.viewer.reset_view()
    desk.take("delete")
    desk.canvas.click(80, 40)
    assert desk.present() == {1, 2, 3}


def test_leaving_the_dock_gives_the_mouse_back(desk):
    desk.take("split")
    assert not desk.layer.mouse_pan
    assert "drawing" in desk.viewer.layers
    desk.canvas.press(Qt.Key.Key_Escape)
    assert desk.layer.mouse_pan
    assert "drawing" not in desk.viewer.layers
    assert desk.viewer.layers.selection.active is desk.layer
    desk.take("merge")
    desk.viewer.layers.remove(desk.layer)
    assert desk.dock.tool is None
    desk.dock.choose_tool("split")
    assert "no masks yet" in desk.dock.message.text()


def test_it_opens_from_the_menu_and_closes_without_a_trace(viewer, qtbot):
    (layer,) = show_layers(viewer, layer_data(discs(), "masks"), [])
    widget, dock = viewer.window.add_plugin_dock_widget("napari-insitu-tem", "5 Correct by hand")
    assert dock.editor.layer is layer
    dock.choose_tool("split")
    qtbot.waitUntil(dock.isVisible)
    viewer.window.remove_dock_widget(widget)
    qtbot.wait(200)
    assert layer.mouse_pan
    assert list(viewer.layers) == [layer]
    layer.paint((1, 100, 10), 9)
    assert corrected_frames(layer) == {1}
    _, again = viewer.window.add_plugin_dock_widget("napari-insitu-tem", "5 Correct by hand")
    assert again.count.text().startswith("1 of 6")
    del dock, widget
    gc.collect()
    qtbot.wait(50)
    viewer.layers.selection.active = layer
    Canvas(viewer, layer).press(Qt.Key.Key_D, SHIFT)
    assert again.tool == "delete"


def test_every_shortcut_is_listed_once_and_none_of_napari_on_labels_is_taken():
    from napari.utils.shortcuts import default_shortcuts

    keys = [shortcut.keys for shortcut in SHORTCUTS]
    assert len(set(keys)) == len(keys)
    reserved = ("labels", "viewer", "toggle", "layer", "axes", "dims", "brush", "polygon")
    taken = {
        str(binding).replace("+", "-").lower()
        for name, bindings in default_shortcuts.items()
        if any(word in name for word in reserved)
        for binding in bindings
    } - {"escape"}
    assert not taken & {key.lower() for key in keys}


def test_an_edit_of_a_large_frame_on_disk_does_not_stall_the_window(viewer, qtbot):
    shape = (3, 2048, 2048)
    store, movie = new_store(shape, np.int32), Movie(np.zeros(shape, np.uint8), name="large")
    labels = np.zeros(shape[1:], np.int32)
    y, x = np.mgrid[:2048, :2048]
    for label, (row, column) in enumerate(((500, 500), (500, 1500), (1500, 1000)), start=1):
        labels[np.hypot(y - row, x - column) <= 100] = label
    for index in range(3):
        store[index] = labels
    desk = Desk(viewer, Segmentation(store, movie), qtbot)
    desk.take("grow")
    desk.canvas.click(500, 500)
    spent = []
    for point in ((500, 1500), (1500, 1000), (500, 500)):
        start = time.perf_counter()
        desk.canvas.click(*point)
        spent.append(time.perf_counter() - start)
    assert (desk.frame() == 2).sum() > (labels == 2).sum()
    assert np.array_equal(np.asarray(store[2]), labels)
    # One click is five events and a redraw; on a busy machine they take longer than by day.
    assert min(spent) < 0.3
