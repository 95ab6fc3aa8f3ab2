"""The Quality and Heterogeneity docks, in the real window: choose, run, read, plot, save."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLabel, QPushButton
from scipy import ndimage

from napari_insitu_tem import Job, Movie
from napari_insitu_tem.gui.heterogeneity import HeterogeneityDock
from napari_insitu_tem.gui.quality import QualityDock
from napari_insitu_tem.tasks.denoise import DenoiseSettings, denoise


@pytest.fixture
def truth() -> np.ndarray:
    y, x = np.mgrid[:96, :96]
    image = np.where((y - 40) ** 2 + (x - 50) ** 2 < 15**2, 25.0, 60.0)
    return ndimage.gaussian_filter(image, 1.5)


@pytest.fixture
def raw(truth) -> Movie:
    rng = np.random.default_rng(0)
    frames = rng.poisson(truth, (8, 96, 96)).astype(np.float32)
    return Movie(frames, pixel_size=0.5, frame_time=0.1, name="cell")


@pytest.fixture
def dock(viewer, show, raw):
    show(raw)
    settings = DenoiseSettings(method="gaussian", sigma=1.5, sigma_time=0)
    show(denoise(raw, settings, Job(on_progress=lambda _: None)), "cell [denoised]")
    dock = QualityDock(viewer)
    viewer.window.add_dock_widget(dock, name="Quality")
    return dock


def press_run(qtbot, dock):
    with qtbot.waitSignal(dock.finished, timeout=120_000):
        qtbot.mouseClick(dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)


@pytest.mark.window
def test_verdicts_maps_and_plots_come_from_one_press(qtbot, viewer, dock, tmp_path):
    assert dock.input_layer().name == "cell [denoised]"
    assert dock._raw.value.name == "cell"
    press_run(qtbot, dock)
    names = [layer.name for layer in viewer.layers]
    assert names == ["cell", "cell [denoised]", "cell [residual]", "cell [structure]",
                     "cell [invented]"]  # fmt: skip
    residual = viewer.layers["cell [residual]"]
    assert tuple(residual.scale) == (0.1, 0.5, 0.5)
    raw, denoised = viewer.layers["cell"].data, viewer.layers["cell [denoised]"].data
    np.testing.assert_allclose(np.asarray(residual.data), raw - denoised, atol=1e-3)
    words = dock.findChild(QLabel, "verdicts").text()
    assert "Invented detail" in words and "Whiteness" in words
    viewer.show()
    qtbot.waitUntil(lambda: dock.plots.canvas.drawn is not None, timeout=10_000)
    which = dock.findChild(QComboBox, "which_plot")
    which.setCurrentIndex(which.findData("ring_correlation"))
    paths = dock.save(tmp_path / "rings.svg")
    assert {path.name for path in paths} == {"rings.svg", "rings.csv"}
    assert "frequency_per_nm" in (tmp_path / "rings.csv").read_text().splitlines()[0]
    assert [path.name for path in dock.save(tmp_path / "frames.csv")] == ["frames.csv"]


@pytest.mark.window
def test_running_again_updates_the_same_layers_and_keeps_the_choice(qtbot, viewer, dock):
    press_run(qtbot, dock)
    which = dock.findChild(QComboBox, "which_plot")
    which.setCurrentIndex(which.findData("ring_correlation"))
    before = len(viewer.layers)
    press_run(qtbot, dock)
    assert len(viewer.layers) == before
    assert which.currentData() == "ring_correlation"
    assert dock.input_layer().name == "cell [denoised]"


@pytest.mark.window
def test_a_reference_adds_its_figures(qtbot, viewer, dock, show, truth):
    show(Movie(truth[np.newaxis], pixel_size=0.5, name="truth"))
    dock._chooser.value = viewer.layers["cell [denoised]"]
    dock._reference.value = viewer.layers["truth"]
    press_run(qtbot, dock)
    assert "SSIM" in dock.findChild(QLabel, "verdicts").text()
    assert dock.findChild(QComboBox, "which_plot").findData("ssim") >= 0


@pytest.mark.window
def test_what_is_missing_is_said_in_plain_words(viewer, dock):
    dock._raw.value = None
    dock.run()
    assert "Choose the raw movie" in dock._message.text()
    dock._raw.value = viewer.layers["cell [denoised]"]
    dock.run()
    assert "same layer" in dock._message.text()


@pytest.mark.window
def test_regions_come_as_labels_with_their_share(qtbot, viewer, show, tmp_path):
    rng = np.random.default_rng(1)
    fine, coarse = (ndimage.gaussian_filter(rng.normal(size=(2, 160, 160)), (0, s, s))
                    for s in (1.5, 3))  # fmt: skip
    step = np.where(np.arange(160) < 80, coarse / coarse.std(), fine / fine.std())
    show(Movie((100 + 10 * step).astype(np.float32), pixel_size=0.5, name="gel"))
    dock = HeterogeneityDock(viewer)
    viewer.window.add_dock_widget(dock, name="Heterogeneity")
    dock.form.editor("window").setValue(24)
    press_run(qtbot, dock)
    layer = viewer.layers["gel [regions]"]
    assert set(np.unique(np.asarray(layer.data))) == {1, 2}
    assert "2 kinds" in dock._message.text()
    assert len(dock.plots.save(tmp_path / "regions.png")) == 2
