"""Denoising by a network that learns from the movie itself."""

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem import Cancelled, Job, Movie, SettingsError
from napari_insitu_tem.learning.self_supervised import learn_from_movie
from napari_insitu_tem.models.card import ModelError
from napari_insitu_tem.models.choices import NEW_WEIGHTS
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.tasks.denoise import DenoiseSettings, denoise

SHORT = {"minutes": 10, "steps": 60, "start_from": NEW_WEIGHTS}


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))


def moving(count=10, edge=80):
    """Dark discs that move by two pixels a frame."""
    y, x = np.mgrid[:edge, :edge]
    frames = np.full((count, edge, edge), 20.0)
    for time in range(count):
        for row, start in ((20, 10), (55, 30)):
            far = np.hypot(y - row, x - start - 2 * time)
            frames[time] *= 1 - 0.5 / (1 + np.exp(far - 9))
    return frames


def error(frames, truth):
    return float(np.sqrt(np.mean((np.asarray(frames) - truth) ** 2)))


@pytest.mark.parametrize("method", ["learn from this movie", "learn from its neighbours"])
def test_what_is_learnt_from_noise_alone_takes_most_of_it_away(method, quiet_job, rng):
    truth = moving()
    noisy = rng.poisson(truth).astype(np.uint16)
    movie = Movie(noisy, pixel_size=0.5, dose=2.0)
    result = denoise(movie, DenoiseSettings(method=method, **SHORT), quiet_job)
    assert error(result.data, truth) < 0.5 * error(noisy, truth)
    assert np.asarray(result.data).mean() == pytest.approx(noisy.mean(), rel=0.02)
    assert (result.pixel_size, result.dose) == (0.5, 2.0)


def test_a_network_that_was_kept_serves_other_movies(quiet_job, rng):
    truth = moving()
    first = Movie(rng.poisson(truth).astype(np.uint16), name="first")
    denoise(
        first,
        DenoiseSettings(method="learn from its neighbours", keep_as="mine", **SHORT),
        quiet_job,
    )
    assert "first" in get_model("mine").card.trained_on
    second = Movie(300 + 7.0 * rng.poisson(truth[::-1]))  # another camera
    result = denoise(second, DenoiseSettings(method="network", model="mine"), quiet_job)
    assert error(result.data, 300 + 7 * truth[::-1]) < 0.6 * error(
        second.data, 300 + 7 * truth[::-1]
    )
    assert list(result.provenance.steps[-1].models) == ["mine"]


def test_what_was_best_on_frames_set_aside_is_kept(rng):
    said = []
    noisy = Movie(rng.poisson(moving(16, 64)).astype(np.float32))
    learnt = learn_from_movie(
        noisy, steps=300, job=Job(on_progress=lambda _: None), on_report=said.append
    )
    losses = [report.validation_loss for report in said if report.validation_loss is not None]
    assert len(losses) == 3
    assert learnt.best.validation_loss == min(losses)


def test_learning_goes_on_from_what_was_learnt_before(quiet_job, rng):
    truth = moving()
    movie = Movie(rng.poisson(truth).astype(np.uint16))
    first = DenoiseSettings(method="learn from this movie", keep_as="before", **SHORT)
    denoise(movie, first, quiet_job)
    again = {**SHORT, "steps": 3}
    fresh, further = (
        np.asarray(
            denoise(
                movie,
                DenoiseSettings(method="learn from this movie", **{**again, "start_from": start}),
                quiet_job,
            ).data
        )
        for start in (NEW_WEIGHTS, "before")
    )
    assert error(further, truth) < 0.6 * error(fresh, truth)


def test_another_network_is_no_start(quiet_job, rng):
    movie = Movie(rng.poisson(moving(4, 64)).astype(np.uint16))
    kept = DenoiseSettings(method="learn from its neighbours", keep_as="other", minutes=1, steps=2)
    denoise(movie, kept, quiet_job)
    wrong = DenoiseSettings(method="learn from this movie", start_from="other")
    with pytest.raises(SettingsError, match="cannot begin with 'other'"):
        denoise(movie, wrong, quiet_job)


def test_the_same_seed_gives_the_same_result(rng):
    movie = Movie(rng.poisson(moving(6, 64)).astype(np.uint16))
    settings = DenoiseSettings(method="learn from this movie", **{**SHORT, "steps": 6})
    one, other = (
        np.asarray(denoise(movie, settings, Job(on_progress=lambda _: None, seed=3)).data)
        for _ in range(2)
    )
    assert np.allclose(one, other, atol=1e-4)


