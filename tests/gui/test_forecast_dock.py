"""The Forecast dock: learn, look, compare."""

import numpy as np
import pytest

from napari_insitu_tem import Movie

pytestmark = pytest.mark.window


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """Models of one's own, for the time of a test."""
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))


@pytest.fixture
def movie(rng) -> Movie:
    """Forty frames of a disc that moves steadily, over noise."""
    y, x = np.mgrid[:32, :40]
    frames = [np.exp(-((y - 16) ** 2 + (x - 6 - 0.6 * t) ** 2) / 12) for t in range(40)]
    data = 100 * np.array(frames) + rng.normal(200, 5, (40, 32, 40))
    return Movie(data.astype(np.float32), pixel_size=0.5, frame_time=0.1, name="disc")


@pytest.fixture
def dock(viewer, show, movie):
    """The dock over a movie, with settings that take no time."""
    from napari_insitu_tem.gui.forecast import ForecastDock

    show(movie)
    dock = ForecastDock(viewer)
    viewer.window.add_dock_widget(dock, area="right")
    quick = {"given": 3, "steps": 3, "validation": 0.25, "test": 0.3, "gap": 0}
    dock.form.set_value(dock.form.value().model_copy(update=quick))
    return dock


def test_a_run_shows_aligned_layers_the_learning_and_the_plots(dock, viewer, qtbot):
    with qtbot.waitSignal(dock.finished, timeout=120_000):
        dock.run()
    names = [layer.name for layer in viewer.layers]
    for name in ("forecast", "difference", "spread", "surprise"):
        layer = viewer.layers[f"disc [{name}]"]
        np.testing.assert_allclose(layer.scale, viewer.layers["disc"].scale)
        assert layer.data.shape == viewer.layers["disc"].data.shape
        assert name != "forecast" or layer.visible
    assert len(names) == 5
    qtbot.waitUntil(lambda: not dock._background.running, timeout=5000)
    assert len(dock.learning.plot.curve("training"))
    assert dock.learning.strip.pixmap() is not None
    assert "test clip" in dock._verdict.text()
    plots = [dock.plots.which.itemData(i) for i in range(dock.plots.which.count())]
    assert plots == ["ssim", "mse", "mae", "psnr", "coverage", "surprise"]


def test_running_again_updates_the_same_layers(dock, viewer, qtbot):
    for _ in range(2):
        with qtbot.waitSignal(dock.finished, timeout=120_000):
            dock.run()
        qtbot.waitUntil(lambda: not dock._background.running, timeout=5000)
    assert len(viewer.layers) == 5


def test_the_plot_is_saved_with_its_numbers(dock, qtbot, tmp_path):
    with pytest.raises(ValueError, match="no plot yet"):
        dock.plots.save(tmp_path / "x.svg")
    with qtbot.waitSignal(dock.finished, timeout=120_000):
        dock.run()
    files = dock.plots.save(tmp_path / "ssim.svg")
    assert [path.name for path in files] == ["ssim.svg", "ssim.csv"]


def test_a_drawn_window_becomes_the_settings_window(dock, viewer):
    dock.draw_window()
    settings = dock.form.value()
    assert settings.region == "window" and settings.size == 32
    guide = viewer.layers["forecast window"]
    guide.data = [np.array([[2, 4], [2, 23], [21, 23], [21, 4]])]
    settings = dock.form.value()
    assert (settings.top, settings.left, settings.size) == (2, 4, 20)


def test_the_frame_that_is_shown_becomes_the_present(dock, viewer):
    viewer.dims.set_current_step(0, 17)
    dock.start_here()
    assert dock.form.value().start == 17


def test_a_movie_that_is_too_short_is_told_in_the_panel(dock, viewer, qtbot):
    dock.form.set_value(dock.form.value().model_copy(update={"given": 20}))
    dock.run()
    qtbot.waitUntil(lambda: "need at least" in dock._message.text(), timeout=30_000)
