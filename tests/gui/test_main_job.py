"""The main job, click by click, in the real window."""

import numpy as np
import pytest
from napari.layers import Labels, Tracks
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton

from napari_insitu_tem.gui.layers import KEY
from napari_insitu_tem.gui.session import session_of

pytestmark = pytest.mark.window


@pytest.fixture
def open_dock(viewer):
    """Open a dock as the menu does."""

    def open_dock(title):
        _, dock = viewer.window.add_plugin_dock_widget("napari-insitu-tem", title)
        return dock

    return open_dock


@pytest.fixture
def run(qtbot):
    """Click a dock's Run and wait for its result."""

    def run(dock):
        button = dock.findChild(QPushButton, "run")
        with qtbot.waitSignal(dock.finished, timeout=60_000) as caught:
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        return caught.args[0]

    return run


def test_a_movie_becomes_masks_tracks_and_measurements(viewer, show, discs, open_dock, run):
    show(discs)
    run(open_dock("2 Align"))
    run(open_dock("4 Segment"))
    masks = [layer for layer in viewer.layers if isinstance(layer, Labels)]
    assert len(masks) == 1
    assert [len(np.unique(np.asarray(masks[0].data[t]))) - 1 for t in range(6)] == [5] * 6
    run(open_dock("6 Track"))
    tracks = [layer for layer in viewer.layers if isinstance(layer, Tracks)]
    assert len(np.unique(tracks[0].data[:, 0])) == 5
    assert "area_nm2" in tracks[0].features
    np.testing.assert_allclose(tracks[0].scale[-3:], (0.1, 0.5, 0.5))
    measured = run(open_dock("7 Measure"))
    assert session_of(viewer).measurements is measured
    assert list(measured.frames["count"]) == [5] * 6
    steps = [step.task for step in measured.provenance.steps]
    assert steps == ["align", "segment", "track", "measure"]


def test_denoise_gives_a_calmer_movie_of_the_same_scale(viewer, show, discs, open_dock, run):
    show(discs)
    run(open_dock("3 Denoise"))
    layer = viewer.layers[-1]
    assert layer.name == "discs [denoised]"
    calm, noisy = np.asarray(layer.data[0]), discs.frame(0)
    assert calm[40:50, 40:80].std() < 0.5 * noisy[40:50, 40:80].std()
    np.testing.assert_allclose(calm.mean(), noisy.mean(), rtol=0.01)


def test_masks_are_tracked_over_the_movie_they_were_made_from(viewer, show, discs, open_dock, run):
    show(discs)
    cropped = discs.replace(data=discs.data[:, 4:-4], name="cropped")
    show(cropped)
    segment = open_dock("4 Segment")
    segment._chooser.value = viewer.layers["cropped"]
    run(segment)
    viewer.layers.selection.active = viewer.layers["discs"]
    tracking = run(open_dock("6 Track"))
    assert tracking.movie.name == "cropped"


def test_masks_from_elsewhere_are_tracked_over_the_movie_that_fits(
    viewer, show, discs, open_dock, run
):
    show(discs)
    viewer.add_labels((discs.data < 140).astype(np.int32), name="painted elsewhere")
    tracking = run(open_dock("6 Track"))
    assert tracking.movie.name == "discs"


def test_follow_crops_a_window_around_one_particle(viewer, show, discs, open_dock, run):
    show(discs)
    run(open_dock("4 Segment"))
    run(open_dock("6 Track"))
    followed = run(open_dock("6 Follow a particle"))
    middle = followed.data.shape[1] // 2
    for index in range(followed.n_frames):
        assert followed.frame(index)[middle, middle] < 140


def test_a_recipe_repeats_what_a_layer_went_through(viewer, show, discs, open_dock, run, qtbot):
    show(discs)
    run(open_dock("4 Segment"))
    masks = viewer.layers[-1]
    first = np.asarray(masks.data).copy()
    dock = open_dock("9 Recipe")
    viewer.layers.selection.active = masks
    dock.show_history()
    assert 'task = "segment"' in dock.text()
    dock._chooser.value = viewer.layers["discs"]
    with qtbot.waitSignal(dock._background.finished, timeout=60_000):
        qtbot.mouseClick(dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)
    again = [layer for layer in viewer.layers if isinstance(layer, Labels)][-1]
    assert again is not masks
    np.testing.assert_array_equal(np.asarray(again.data), first)
    assert again.metadata[KEY].provenance.steps[-1].task == "segment"


def test_a_wrong_recipe_is_refused_in_the_dock(viewer, show, discs, open_dock, qtbot):
    show(discs)
    dock = open_dock("9 Recipe")
    dock.set_text('[[step]]\ntask = "track"')
    qtbot.mouseClick(dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)
    assert "needs a step 'segment'" in dock._message.text()


def test_every_dock_of_the_menu_opens(viewer, show, discs, open_dock):
    from npe2 import PluginManager

    show(discs)
    manifest = PluginManager.instance().get_manifest("napari-insitu-tem")
    for widget in manifest.contributions.widgets:
        assert not open_dock(widget.display_name).isHidden(), widget.display_name
