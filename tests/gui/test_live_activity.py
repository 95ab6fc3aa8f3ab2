"""The map of activity in the real window: layers over the raw picture, in place."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from lattices import tiny_model
from napari_insitu_tem.analysis.active_regions import ActiveRegion
from napari_insitu_tem.analysis.windows import WindowGrid
from napari_insitu_tem.gui.live import LiveDock
from napari_insitu_tem.gui.live_activity import ACTIVITY, REGIONS, LiveActivity
from napari_insitu_tem.gui.live_view import SIMULATED_LATTICE
from napari_insitu_tem.live.activity import Activity
from napari_insitu_tem.live.settings import LiveSettings

pytestmark = pytest.mark.window
LONG = 60_000


def made(regions, *, peak=9.0, zoom=2.0, size=0.5, shape=(5, 7)):
    values = np.ones(shape, np.float32)
    values[2, 3] = peak
    grid = WindowGrid(64, 8, *shape, zoom)
    there = np.ones(shape, bool)
    return Activity(values, grid, there, tuple(regions), 100, 3, (64, 90), size)


def at(y, x, strength=1000.0):
    return ActiveRegion(y, x, strength, (1, 2))


def test_a_window_of_the_map_lies_where_its_middle_is(viewer):
    shown = LiveActivity(viewer)
    activity = made([at(23.5, 27.5), at(15.5, 15.5), at(9.0, 9.0, strength=1.0)])
    shown.show(activity)
    layer, regions = viewer.layers[ACTIVITY], viewer.layers[REGIONS]
    for row, column in ((0, 0), (2, 3), (4, 6)):
        place = np.array(activity.grid.centre(row, column)) * 0.5
        np.testing.assert_allclose(layer.data_to_world((row, column)), place)
    assert [str(unit) for unit in layer.units] == ["nanometer", "nanometer"]
    # Those that do not stand out are not marked.
    np.testing.assert_allclose(regions.data, [(23.5, 27.5), (15.5, 15.5)])
    np.testing.assert_allclose(regions.data_to_world(regions.data[0]), [11.75, 13.75])
    np.testing.assert_allclose(regions.size, 32)  # 64 px, enlarged twice
    assert list(regions.text.values) == ["1", "2"]


def test_the_layers_stay_the_same_and_a_deleted_one_stays_deleted(viewer):
    shown = LiveActivity(viewer)
    shown.show(made([at(20, 20)]))
    layer, regions, data = viewer.layers[ACTIVITY], viewer.layers[REGIONS], None
    data = layer.data
    shown.show(made([at(10, 12), at(30, 31), at(40, 41)], peak=50.0))
    assert viewer.layers[ACTIVITY] is layer and layer.data is data and data.max() == 50
    assert viewer.layers[REGIONS] is regions and layer.contrast_limits[1] == 50
    assert list(regions.text.values) == ["1", "2", "3"] and len(regions.data) == 3
    shown.show(made([at(30, 31)], shape=(3, 4), zoom=1.0, size=None))  # frames of another size
    assert layer.data.shape == (3, 4) and tuple(layer.scale) == (8, 8)
    assert tuple(layer.translate) == (31.5, 31.5) and list(regions.text.values) == ["1"]
    np.testing.assert_allclose(regions.size, 64)
    layer.contrast_limits = (0, 5)  # the user's
    shown.show(made([]))
    assert tuple(layer.contrast_limits) == (0, 5) and len(regions.data) == 0
    shown.show(made([at(9, 9)]))
    shown.show(None)
    assert not layer.data.any() and len(regions.data) == 0
    viewer.layers.remove(REGIONS)
    shown.show(made([at(30, 31)]))
    assert REGIONS not in viewer.layers
    shown.begin()
    shown.show(made([at(30, 31)]))
    assert REGIONS in viewer.layers


def test_the_simulated_lattice_is_mapped_over_its_raw_picture(qtbot, viewer, tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    tiny_model()
    dock = LiveDock(viewer)
    viewer.window.add_dock_widget(dock, name="Live")
    dock.way.setCurrentIndex(dock.way.findData(SIMULATED_LATTICE))
    assert not dock.place.isVisibleTo(dock)
    settings = LiveSettings(refinement="none", map_activity=True, map_model="tiny", map_frames=20)
    dock.form.set_value(settings)
    qtbot.mouseClick(dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: ACTIVITY in viewer.layers, timeout=LONG)
    raw, layer = viewer.layers["live"], viewer.layers[ACTIVITY]
    activity = dock.follower.activity
    assert activity.frame_shape == raw.data.shape and layer.data.shape == activity.map.shape
    corner = np.array(activity.grid.centre(0, 0))
    np.testing.assert_allclose(layer.data_to_world((0, 0)), raw.data_to_world(corner))
    np.testing.assert_allclose(viewer.layers[REGIONS].scale, raw.scale)
    words = "most happens at 1", "nothing stands out"
    qtbot.waitUntil(lambda: any(w in dock.standing.text() for w in words), timeout=LONG)
    follower, folder = dock.follower, dock._microscope.folder
    dock.stop()
    qtbot.waitUntil(lambda: dock.follower is None and not follower.running, timeout=LONG)
    qtbot.waitUntil(lambda: not folder.exists(), timeout=LONG)
