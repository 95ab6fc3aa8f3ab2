"""Forecasters learn from clips through the house's loop, and nothing leaks without a word."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch

from napari_insitu_tem import Job, Movie
from napari_insitu_tem.learning.forecast_clips import ClipDrawing, ClipPatches, unpacked
from napari_insitu_tem.learning.forecast_loss import forecast_loss
from napari_insitu_tem.learning.forecast_movies import clip_movies
from napari_insitu_tem.learning.forecast_presets import FORECAST_PRESETS, forecast_recipe
from napari_insitu_tem.learning.forecast_settings import ForecastClips
from napari_insitu_tem.learning.forecast_training import (
    Example,
    ForecastTrainer,
    train_on_movies,
)
from napari_insitu_tem.learning.loop import TrainError
from napari_insitu_tem.learning.make import first_network, make_model
from napari_insitu_tem.learning.movie_folders import FolderOfMovies
from napari_insitu_tem.learning.recipes import TrainRecipe, find_recipe
from napari_insitu_tem.learning.samples import SampleError
from napari_insitu_tem.learning.settings import Report
from napari_insitu_tem.models.store import open_model
from napari_insitu_tem.networks import build_network

TINY = {"width": 4, "hidden": 8, "depth": 1}


@pytest.fixture
def moving() -> Movie:
    """Sixty frames of a disc that goes to and fro over noise, with a log of the temperature."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:24, :32]
    frames = [np.exp(-((y - 12) ** 2 + (x - 16 - 8 * np.sin(t / 4)) ** 2) / 12) for t in range(60)]
    noisy = 100 * np.array(frames) + rng.normal(200, 10, (60, 24, 32))
    log = pd.DataFrame({"temperature_C": np.linspace(20, 300, 60)})
    return Movie(noisy.astype(np.float32), name="disc", frames=log)


def recipe_of(clips, preset="cpu-small", **training) -> TrainRecipe:
    chosen = FORECAST_PRESETS[preset]
    arguments = {**chosen.arguments, **TINY} if preset == "cpu-small" else chosen.arguments
    values = {"steps": 4, "validate_every": 2, "batch_size": 2, **training}
    return forecast_recipe("tiny", dataclasses.replace(chosen, arguments=arguments), clips,
                           patch=24, **values)  # fmt: skip


def test_clips_are_packed_so_that_given_and_wanted_are_frames_of_the_movie(moving, quiet_job):
    clips = ForecastClips(given=3, wanted=2, every=2, turned=False, auxiliary="temperature_C")
    (read,) = clip_movies([moving], clips, patch=24, job=quiet_job)
    for number in range(3):
        for warm_up, first in ((True, 1), (False, 3)):
            drawing = ClipDrawing([read], clips, patch=24, warm_up=warm_up)
            ((everything, wanted, _),) = drawing(number)
            clip = unpacked(everything, 5)
            np.testing.assert_array_equal(clip[first:, 0], wanted)
            temperature = clip[:, 1, 0, 0]
            steps = np.diff(temperature)
            np.testing.assert_allclose(steps, steps[0], rtol=1e-3)  # every second frame, forward
            assert steps[0] > 0


def test_turned_clips_turn_all_frames_alike_and_time_never(moving, quiet_job):
    clips = ForecastClips(given=3, turned=True, auxiliary="temperature_C")
    (read,) = clip_movies([moving], clips, patch=24, job=quiet_job)
    drawing = ClipDrawing([read], clips, patch=24, warm_up=True)
    for number in range(8):
        ((everything, _, _),) = drawing(number)
        clip = unpacked(everything, 6)
        assert (np.diff(clip[:, 1, 0, 0]) > 0).all()
        start = int(np.argmin(np.abs(read.auxiliary[:, 0] - clip[0, 1, 0, 0])))
        grey = [np.sort(read.frames[start + k, :, :].ravel())[-5:].mean() for k in range(6)]
        assert np.corrcoef(grey, [np.sort(f.ravel())[-5:].mean() for f in clip[:, 0]])[0, 1] > 0


def test_every_clip_comes_once_before_any_comes_again(moving, quiet_job):
    clips = ForecastClips(given=3, turned=False, auxiliary="temperature_C")
    (read,) = clip_movies([moving], clips, patch=24, job=quiet_job)
    drawing = ClipDrawing([read], clips, patch=24, warm_up=False)
    count = len(read.split.training)
    starts = [unpacked(drawing(n)[0][0], 6)[0, 1, 0, 0] for n in range(count)]
    assert len(set(starts)) == count


