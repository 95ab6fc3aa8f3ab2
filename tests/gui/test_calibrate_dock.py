"""The Calibrate dock, in the real window: scale bar, banner and crop by mouse."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QPushButton

from napari_insitu_tem import Movie
from napari_insitu_tem.gui.calibrate import CalibrateDock, calibration_words
from napari_insitu_tem.gui.guides import rectangle_edges, show_guide
from napari_insitu_tem.gui.layers import KEY, movie_from_layer

pytestmark = pytest.mark.window


@pytest.fixture
def bannered(rng) -> Movie:
    """Four uncalibrated frames with a black banner of 30 rows and a bar of 60 px in it."""
    data = rng.normal(120, 12, (4, 130, 160)).clip(20, 250).astype(np.uint8)
    data[:, 100:] = 0
    data[:, 110:116, 10:70] = 255
    return Movie(data, name="film")


@pytest.fixture
def dock(viewer, bannered, show):
    show(bannered)
    dock = CalibrateDock(viewer)
    viewer.window.add_dock_widget(dock, name="Calibrate")
    return dock


def click(qtbot, dock, name):
    qtbot.mouseClick(dock.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def find(qtbot, dock, name):
    with qtbot.waitSignal(dock._finder.ended, timeout=10_000):
        click(qtbot, dock, name)


def run(qtbot, dock):
    with qtbot.waitSignal(dock.finished, timeout=10_000):
        click(qtbot, dock, "run")


def test_a_found_bar_and_its_printed_length_calibrate_the_layer_itself(qtbot, viewer, dock):
    assert "no pixel size" in dock.findChild(QLabel, "now").text()
    find(qtbot, dock, "find_bar")
    assert dock.form.value().scale_bar_pixels == 60
    assert "scale bar line" in viewer.layers
    dock.form.editor("scale_bar_length").setValue(30)
    dock.form.editor("frame_time").setValue(0.5)
    run(qtbot, dock)
    assert [layer.name for layer in viewer.layers if layer.visible] == ["film"]
    layer = viewer.layers["film"]
    assert viewer.layers["scale bar line"].units == layer.units[1:]  # none is left in pixels
    np.testing.assert_allclose(layer.scale, (0.5, 0.5, 0.5))
    assert [str(unit) for unit in layer.units] == ["second", "nanometer", "nanometer"]
    assert "0.5 nm a pixel, 0.5 s a frame" in dock.findChild(QLabel, "now").text()
    assert movie_from_layer(layer).provenance.steps[-1].settings["scale_bar_length"] == 30


def test_a_found_banner_is_cropped_into_a_layer_of_its_own(qtbot, viewer, dock, bannered):
    find(qtbot, dock, "find_banner")
    assert dock.form.value().crop_bottom == 30
    assert "crop rectangle" in viewer.layers
    dock.form.editor("pixel_size").setValue(0.25)
    dock.form.editor("bin").setValue(2)
    run(qtbot, dock)
    old, new = viewer.layers["film"], viewer.layers["film [calibrated]"]
    assert new.data.shape == (4, 50, 80)
    np.testing.assert_allclose(new.scale[1:], 0.5)
    # Both have the same units, so that the window's scale bar has one.
    np.testing.assert_allclose(old.scale[1:], 0.25)
    assert old.units == new.units
    assert (old.visible, new.visible) == (False, True)
    assert old.metadata[KEY].provenance.steps[-1].settings == {
        **dock.task.settings_type().to_dict(),
        "pixel_size": 0.25,
    }
    np.testing.assert_array_equal(np.asarray(old.data), bannered.data)


def test_running_again_redoes_the_crop_instead_of_cropping_twice(qtbot, viewer, dock):
    dock.form.editor("crop_bottom").setValue(30)
    run(qtbot, dock)
    dock.form.editor("crop_bottom").setValue(40)
    run(qtbot, dock)
    assert [layer.name for layer in viewer.layers] == ["film", "film [calibrated]"]
    assert viewer.layers["film [calibrated]"].data.shape == (4, 90, 160)


def test_a_line_that_is_dragged_measures_the_bar(qtbot, viewer, dock):
    click(qtbot, dock, "draw_bar")
    line = viewer.layers["scale bar line"]
    line.data = [np.array([[50.0, 10.0], [50.0, 90.0]])]
    assert dock.form.value().scale_bar_pixels == 80
    assert "scale bar line" in viewer.layers
    click(qtbot, dock, "run")
    qtbot.waitUntil(lambda: "enter its length" in dock._message.text(), timeout=5000)
    click(qtbot, dock, "draw_bar")  # moves the same line back
    assert dock.form.value().scale_bar_pixels == 40
    assert [layer.name for layer in viewer.layers] == ["film", "scale bar line"]
    viewer.layers.remove(line)
    click(qtbot, dock, "draw_bar")
    assert [layer.name for layer in viewer.layers] == ["film", "scale bar line"]


def test_a_rectangle_that_is_dragged_sets_the_crop(qtbot, viewer, dock):
    click(qtbot, dock, "draw_crop")
    corners = np.array([[9.5, 19.5], [9.5, 99.5], [89.5, 99.5], [89.5, 19.5]])
    viewer.layers["crop rectangle"].data = [corners]
    settings = dock.form.value()
    crop = (settings.crop_top, settings.crop_bottom, settings.crop_left, settings.crop_right)
    assert crop == (10, 40, 20, 60)


def test_the_shown_frame_begins_and_ends_the_cut(qtbot, viewer, dock):
    viewer.dims.set_current_step(0, 1)
    click(qtbot, dock, "first")
    viewer.dims.set_current_step(0, 2)
    click(qtbot, dock, "last")
    run(qtbot, dock)
    assert viewer.layers["film [calibrated]"].data.shape[0] == 2


def test_what_is_not_found_is_said(qtbot, viewer, dock, discs, show):
    show(discs)
    dock._chooser.value = viewer.layers["discs"]
    find(qtbot, dock, "find_bar")
    assert "No scale bar was found" in dock._message.text()
    find(qtbot, dock, "find_banner")
    assert "No banner" in dock._message.text()


def test_without_a_movie_every_button_says_so(qtbot, viewer):
    dock = CalibrateDock(viewer)
    qtbot.addWidget(dock)
    for name in ("find_bar", "draw_bar", "find_banner", "draw_crop"):
        dock.say("")
        click(qtbot, dock, name)
        assert "There is no movie yet" in dock._message.text()


def test_a_layer_that_vanishes_while_it_is_searched_does_no_harm(qtbot, viewer, dock):
    click(qtbot, dock, "find_bar")
    with qtbot.waitSignal(dock._finder.ended, timeout=10_000):
        viewer.layers.clear()
    assert len(viewer.layers) == 0


def test_guides_are_read_in_pixels_of_a_scaled_and_moved_layer(viewer, discs):
    layer = viewer.add_image(discs.data, scale=(1, 0.2, 0.2), translate=(0, 5, 7))
    corners = np.array([[4.5, 9.5], [4.5, 59.5], [49.5, 59.5], [49.5, 9.5]])
    guide = show_guide(viewer, layer, "rectangle", corners, "guide")
    assert rectangle_edges(guide, layer) == (5, 46, 10, 68)


def test_the_calibration_is_said_in_words(small_movie):
    assert calibration_words(small_movie) == (
        "0.5 nm a pixel, 0.1 s a frame, no dose; 8 frames of 64 × 48 px."
    )
