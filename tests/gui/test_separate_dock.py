"""The Separate layers dock in the real window."""

import time

import numpy as np
import pytest
from canvas import Canvas
from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_insitu_tem import Segmentation
from napari_insitu_tem.gui.layers import result_of
from napari_insitu_tem.gui.separate import SeparateDock
from separating import install, movie, squares, truth

pytestmark = pytest.mark.window


@pytest.fixture
def window(viewer, show, monkeypatch):
    install(monkeypatch)
    show(movie())
    viewer.window._qt_window.resize(1300, 800)
    viewer.window._qt_window.show()
    return viewer


@pytest.fixture
def dock(window):
    dock = SeparateDock(window)
    window.window.add_dock_widget(dock, name="Separate layers", area="right")
    dock.form.set_value(dock.settings().model_copy(update={"diameter": 18.0, "polarity": "dark"}))
    for _ in range(5):
        QApplication.processEvents()
    yield dock
    QApplication.processEvents()


def run(dock):
    dock.run()
    end = time.monotonic() + 60
    while dock._background.running:
        QApplication.processEvents()
        time.sleep(0.01)
        assert time.monotonic() < end
    QApplication.processEvents()
    return shown(dock.viewer)


def shown(viewer):
    return [layer for layer in viewer.layers if type(layer) is Labels]


def press(button):
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def test_every_layer_becomes_outlines_in_a_colour_of_its_own(window, dock):
    first, second = run(dock)
    assert [first.name, second.name] == ["squares [layer 1]", "squares [layer 2]"]
    for layer, places in zip((first, second), truth(3), strict=True):
        assert np.array_equal(np.asarray(layer.data[3]) > 0, squares(places))
        assert layer.contour == 2 and np.allclose(layer.scale, (0.1, 0.5, 0.5))
        assert isinstance(result_of(layer), Segmentation)
    colours = [layer.get_color(1) for layer in (first, second)]
    assert np.abs(colours[0] - colours[1]).max() > 0.5
    assert np.allclose(colours[0], first.get_color(5))
    # Again: the same two layers, not two more.
    assert run(dock) == [first, second]


def test_the_preview_shows_the_layers_of_this_frame_as_outlines(window, dock):
    window.dims.set_current_step(0, 4)
    dock._live.setChecked(True)
    end = time.monotonic() + 60
    while len(shown(window)) < 2:
        QApplication.processEvents()
        time.sleep(0.01)
        assert time.monotonic() < end
    for layer, places in zip(shown(window), truth(4), strict=True):
        assert np.array_equal(np.asarray(layer.data[0]) > 0, squares(places))
        assert layer.contour == 2 and layer.metadata["preview"]
    dock._live.setChecked(False)
    assert shown(window) == []


def test_a_click_and_one_button_put_a_particle_into_the_other_layer(window, dock):
    first, second = run(dock)
    window.dims.set_current_step(0, 2)
    canvas = Canvas(window, first)
    canvas.click(28, 108)
    particle = dock.moves_editor.particle
    assert particle == np.asarray(second.data[2])[28, 108] > 0
    assert "layer 2" in dock.moves_editor._title.text()
    press(dock.moves_editor.buttons["flip"])
    assert all(np.asarray(first.data[t])[28, 108] == particle for t in range(6))
    assert not any(np.asarray(second.data[t])[28, 108] for t in range(6))
    assert "layer 1" in dock.moves_editor._title.text()
    assert dock.moves_editor.history.item(0).text() == f"1. Particle {particle} to layer 1"
    assert result_of(first).provenance.steps[-1].settings["flips"] == [[particle, 1]]
    press(dock.moves_editor.undo_button)
    assert not any(np.asarray(first.data[t])[28, 108] for t in range(6))
    assert dock.moves == [] and not dock.moves_editor.undo_button.isVisible()


def test_keys_flip_from_here_on_and_in_this_frame_only(window, dock):
    first, _ = run(dock)
    window.dims.set_current_step(0, 4)
    canvas = Canvas(window, first)
    canvas.click(28, 108)
    canvas.press(Qt.Key.Key_I, Qt.KeyboardModifier.ShiftModifier)
    there = [bool(np.asarray(first.data[t])[28, 108]) for t in range(6)]
    assert there == [False] * 4 + [True] * 2
    window.dims.set_current_step(0, 1)
    canvas.press(Qt.Key.Key_P, Qt.KeyboardModifier.ShiftModifier)
    there = [bool(np.asarray(first.data[t])[28, 108]) for t in range(6)]
    assert there == [False, True, False, False, True, True]


def test_a_second_click_on_an_overlap_selects_the_other_particle(window, dock):
    first, second = run(dock)
    window.dims.set_current_step(0, 0)
    canvas = Canvas(window, first)
    picked = []
    for _ in range(3):
        canvas.click(22, 23)
        picked.append(dock.moves_editor.particle)
    under = {int(np.asarray(layer.data[0])[22, 23]) for layer in (first, second)}
    assert set(picked) == under and picked[0] == picked[2] != picked[1]
    # The ring of a selection is not something to export or to run on.
    ring = next(layer for layer in window.layers if "selected" in layer.name)
    assert ring.metadata["preview"]
    canvas.click(90, 10)
    assert dock.moves_editor.particle == 0 and not ring.visible


def test_moves_by_hand_are_made_again_after_another_run(window, dock):
    first, _ = run(dock)
    particle = int(np.asarray(dock.layers.labels[1][0])[28, 108])
    dock.move((particle, 1, 3))
    run(dock)
    assert len(dock.moves) == 1 and dock.moves[0][1:] == (1, 3)
    assert np.asarray(first.data[3])[28, 108] and not np.asarray(first.data[2])[28, 108]
    assert "1 of 1 moves" in dock._message.text()


def test_what_cannot_be_moved_says_why(window, dock):
    run(dock)
    dock.move((77, 1))
    assert "There is no particle 77" in dock._message.text() and dock.moves == []


def test_closing_the_dock_leaves_the_viewer_as_it_was(window, dock):
    run(dock)
    callbacks = len(window.mouse_drag_callbacks)
    dock.select(1)
    window.window.remove_dock_widget(dock)
    dock.deleteLater()
    for _ in range(5):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, 52)
    assert len(window.mouse_drag_callbacks) == callbacks - 1
    assert not any("selected" in layer.name for layer in window.layers)