def test_a_network_learns_and_is_judged_on_what_was_set_aside(moving, quiet_job):
    clips = ForecastClips(given=3, turned=False)
    recipe = recipe_of(clips, steps=60, validate_every=30, batch_size=4, learning_rate=5e-3)
    network = first_network(recipe)
    reports, examples = [], []
    movies = clip_movies([moving], clips, patch=24, job=quiet_job)
    trained = train_on_movies(
        recipe, network, movies, quiet_job, on_report=reports.append, on_example=examples.append
    )
    assert reports[-1].train_loss < 0.8 * reports[0].train_loss
    judged = [report for report in reports if report.validation_loss is not None]
    assert [set(report.metrics) for report in judged] == [{"skill", "SSIM of the last frame"}] * 2
    assert all(isinstance(report, Report) for report in reports)
    assert isinstance(examples[-1], Example) and examples[-1].foreseen.shape == (3, 24, 24)
    network.load_state_dict(trained.state)
    assert trained.state["calibration"].shape == (3,)


def test_what_was_learnt_does_not_depend_on_frames_that_were_set_aside(moving, quiet_job):
    clips = ForecastClips(given=3)
    recipe = recipe_of(clips)
    states = []
    for changed in (False, True):
        data = np.array(moving.data)
        if changed:
            data[-12:] += 50
        movies = clip_movies([moving.replace(data=data)], clips, patch=24, job=quiet_job)
        network = first_network(recipe)
        states.append(train_on_movies(recipe, network, movies, quiet_job).state)
    for name, values in states[0].items():
        torch.testing.assert_close(values, states[1][name])


def test_teacher_forcing_falls_to_nothing_and_the_warm_up_is_learnt():
    network = build_network("convlstm", {"in_channels": 3, "filters": 8, "hidden": [32]})
    clips = ForecastClips(given=3, wanted=2, teacher_forcing=0.5)
    trainer = ForecastTrainer(network, clips).train()
    assert trainer._forced == 1
    trainer.at(0.25)
    assert trainer._forced == pytest.approx(0.5)
    trainer.at(0.6)
    assert trainer._forced == 0
    packed = torch.randn(2, 5, 16, 16)
    assert trainer(packed).shape == (2, 4, 16, 16)  # all but the first
    assert trainer.eval()(packed).shape == (2, 2, 16, 16)  # only what is foreseen


def test_the_loss_of_the_mean_is_squared_error_whatever_the_spread():
    given = torch.randn(2, 2 * 3, 8, 8, requires_grad=True)
    wanted, weights = torch.randn(2, 3, 8, 8), torch.ones(2, 1, 8, 8)
    loss = forecast_loss(given, wanted, weights)
    (gradient,) = torch.autograd.grad(loss, given)
    expected = 2 * (given[:, :3] - wanted) / wanted.numel()
    torch.testing.assert_close(gradient[:, :3], expected.detach())


def test_the_best_spread_is_the_size_of_the_error():
    error = 0.3
    spreads = torch.linspace(-3, 1, 81)
    losses = []
    for spread in spreads:
        given = torch.zeros(1, 2, 4, 4)
        given[:, 1] = spread
        losses.append(float(forecast_loss(given, torch.full((1, 1, 4, 4), error),
                                          torch.ones(1, 1, 4, 4))))  # fmt: skip
    assert float(spreads[int(np.argmin(losses))].exp()) == pytest.approx(error, rel=0.05)


def test_the_penalty_of_a_network_draws_its_weights(moving, quiet_job):
    clips = ForecastClips(given=2)
    moments = []
    for weight in (0.0, 1.0):
        values = recipe_of(clips, "paper", steps=3, learning_rate=1e-2).to_dict()
        values["arguments"] |= {"filters": 8, "hidden": [32], "edge": 3, "moments": weight}
        recipe = TrainRecipe.from_dict(values)
        network = first_network(recipe)
        movies = clip_movies([moving], clips, patch=24, job=quiet_job)
        network.load_state_dict(train_on_movies(recipe, network, movies, quiet_job).state)
        network.moments = 1.0
        moments.append(float(network.penalty().detach()))
    assert moments[1] < moments[0]


def test_the_random_split_warns_in_the_log(moving):
    said = []
    job = Job(on_progress=lambda p: None, on_log=said.append)
    clips = ForecastClips(given=3, split="random clips (as published)")
    recipe = recipe_of(clips, steps=1)
    train_on_movies(recipe, first_network(recipe), clip_movies([moving], clips, patch=24, job=job),
                    job)  # fmt: skip
    assert any("share frames" in text for text in said)


