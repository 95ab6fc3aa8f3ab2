"""The network of a forecast: learnt from the movie, or one that was trained before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.forecast.clips import Split
from napari_insitu_tem.analysis.forecast.scaling import Scaling, scaling_of
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.forecast_movies import auxiliary_values, clip_movies
from napari_insitu_tem.learning.forecast_presets import FORECAST_PRESETS, forecast_recipe
from napari_insitu_tem.learning.forecast_settings import ForecastClips
from napari_insitu_tem.learning.forecast_training import train_on_movies
from napari_insitu_tem.learning.loop import Report
from napari_insitu_tem.learning.make import card_of, first_network
from napari_insitu_tem.models.store import check_free, get_model, save_model, user_folder
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.networks.forecaster import Forecaster
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.forecast.settings import ForecastSettings

__all__ = ["Known", "known_network"]

_SAMPLED = 16


@dataclass(frozen=True, eq=False)
class Known:
    """A network, and what belongs to it for this movie.

    Parameters
    ----------
    network : Forecaster
        In eval mode.
    clips : ForecastClips
        How it was taught.
    scaling : Scaling
        From the movie's readings to its values.
    auxiliary : (t, n) array
        What it is given beside every frame.
    split : Split
        Which clips of this movie it learnt from.
    history : list of Report
        How the training went; empty for one that was trained before.
    """

    network: Forecaster
    clips: ForecastClips
    scaling: Scaling
    auxiliary: np.ndarray
    split: Split
    history: list[Report]


def known_network(movie: Movie, settings: ForecastSettings, job: Job) -> Known:
    """Return the network that the settings ask for; trains it where needed."""
    if settings.method == "network":
        return _trained_before(movie, settings)
    return _learnt(movie, settings, job)


def _learnt(movie: Movie, settings: ForecastSettings, job: Job) -> Known:
    if settings.keep_as is not None:
        check_free(settings.keep_as, user_folder())  # a name that is taken shall cost no training
    clips = settings.clips
    if clips.split == "by movie":
        raise SettingsError("This is one movie, so it can only be split by time.")
    preset = FORECAST_PRESETS[settings.preset]
    recipe = forecast_recipe(
        settings.keep_as or "forecaster",
        preset,
        clips,
        trained_on=f"The beginning of '{movie.name}'.",
        patch=min(preset.patch, *movie.frame_shape),
        minutes=settings.minutes,
        steps=settings.steps,
        seed=job.seed,
    )
    network = first_network(recipe)
    assert isinstance(network, Forecaster)
    (read, *_) = movies = clip_movies([movie], clips, patch=recipe.patch, job=job, seed=job.seed)
    trained = train_on_movies(
        recipe, network, movies, job, on_report=job.on_report, on_example=job.on_report
    )
    job.check()  # a cancelled training returns what it has; the task keeps nothing of it
    network.load_state_dict(trained.state)
    if settings.keep_as is not None:
        save_model(card_of(recipe, trained), trained.state)
    return Known(
        network.eval().requires_grad_(False),
        clips,
        read.scaling,
        read.auxiliary,
        read.split,
        trained.history,
    )


def _trained_before(movie: Movie, settings: ForecastSettings) -> Known:
    if not settings.model:
        raise SettingsError(
            "There is no forecasting network yet. Learn from this movie, and keep the network."
        )
    model = get_model(settings.model).expect(task="forecast")
    network = model.load("cpu")
    assert isinstance(network, Forecaster)
    clips = ForecastClips.from_dict(model.card.training.get("clips", {}))
    chosen = np.unique(np.linspace(0, movie.n_frames - 1, _SAMPLED).round().astype(int))
    scaling = scaling_of(clips.scaling, (fill_missing(movie.frame(int(i))) for i in chosen))
    # It learnt from none of this movie, as far as is known.
    none, plan = np.zeros(0, int), clips.plan
    split = Split(none, none, np.arange(plan.count(movie.n_frames)))
    return Known(network, clips, scaling, auxiliary_values(movie, clips.auxiliary), split, [])
