"""The Latent variance dock, in the real window: run, choose, click, region, clusters, retrain."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QPushButton

from lattices import tiny_model, turning_movie
from napari_insitu_tem.gui.latent import LatentDock
from napari_insitu_tem.gui.latent_gallery import LatentGallery
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.tasks.fourier import FourierSettings, fourier


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    tiny_model()


@pytest.fixture
def dock(viewer, show):
    show(turning_movie(pixel_size=0.02, frame_time=0.5, origin=(10.0, 20.0)))
    dock = LatentDock(viewer)
    viewer.window.add_dock_widget(dock, name="Latent variance")
    viewer.show()
    dock.form.set_value(dock.settings().model_copy(update={"model": "tiny"}))
    return dock


def run(qtbot, dock):
    with qtbot.waitSignal(dock.finished, timeout=120_000):
        qtbot.mouseClick(dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)


def world(viewer, y, x):
    """Return the world coordinates of a pixel of the movie."""
    layer = viewer.layers["turning"]
    return (0.0, *(layer.translate[-2:] + np.array([y, x]) * layer.scale[-2:]))


@pytest.mark.window
def test_a_map_lies_over_the_movie_and_a_click_in_the_gallery_changes_it(qtbot, viewer, dock):
    run(qtbot, dock)
    found = dock.found
    assert found.grid.shape == (9, 9)
    overlay = next(layer for layer in viewer.layers if "all latents" in layer.name)
    movie = viewer.layers["turning"]
    assert overlay.data.shape == (9, 9)
    # The middle of a window's pixel is the middle of the window.
    y, x = found.grid.centre(3, 5)
    np.testing.assert_allclose(
        overlay.data_to_world((3, 5)), movie.data_to_world((0, y, x))[-2:], atol=1e-9
    )
    assert dock.input_layer() is movie
    gallery = dock.findChild(LatentGallery, "gallery")
    assert sorted(gallery.latents) == list(range(6))
    wanted = gallery.latents[2]
    place = gallery.place_of(wanted).toPoint()
    qtbot.mouseClick(gallery, Qt.MouseButton.LeftButton, pos=place)
    assert f"z{wanted}" in overlay.name
    np.testing.assert_allclose(
        overlay.data, found.maps("time_correlated_variance")[..., wanted], rtol=1e-5
    )
    assert dock.findChild(QLineEdit, "latents").text().startswith(str(wanted))
    kind = dock.findChild(QComboBox, "kind")
    kind.setCurrentIndex(kind.findData("spearman"))
    np.testing.assert_allclose(overlay.data, found.maps("spearman")[..., wanted], rtol=1e-5)
    run(qtbot, dock)
    assert sum("turning [" in layer.name for layer in viewer.layers) == 1


@pytest.mark.window
def test_a_click_on_a_spot_shows_its_series_frames_and_traversal(qtbot, viewer, dock):
    run(qtbot, dock)
    y, x = dock.found.grid.centre(1, 6)
    dock.click_at(world(viewer, y + 2, x - 3))
    assert dock.spot.place == (1, 6)
    assert viewer.layers["latent window"].data.tolist() == [[y, x]]
    assert "Window at row 40, column 80" in dock.findChild(QLabel, "spot").text()
    latent = dock.spot.latents()[0]
    wanted = dock.found.at(1, 6)[:, latent]

    def drawn():
        shown = dock.spot.canvas.drawn
        return shown is not None and np.allclose(shown.data[f"z{latent}"], wanted)

    qtbot.waitUntil(drawn, timeout=20_000)
    qtbot.waitUntil(lambda: len(dock.spot.traversal.words) == 7, timeout=20_000)
    dock.spot.strip.chosen.emit(6)
    assert viewer.dims.current_step[0] == 11
    dock.click_at(world(viewer, -40, 0))  # beside the movie
    assert dock.spot.place == (1, 6)


@pytest.mark.window
def test_the_most_active_latents_of_a_rectangle_are_told_and_plotted(qtbot, viewer, dock):
    run(qtbot, dock)
    qtbot.mouseClick(dock.findChild(QPushButton, "region"), Qt.MouseButton.LeftButton)
    guide = viewer.layers["latent region"]
    guide.data = [np.array([(20.0, 70.0), (20, 100), (100, 100), (100, 70)])]
    wanted = dock.found.most_active(dock.found.inside(20, 100, 70, 100), count=3)
    assert dock.spot.latents() == wanted
    assert f"z{wanted[0]}" in dock._message.text()
    clusters = dock.findChild(QCheckBox, "clusters")
    clusters.setChecked(True)
    shown = viewer.layers["turning [clusters]"]
    assert (shown.data == dock.found.clusters).all() and shown.visible
    clusters.setChecked(False)
    assert not shown.visible


@pytest.mark.window
def test_retraining_on_the_movie_makes_a_model_that_is_chosen(qtbot, viewer, dock):
    dock.findChild(QLineEdit, "retrained_name").setText("../evil")
    button = dock.findChild(QPushButton, "retrain")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "cannot be a model" in dock._message.text(), timeout=20_000)
    dock.findChild(QLineEdit, "retrained_name").setText("mine")
    dock.retraining._minutes.setValue(0.1)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(dock.retraining.made, timeout=120_000):
        pass
    assert get_model("mine").card.parent == "tiny"
    assert dock.settings().model == "mine"
    run(qtbot, dock)
    assert dock.found.model == "mine"


@pytest.mark.window
def test_what_fourier_checks_measure_is_drawn_beside_latents(qtbot, viewer, dock, quiet_job):
    run(qtbot, dock)
    beside = dock.findChild(QComboBox, "beside")
    assert not beside.isVisible()
    settings = FourierSettings(regions="4,4 124,58; 4,70 124,124", extent=False)
    dock.session.show_checks(fourier(turning_movie(frames=20), settings, quiet_job))
    assert beside.count() == 1  # of another movie
    dock.session.show_checks(fourier(dock.found.movie, settings, quiet_job))
    place = beside.findText("beside it: angle against region 1, region 2 (°)")
    assert place > 0
    beside.setCurrentIndex(place)
    canvas = dock.spot.canvas
    canvas.redraw()
    assert "Angle against region 1, region 2 (°)" in canvas.drawn.data
    labels = [text.get_text() for text in canvas.figure.axes[0].get_legend().get_texts()]
    assert all("(r " in label for label in labels)
