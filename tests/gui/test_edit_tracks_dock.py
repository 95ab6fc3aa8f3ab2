"""The Edit tracks dock in the real window."""

import numpy as np
import pytest
from canvas import Canvas
from napari.layers import Labels, Tracks
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_insitu_tem import Job, Movie, Segmentation
from napari_insitu_tem.gui.edit_tracks import EditTracksDock
from napari_insitu_tem.gui.session import session_of
from napari_insitu_tem.tasks.track import tracking_from_labels

pytestmark = pytest.mark.window
FRAMES = 10
PLACES = ((25, 30), (25, 90), (70, 60))


@pytest.fixture
def tracking():
    """Three squares; the first two have each other's number from frame 5 on."""
    labels = np.zeros((FRAMES, 96, 128), np.int32)
    for t in range(FRAMES):
        for number, (y, x) in enumerate(PLACES, start=1):
            if t >= 5 and number < 3:
                number = 3 - number
            labels[t, y - 8 : y + 8, x - 8 + t : x + 8 + t] = number
    images = np.random.default_rng(0).normal(np.where(labels > 0, 80, 160), 8)
    movie = Movie(images.astype(np.float32), pixel_size=0.5, frame_time=0.1, name="squares")
    return tracking_from_labels(Segmentation(labels, movie), Job(on_progress=lambda _: None))


@pytest.fixture
def window(viewer, show, tracking):
    show(tracking.movie)
    show(tracking, "tracks")
    viewer.window._qt_window.resize(1300, 800)
    viewer.window._qt_window.show()
    return viewer


@pytest.fixture
def dock(window):
    dock = EditTracksDock(window)
    window.window.add_dock_widget(dock, name="Edit tracks", area="right")
    for _ in range(5):
        QApplication.processEvents()
    yield dock
    QApplication.processEvents()


def press(button):
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def edited(viewer, kind):
    (layer,) = [x for x in viewer.layers if type(x) is kind and "[edited]" in x.name]
    return layer


def test_two_clicks_on_the_canvas_and_one_on_swap_put_crossed_tracks_right(window, dock, tracking):
    window.dims.set_current_step(0, 5)
    masks = next(x for x in window.layers if isinstance(x, Labels))
    canvas = Canvas(window, masks)
    canvas.click(25, 35)
    canvas.click(25, 95)
    assert (dock.first.value(), dock.second.value()) == (2, 1)
    press(dock.buttons["swap"])
    shown = edited(window, Labels)
    for t in (0, 4, 5, 9):
        assert np.asarray(shown.data[t])[25, 30 + t] == 1
    tracks = edited(window, Tracks)
    first = tracks.data[tracks.data[:, 0] == 1]
    assert np.abs(np.diff(first[:, 3])).max() < 1.5
    assert len(tracks.features) == len(tracks.data) and "area_nm2" in tracks.features
    assert session_of(window).tracking is dock.edited
    assert not masks.visible
    # The original is as it was.
    assert tracking.segmentation.frame(9)[25, 39] == 2


def test_undo_takes_the_last_edit_back_and_the_history_says_what_was_done(window, dock):
    dock.first.setValue(3)
    window.dims.set_current_step(0, 4)
    press(dock.buttons["cut"])
    assert [dock.history.item(i).text() for i in range(dock.history.count())] == [
        "1. Cut track 3 at frame 4"
    ]
    assert set(dock.edited.particles["track"]) == {1, 2, 3, 4}
    press(dock.buttons["delete"])
    assert set(dock.edited.particles["track"]) == {1, 2, 4}
    press(dock.undo_button)
    press(dock.undo_button)
    assert set(dock.edited.particles["track"]) == {1, 2, 3}
    assert dock.history.count() == 0 and not dock.undo_button.isEnabled()


def test_joining_tracks_of_the_same_frames_is_refused_in_plain_words(window, dock):
    dock.first.setValue(1)
    dock.second.setValue(2)
    press(dock.buttons["join"])
    assert "both in frame 0" in dock._message.text()
    assert dock.edits == []


def test_only_what_is_possible_can_be_pressed(window, dock):
    assert not any(button.isEnabled() for button in dock.buttons.values())
    dock.first.setValue(1)
    window.dims.set_current_step(0, 0)
    assert dock.buttons["delete"].isEnabled() and not dock.buttons["cut"].isEnabled()
    assert not dock.buttons["join"].isEnabled()


def test_deleting_every_track_leaves_an_empty_table_and_empty_masks(window, dock):
    for track in (1, 2, 3):
        dock.first.setValue(track)
        press(dock.buttons["delete"])
    assert not len(dock.edited.particles)
    assert not np.asarray(dock.edited.segmentation.frame(3)).any()
    assert not any(type(x) is Tracks and "[edited]" in x.name for x in window.layers)
    press(dock.undo_button)
    assert set(edited(window, Tracks).data[:, 0]) == {3}