def test_split_by_movie_keeps_whole_movies_apart(moving, quiet_job):
    clips = ForecastClips(given=3, split="by movie")
    parts = clip_movies([moving] * 4, clips, patch=24, job=quiet_job)
    filled = [
        [name for name in ("training", "validation", "test") if len(getattr(part.split, name))]
        for part in parts
    ]
    assert filled == [["training"], ["training"], ["validation"], ["test"]]
    with pytest.raises(SampleError, match="at least three"):
        clip_movies([moving], clips, patch=24, job=quiet_job)


def test_validation_clips_lie_in_the_part_that_was_set_aside(moving, quiet_job):
    clips = ForecastClips(given=3, auxiliary="temperature_C")
    (read,) = clip_movies([moving], clips, patch=24, job=quiet_job)
    last_learnt = read.split.training[-1] + clips.plan.span - 1
    for everything, wanted, _ in ClipPatches([read], clips, patch=24, count=50)():
        clip = unpacked(everything, 6)
        assert (clip[:, 1] > read.auxiliary[last_learnt, 0]).all()
        np.testing.assert_array_equal(clip[3:, 0], wanted)


def test_movies_larger_than_their_memory_are_learnt_from_in_windows(moving, quiet_job, monkeypatch):
    from napari_insitu_tem.learning import forecast_movies

    monkeypatch.setattr(forecast_movies, "_KEPT_BYTES", 4.0 * 60 * 16 * 16 * 2.2)
    windows = clip_movies([moving], ForecastClips(given=3), patch=16, job=quiet_job)
    assert all(max(window.frames.shape[1:]) <= 24 for window in windows)
    assert sum(window.frames.nbytes for window in windows) <= 4.0 * 60 * 16 * 16 * 2.2
    monkeypatch.setattr(forecast_movies, "_KEPT_BYTES", 1000.0)
    with pytest.raises(SampleError, match="not even windows"):
        clip_movies([moving], ForecastClips(given=3), patch=16, job=quiet_job)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"arguments": {**TINY, "in_channels": 4}}, "in_channels"),
        ({"network": "unet", "arguments": {}}, "does not forecast"),
        ({"arguments": {**TINY, "in_channels": 3, "head": "sigmoid"}}, "min-max"),
        ({"arguments": {**TINY, "in_channels": 3, "auxiliary": 1}}, "holder's log"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_trains(moving, quiet_job, changes, words):
    clips = ForecastClips(given=3)
    recipe = recipe_of(clips).replace(**changes)
    movies = clip_movies([moving], clips, patch=24, job=quiet_job)
    with pytest.raises(TrainError, match=words):
        train_on_movies(recipe, first_network(recipe), movies, quiet_job)


def test_too_short_a_movie_and_a_missing_log_are_told(moving, quiet_job):
    with pytest.raises(SampleError, match="too short"):
        clip_movies([moving.select(0, 8)], ForecastClips(given=6), patch=24, job=quiet_job)
    with pytest.raises(SampleError, match="pressure_mbar"):
        clips = ForecastClips(given=3, auxiliary="pressure_mbar")
        clip_movies([moving], clips, patch=24, job=quiet_job)


def test_a_folder_of_movies_is_learnt_from_and_becomes_a_model(moving, quiet_job, tmp_path):
    from napari_insitu_tem import write_movie

    folder = tmp_path / "movies"
    folder.mkdir()
    for name in ("one", "two"):
        write_movie(moving.replace(name=name), folder / f"{name}.ome.tif", quiet_job)
    assert len(FolderOfMovies(folder)) == 2
    recipe = recipe_of(ForecastClips(given=3)).replace(
        data={"kind": "folder", "folder": str(folder)}
    )
    made = make_model(recipe, quiet_job, folder=tmp_path)
    again = open_model(made.model.folder)
    assert again.card.task == "forecast" and again.card.channels == ("frame", "spread")
    assert ForecastClips.from_dict(again.card.training["clips"]).given == 3
    network = again.load("cpu")
    assert network(torch.randn(1, 3, 1, 16, 16), 5).shape == (1, 5, 2, 16, 16)


@pytest.mark.parametrize("name", ["forecast", "forecast-paper"])
def test_the_shipped_recipes_fit_their_networks(name):
    recipe = find_recipe(name)
    network = first_network(recipe)
    assert network.in_channels == recipe.clips.given
    training, _ = recipe.sets()
    assert training.sample(0).n_frames > 2 * recipe.clips.plan.span