def test_noise_that_neighbours_share_is_noticed(rng):
    said = []
    noise = ndimage.gaussian_filter(rng.normal(0, 10, (6, 96, 96)), (0, 0.8, 0.8))
    job = Job(on_progress=lambda _: None, on_log=said.append)
    settings = DenoiseSettings(method="learn from this movie", minutes=10, steps=2)
    denoise(Movie(100 + noise), settings, job)
    assert any("share noise" in text and "not looked at" in text for text in said)
    said.clear()
    denoise(Movie(100 + noise), settings.model_copy(update={"blind": "0"}), job)
    assert any("some noise will stay" in text for text in said)
    said.clear()
    denoise(Movie(rng.normal(100, 10, (6, 96, 96))), settings, job)
    assert not any("share noise" in text for text in said)


def test_noise_that_is_shared_far_away_is_averaged_before_learning(rng):
    said = []
    truth = ndimage.zoom(moving(6, 80), (1, 4, 4), order=1)[:, :, :310]
    coarse = rng.normal(0, 30, (6, 80, 80))
    noise = np.kron(coarse, np.ones((1, 4, 4)))[:, :, :310]  # enlarged, so shared over 4 pixels
    job = Job(on_progress=lambda _: None, on_log=said.append)
    settings = DenoiseSettings(
        method="learn from this movie", keep_as="coarse", **{**SHORT, "start_from": "movie"}
    )
    result = denoise(Movie(truth + noise), settings, job)
    assert any("means of 2 × 2 px" in text for text in said)
    assert result.data.shape == truth.shape
    assert error(result.data, truth) < 0.4 * error(truth + noise, truth)
    # A network that was kept is given what it was trained on.
    assert get_model("coarse").card.bin == 2
    again = denoise(Movie(truth + noise), DenoiseSettings(method="network", model="coarse"), job)
    assert np.allclose(again.data, result.data, atol=1e-3)


def test_detail_that_stays_is_not_averaged_away(rng):
    said = []
    lattice = 10 * np.cos(np.arange(256) * 2 * np.pi / 5)[:, np.newaxis]
    noise = ndimage.gaussian_filter(rng.normal(0, 60, (4, 256, 256)), (0, 2, 2))
    job = Job(on_progress=lambda _: None, on_log=said.append)
    settings = DenoiseSettings(method="learn from this movie", minutes=10, steps=2)
    drifting = np.stack([np.roll(lattice, 2 * time, axis=0) for time in range(4)])
    for still_or_not in (lattice, drifting):
        denoise(Movie(100 + still_or_not + noise), settings, job)
    assert not any("means of" in text for text in said)
    denoise(Movie(100 + noise), settings, job)
    assert any("means of" in text for text in said)


def test_a_movie_of_nothing_stays_nothing(quiet_job):
    movie = Movie(np.full((4, 64, 64), 7.0))
    settings = DenoiseSettings(method="learn from this movie", minutes=10, steps=2)
    assert np.allclose(denoise(movie, settings, quiet_job).data, 7, atol=0.1)


def test_one_frame_is_too_few_to_learn_from(quiet_job):
    with pytest.raises(SettingsError, match="two frames"):
        denoise(
            Movie(np.ones((1, 32, 32))), DenoiseSettings(method="learn from this movie"), quiet_job
        )


def test_a_name_that_is_taken_costs_no_training(quiet_job, rng):
    movie = Movie(rng.poisson(moving(4, 48)).astype(np.uint16))
    settings = DenoiseSettings(
        method="learn from its neighbours", minutes=10, steps=1, keep_as="mine"
    )
    denoise(movie, settings, quiet_job)
    with pytest.raises(ModelError, match="mine"):
        denoise(movie, settings, Job(on_progress=pytest.fail))


def test_a_cancel_in_the_middle_of_learning_ends_it(rng):
    movie = Movie(rng.poisson(moving(6, 64)).astype(np.uint16))
    asked = []

    def cancelled():
        asked.append(1)
        return len(asked) > 30

    with pytest.raises(Cancelled):
        denoise(
            movie,
            DenoiseSettings(method="learn from this movie", minutes=10, steps=500),
            Job(on_progress=lambda _: None, is_cancelled=cancelled),
        )


def test_there_is_no_preview_of_what_is_yet_to_be_learnt():
    assert "press Run" in DenoiseSettings(method="learn from this movie").no_preview
    assert DenoiseSettings().no_preview is None
    assert DenoiseSettings(method="learn from its neighbours").uses_network
    assert not DenoiseSettings().uses_network
