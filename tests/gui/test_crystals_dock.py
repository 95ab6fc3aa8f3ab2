"""The Crystals dock, in the real window: click a particle, run, read table and plot."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QPushButton

from napari_insitu_tem import Movie, Segmentation
from napari_insitu_tem.gui.crystals import CrystalsDock

pytestmark = pytest.mark.window


@pytest.fixture(scope="module")
def crystals_movie() -> Segmentation:
    """Two discs with square lattices of gold's spacing along [0 0 1]; the second turns."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:96, :160].astype(float)
    labels, frames = np.zeros((3, 96, 160), np.int32), []
    for frame in range(3):
        image = rng.normal(100, 1, (96, 160))
        for number, (column, turn) in enumerate(((44, 10), (116, 30 + 2 * frame)), start=1):
            inside = np.hypot(y - 48, x - column) < 34
            labels[frame][inside] = number
            for angle in (turn, turn + 90):
                c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
                image += inside * 4 * np.cos(2 * np.pi * ((x - column) * c - (y - 48) * s) / 8)
        frames.append(image)
    movie = Movie(np.stack(frames).astype(np.float32), pixel_size=0.2039 / 8, name="gold")
    return Segmentation(labels, movie)


@pytest.fixture
def dock(viewer, show, crystals_movie):
    show(crystals_movie.movie)
    show(crystals_movie, "gold [masks]")
    dock = CrystalsDock(viewer)
    viewer.window.add_dock_widget(dock, name="Crystals")
    dock.form.set_value(dock.form.value().model_copy(update={"lattice": "Au"}))
    return dock


def test_a_chosen_particle_shows_its_indexed_spectrum(qtbot, viewer, dock):
    assert "Click a particle" in dock.peaks.text()
    viewer.dims.set_current_step(0, 0)
    place = viewer.layers["gold [masks]"].data_to_world((0, 48, 116))
    dock.choose(dock._clicks.particle_at(tuple(place)))
    qtbot.waitUntil(lambda: dock.spectrum.picture is not None, timeout=30_000)
    picture = dock.spectrum.picture
    assert picture.pairs[0].angle % 90 == pytest.approx(30, abs=0.5)
    assert "2 0 0" in picture.names or "0 2 0" in picture.names or "0 0 2" in picture.names
    assert "Particle 2" in dock.peaks.text() and "strain" in dock.peaks.text()
    viewer.dims.set_current_step(0, 2)
    qtbot.waitUntil(lambda: dock.spectrum.picture is not picture, timeout=30_000)
    assert dock.spectrum.picture.pairs[0].angle % 90 == pytest.approx(34, abs=0.5)
    assert dock._clicks.particle_at((0, 0, 0)) is None


def test_running_fills_table_and_plot(qtbot, viewer, dock, tmp_path):
    with qtbot.waitSignal(dock.finished, timeout=120_000):
        qtbot.mouseClick(dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)
    assert dock.model.rowCount() == 6
    assert "2 particles in 3 frames" in dock._message.text()
    row = next(i for i in range(6) if dock.model.particle(i) == (2, 1))
    dock.table.clicked.emit(dock.model.index(row, 0))
    assert dock.particle == 2 and viewer.dims.current_step[0] == 1
    dock.findChild(QComboBox, "which_table").setCurrentIndex(1)
    assert dock.model.rowCount() >= 12
    which = dock.findChild(QComboBox, "which_plot")
    which.setCurrentIndex(which.findData("orientation"))
    paths = dock.plots.save(tmp_path / "turn.svg")
    assert {path.name for path in paths} == {"turn.svg", "turn.csv"}
    assert [layer.name for layer in viewer.layers] == ["gold", "gold [masks]"]
