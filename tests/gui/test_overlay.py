"""Layers of a cropped movie lie on the movie that it was cropped from."""

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QPushButton

from napari_insitu_tem.gui.calibrate import CalibrateDock
from napari_insitu_tem.gui.canvas_link import RING, link_canvas
from napari_insitu_tem.gui.guides import rectangle_edges, show_guide
from napari_insitu_tem.gui.layers import layer_data, movie_from_layer
from napari_insitu_tem.gui.readers import read_layers
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.gui.segment import SegmentDock
from napari_insitu_tem.gui.session import session_of
from napari_insitu_tem.io.write import write_movie
from napari_insitu_tem.tasks.calibrate import CalibrateSettings, calibrate
from napari_insitu_tem.tasks.segment import segment
from napari_insitu_tem.tasks.track import track

TOP, LEFT = 8, 30
CROP = {"crop_top": TOP, "crop_left": LEFT}
#: A disc of the fixture `discs` in its first frame, in pixels of the whole movie.
DISC = (22, 60)


@pytest.fixture
def cropped(discs):
    return calibrate(discs, CalibrateSettings(**CROP))


@pytest.fixture
def tracking(cropped, quiet_job):
    return track(segment(cropped, job=quiet_job), job=quiet_job)


@pytest.fixture
def model(discs, cropped, tracking):
    """The whole movie, the cropped one, and its masks and tracks; without a window."""
    viewer = ViewerModel()
    for result in (discs, cropped):
        show_layers(viewer, layer_data(result, result.name), [])
    show_layers(viewer, layer_data(tracking, "tracks"), [])
    return viewer


def world(layer, frame, y, x):
    return np.asarray(layer.data_to_world((frame, y, x)))


def test_a_crop_its_masks_and_its_tracks_overlay_the_whole_movie(model):
    whole, part, masks, tracks = model.layers
    place = world(whole, 0, *DISC)
    np.testing.assert_allclose(world(part, 0, DISC[0] - TOP, DISC[1] - LEFT), place)
    np.testing.assert_allclose(part.translate, (0, TOP * 0.5, LEFT * 0.5))
    number = masks.get_value(place, world=True)
    assert number
    _, *point = tracks.data[(tracks.data[:, 0] == number) & (tracks.data[:, 1] == 0)][0]
    assert np.abs(world(tracks, *point) - place).max() < 0.5  # nm, a pixel


@pytest.mark.parametrize("bins", [2, 3])
def test_a_binned_movie_overlays_the_whole_one(model, discs, bins):
    binned = calibrate(discs, CalibrateSettings(**CROP, bin=bins))
    (layer,) = show_layers(model, layer_data(binned, "binned"), [])
    corner = world(layer, 0, -0.5, -0.5)
    np.testing.assert_allclose(corner, world(model.layers[0], 0, TOP - 0.5, LEFT - 0.5))


def test_the_place_survives_the_way_into_a_layer_and_back(model, cropped, tmp_path, quiet_job):
    part = model.layers[1]
    assert movie_from_layer(part).origin == cropped.origin == (TOP, LEFT)
    part.translate = (0, 1.5, 2.0)  # the user moves it, and what is made of it goes along
    moved = movie_from_layer(part)
    assert moved.origin == (3, 4)
    assert calibrate(moved, CalibrateSettings(pixel_size=0.1)).origin == (3, 4)
    (read,) = read_layers(write_movie(cropped, tmp_path / "a.ome.tif", quiet_job))
    np.testing.assert_allclose(read[1]["translate"], (0, TOP * 0.5, LEFT * 0.5))


def test_particles_of_a_crop_are_picked_and_ringed_where_they_are_seen(model, tracking, discs):
    whole, _, masks, _ = model.layers
    link, place = link_canvas(model), world(whole, 0, *DISC)
    session_of(model).show_tracking(tracking)
    number = link.particle_at(place)
    assert number is not None
    model.layers.remove(masks)
    assert link.particle_at(place) == number
    session_of(model).select(number, 0)
    ring = model.layers[RING]
    assert np.abs(world(ring, *ring.data[0]) - place).max() < 0.5
    # Tracks of the whole movie next: the same ring, at their place.
    tracks_of_all = track(segment(discs))
    session_of(model).show_tracking(tracks_of_all)
    session_of(model).select(link.particle_at(place), 0)
    assert model.layers[RING] is ring
    assert np.abs(world(ring, *ring.data[0]) - place).max() < 0.5


def test_a_guide_over_a_crop_is_read_in_its_own_pixels(model):
    part = model.layers[1]
    height, width = part.data.shape[-2:]
    corners = np.array([(4, 6), (4, width - 3), (height - 2, width - 3), (height - 2, 6)]) - 0.5
    guide = show_guide(model, part, "rectangle", corners, "crop")
    np.testing.assert_allclose(guide.data_to_world((4, 6)), world(part, 0, 4, 6)[1:])
    assert rectangle_edges(guide, part) == (4, 2, 6, 3)


@pytest.mark.window
def test_cropping_and_segmenting_in_the_window_overlays(qtbot, viewer, show, discs):
    show(discs)
    dock = CalibrateDock(viewer)
    viewer.window.add_dock_widget(dock, name="Calibrate")
    for name, value in CROP.items():
        dock.form.editor(name).setValue(value)
    dock.form.editor("pixel_size").setValue(0.25)  # the place is kept in pixels
    with qtbot.waitSignal(dock.finished, timeout=10_000):
        dock.findChild(QPushButton, "run").click()
    whole, part = viewer.layers["discs"], viewer.layers["discs [calibrated]"]
    np.testing.assert_allclose(part.translate, (0, TOP * 0.25, LEFT * 0.25))
    np.testing.assert_allclose(whole.translate, 0)
    panel = SegmentDock(viewer)
    viewer.window.add_dock_widget(panel, name="Segment")
    panel._chooser.value = part
    viewer.dims.set_current_step(0, 2)
    panel._live.setChecked(True)
    qtbot.waitUntil(lambda: len(viewer.layers) > before(viewer), timeout=20_000)
    preview = viewer.layers[-1]
    disc = world(whole, 2, DISC[0] + 2, DISC[1] + 2)
    assert preview.get_value(disc, world=True)
    panel._live.setChecked(False)
    with qtbot.waitSignal(panel.finished, timeout=30_000):
        panel.findChild(QPushButton, "run").click()
    masks = viewer.layers["discs [calibrated] [masks]"]
    assert masks.get_value(disc, world=True)
    assert not masks.get_value(world(whole, 2, 2, 100), world=True)


def before(viewer):
    """Count the layers that are no preview."""
    return sum(not layer.metadata.get("preview") for layer in viewer.layers)
