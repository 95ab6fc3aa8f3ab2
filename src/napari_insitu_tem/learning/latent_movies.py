"""Latent variables learnt from a user's own movies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.latent_frames import MovieFrames
from napari_insitu_tem.learning.make import Made, make_model
from napari_insitu_tem.learning.recipes import TrainRecipe
from napari_insitu_tem.learning.settings import Report
from napari_insitu_tem.learning.splits import Part
from napari_insitu_tem.models.card import ModelCard
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.networks.patch_vae import WINDOW

__all__ = ["movie_recipe", "train_on_movie", "was_trained_on"]

_NO_LIMIT = 10_000_000
#: Of a network that begins anew.
_NEW = {"latents": 64, "channels": [32, 32, 48, 48, 64], "decoder": [64, 48, 32]}
#: Share of the frames that are set aside to judge by, of movies of so many at least.
_HELD, _FEWEST = 0.1, 5


def train_on_movie(
    movies: Movie | Sequence[Movie],
    name: str,
    *,
    start: str | None = "lattice",
    minutes: float = 10.0,
    steps: int = _NO_LIMIT,
    job: Job = Job(),
    on_report: Callable[[Report], None] | None = None,
) -> Made | None:
    """Learn latent variables from movies, and keep them as a model.

    Latent variables of movies that were learnt from are fitted to these, noise included. Wang
    et al. keep the movies that they analyse out of the training. `was_trained_on` tells, and so
    does the analysis.

    Parameters
    ----------
    movies : Movie or sequence of Movie
        With lattices; the windows that show them are found by themselves.
    name : str
        Of the new model.
    start : str, optional
        Model whose weights are the start; None begins anew, with the default network.
    minutes : float
        End after so long.
    steps : int
        Largest number of batches.
    job : Job
        Progress, cancel (keeps what was learnt so far) and device.
    on_report : callable, optional
        Called with a `Report` about once a second.

    Returns
    -------
    Made, optional
        The model; None on all but the first of several machines.

    Raises
    ------
    ValueError
        In plain words, when frames are too small, the name is taken, or there is no such start.
    """
    movies = [movies] if isinstance(movies, Movie) else list(movies)
    frames = MovieFrames(movies, smallest=WINDOW)
    recipe = movie_recipe(movies, name, start=start).with_training(
        minutes=minutes, steps=steps, seed=job.seed
    )
    return make_model(recipe, job, sets=_divided(frames), on_report=on_report)  # type: ignore[arg-type]


def movie_recipe(movies: Sequence[Movie], name: str, *, start: str | None) -> TrainRecipe:
    """Return the recipe for learning from movies; it says which they are."""
    names = ", ".join(f"'{movie.name}'" for movie in movies)
    marks = [{"name": movie.name, "fingerprint": movie.fingerprint} for movie in movies]
    values: dict[str, Any] = {
        "name": name,
        "title": f"Learnt from {names}"[:80],
        "description": "Latent variables of movies of the kind that they were learnt from.",
        "task": "latent",
        "channels": ["reconstruction"],
        "network": "patchvae",
        "arguments": _NEW,
        "normalisation": "frame",
        "patch": WINDOW,
        "half": True,
        "trained_on": f"Windows with lattices of {names}.",
        "data": {"kind": "layers", "settings": {"movies": marks}},
        "augmentation": {
            "rotation": 45.0, "scale": 1.15, "resampled": 0.5, "contrast": 0.2, "gamma": 1.2,
            "blur": 0.0, "noise": 0.0, "illumination": 0.0,
        },
        "training": {
            "steps": _NO_LIMIT, "batch_size": 64, "patches_per_frame": 16,
            "learning_rate": 1e-3, "weight_decay": 0.0, "loss": "evidence", "clip": 1000.0,
            "ema_decay": 0.99, "validate_every": 100, "validation_patches": 512,
        },
    }  # fmt: skip
    if start is not None:
        card = get_model(start).expect(task="latent").card
        arguments = {key: value for key, value in card.arguments.items() if key != "out_channels"}
        values |= {
            "start_from": start,
            "network": card.network,
            "arguments": arguments,
            "normalisation": card.normalisation,
        }
    return TrainRecipe.from_dict(values)


def was_trained_on(card: ModelCard, movie: Movie) -> bool:
    """Whether a model learnt from this very movie, as far as its card tells."""
    data = card.training.get("data", {})
    marks = data.get("settings", {}).get("movies", ()) if data.get("kind") == "layers" else ()
    return any(mark.get("fingerprint") == movie.fingerprint for mark in marks)


def _divided(frames: MovieFrames) -> tuple[Part, Part | None]:
    """Set the last frames of every movie aside: all movies are to be learnt from."""
    held: list[int] = []
    start = 0
    for movie in frames.movies:
        stop = start + movie.n_frames
        if movie.n_frames >= _FEWEST:
            held += range(stop - max(1, round(_HELD * movie.n_frames)), stop)
        start = stop
    kept = tuple(sorted(set(range(len(frames))).difference(held)))
    whole: Any = frames
    return Part(whole, kept), Part(whole, tuple(held)) if held else None
