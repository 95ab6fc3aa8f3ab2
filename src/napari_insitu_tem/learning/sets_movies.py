"""Simulated movies to learn forecasting from."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from napari_insitu_tem.movie import Movie
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.simulate.forecast_movies import FORECAST_MOVIES, forecast_movie

__all__ = ["MovieSetSettings", "draw"]


class MovieSetSettings(Settings):
    """Which movies, and how large."""

    movies: tuple[str, ...] = setting(
        ("4 nm", "2 nm", "single layer"),
        title="Movies",
        description=f"Which kinds: {', '.join(FORECAST_MOVIES)}.",
    )
    n_frames: int = setting(200, title="Frames", description="Length of a movie.", ge=2)
    edge: int = setting(64, title="Edge", description="Height and width.", unit="px", ge=16)


def draw(settings: MovieSetSettings) -> Callable[[np.random.Generator], Movie]:
    """Return what draws a movie, rendered when it is read.

    Parameters
    ----------
    settings : MovieSetSettings
        What to draw from.

    Returns
    -------
    callable
        ``(rng) -> Movie``; can be sent to another process.
    """
    return partial(_draw, settings)


def _draw(settings: MovieSetSettings, rng: np.random.Generator) -> Movie:
    name = settings.movies[int(rng.integers(len(settings.movies)))]
    seed = int(rng.integers(2**31))
    return forecast_movie(name, n_frames=settings.n_frames, edge=settings.edge, seed=seed)
