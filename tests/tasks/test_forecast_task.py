"""The forecast task: aligned movies, figures with baselines, and a word where there is no skill."""

import numpy as np
import pytest

from napari_insitu_tem import Cancelled, Job, Movie, MovieError, SettingsError
from napari_insitu_tem.models.model import ModelError
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.tasks.forecast import ForecastSettings, forecast

QUICK = {"given": 3, "steps": 6, "minutes": 10.0, "gap": 0, "validation": 0.25, "test": 0.3}


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    """Models of one's own, for the time of a test."""
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))


@pytest.fixture
def movie(rng) -> Movie:
    """Fifty frames of a disc that moves steadily, calibrated, over noise."""
    y, x = np.mgrid[:24, :28]
    frames = [np.exp(-((y - 12) ** 2 + (x - 4 - 0.4 * t) ** 2) / 10) for t in range(50)]
    data = 100 * np.array(frames) + rng.normal(200, 5, (50, 24, 28))
    return Movie(data.astype(np.float32), pixel_size=0.1, frame_time=0.5, name="disc")


@pytest.fixture(scope="module")
def found():
    """A forecast of every frame, learnt in a few steps."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:24, :28]
    frames = [np.exp(-((y - 12) ** 2 + (x - 4 - 0.4 * t) ** 2) / 10) for t in range(50)]
    data = 100 * np.array(frames) + rng.normal(200, 5, (50, 24, 28))
    movie = Movie(data.astype(np.float32), pixel_size=0.1, frame_time=0.5, name="disc")
    reports = []
    job = Job(on_progress=lambda p: None, on_log=lambda t: None, on_report=reports.append)
    return forecast(movie, ForecastSettings(**QUICK), job), movie, reports


def test_forecast_difference_and_spread_lie_in_time_with_the_movie(found):
    result, movie, _ = found
    for image in result.images().values():
        assert image.data.shape == movie.data.shape
        assert (image.pixel_size, image.frame_time) == (0.1, 0.5)
    seen = np.isfinite(np.asarray(result.forecast.data)).all(axis=(1, 2))
    np.testing.assert_array_equal(seen, np.arange(50) >= 3)
    np.testing.assert_allclose(
        np.asarray(result.forecast.data)[3:] + np.asarray(result.difference.data)[3:],
        np.asarray(movie.data)[3:],
        rtol=1e-4,
    )
    assert (np.asarray(result.spread.data)[3:] > 0).all()


def test_every_step_is_measured_beside_every_baseline(found):
    result, _, _ = found
    baselines = {"last frame", "mean of given", "linear", "optical flow", "mean of past"}
    expected = {"forecast", *baselines, "mean grey"}
    assert set(result.metrics["predictor"]) == expected
    assert set(result.metrics["step"]) == {1, 2, 3} and set(result.metrics["way"]) == {
        "raw",
        "matched",
    }
    assert len(result.metrics) == 7 * 3 * 2
    assert (result.metrics["clips"] == result.metrics["clips"].iloc[0]).all()
    assert set(result.skill["step"]) == {1, 2, 3}


def test_the_track_says_what_was_learnt_from(found):
    result, movie, reports = found
    assert list(result.track["frame"]) == list(range(3, 50))
    np.testing.assert_allclose(result.track["time_s"], result.track["frame"] * 0.5)
    parts = result.track["part"]
    assert parts.iloc[0] == "learnt from" and parts.iloc[-1] == "not seen"
    assert reports and len(result.training)


def test_figures_tables_and_provenance_are_exported(found, tmp_path, quiet_job):
    from napari_insitu_tem import export

    result, _, _ = found
    names = {path.name for path in export(result, tmp_path, video=False, job=quiet_job)}
    assert {"disc_metrics.csv", "disc_forecast.ome.tif", "disc_ssim.svg"} <= names
    assert result.provenance.steps[-1].settings["given"] == 3


def test_pure_noise_has_no_skill_and_the_task_says_so(rng, quiet_job):
    noise = Movie(rng.normal(100, 5, (40, 16, 16)).astype(np.float32), name="noise")
    result = forecast(noise, ForecastSettings(**QUICK), quiet_job)
    raw = result.skill[result.skill["way"] == "raw"]
    assert (raw["mse_skill"] <= 0).all()
    assert "No skill" in result.message
    assert result.onset is None


def test_from_one_frame_the_forecast_goes_on_beyond_the_end(movie, quiet_job):
    settings = ForecastSettings(**{**QUICK, "steps": 2}, start=48, ahead=4, every=1)
    result = forecast(movie, settings, quiet_job)
    assert result.forecast.n_frames == 53
    np.testing.assert_array_equal(result.forecast.frame(48), movie.frame(48))
    assert np.isfinite(np.asarray(result.forecast.data)).all()
    assert (result.difference.frame(20) == 0).all()
    assert "from frame 48" in result.message


def test_a_window_keeps_its_place(movie, quiet_job):
    settings = ForecastSettings(**{**QUICK, "steps": 1}, region="window", top=4, left=6, size=16)
    result = forecast(movie, settings, quiet_job)
    assert result.forecast.frame_shape == (16, 16)
    assert result.forecast.origin == (4.0, 6.0)


def test_what_was_learnt_can_be_kept_and_used_again(movie, quiet_job):
    learnt = forecast(movie, ForecastSettings(**{**QUICK, "steps": 2}, keep_as="mine"), quiet_job)
    assert get_model("mine").card.task == "forecast"
    settings = ForecastSettings(method="network", model="mine", ahead=5)
    assert settings.models_used == ("mine",)
    again = forecast(movie, settings, quiet_job)
    assert set(again.metrics["step"]) == {1, 2, 3, 4, 5}
    assert set(again.track["part"]) == {"not seen"}
    assert "mine" in again.provenance.steps[-1].models
    assert learnt.provenance.steps[-1].models == {}
    with pytest.raises(ValueError, match="mine"):
        forecast(movie, ForecastSettings(**QUICK, keep_as="mine"), quiet_job)


def test_the_published_split_warns_in_the_result(movie, quiet_job):
    settings = ForecastSettings(**{**QUICK, "steps": 1}, split="random clips (as published)")
    result = forecast(movie, settings, quiet_job)
    assert "share frames" in result.warning and "share frames" in result.message


def test_the_same_seed_gives_the_same_forecast(movie, quiet_job):
    settings = ForecastSettings(**{**QUICK, "steps": 2})
    one, other = (forecast(movie, settings, quiet_job) for _ in range(2))
    np.testing.assert_array_equal(one.forecast.data, other.forecast.data)


def test_it_can_be_cancelled(movie):
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 60

    with pytest.raises(Cancelled):
        forecast(movie, ForecastSettings(**QUICK),
                 Job(on_progress=lambda p: None, is_cancelled=stop))  # fmt: skip


def test_cancelled_after_a_validation_it_keeps_nothing(movie):
    reports: list[object] = []
    job = Job(
        on_progress=lambda p: None, on_report=reports.append, is_cancelled=lambda: bool(reports)
    )
    with pytest.raises(Cancelled):
        forecast(movie, ForecastSettings(**QUICK, keep_as="mine"), job)
    with pytest.raises(ModelError):
        get_model("mine")


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"given": 20}, MovieError),
        ({"start": 1}, SettingsError),
        ({"start": 50}, SettingsError),
        ({"region": "window", "top": 20}, SettingsError),
        ({"split": "by movie"}, SettingsError),
        ({"method": "network"}, SettingsError),
    ],
)
def test_what_cannot_be_is_refused_in_plain_words(movie, quiet_job, changes, error):
    with pytest.raises(error):
        forecast(movie, ForecastSettings(**{**QUICK, "steps": 1, **changes}), quiet_job)
