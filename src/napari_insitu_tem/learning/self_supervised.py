"""A denoiser that is learnt from the noisy movie itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from napari_insitu_tem.analysis.normalise import MovieScale
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.loop import learn
from napari_insitu_tem.learning.movie_patches import (
    HeldPatches,
    MoviePatches,
    Piece,
    read_pieces,
    set_aside,
)
from napari_insitu_tem.learning.settings import Report, TrainSettings
from napari_insitu_tem.learning.validation import Validation
from napari_insitu_tem.models.store import Model
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.networks import build_network
from napari_insitu_tem.settings import SettingsError

__all__ = ["REACH", "LearntFromMovie", "Way", "learn_from_movie"]

Way = Literal["blind spot", "neighbours"]
#: Frames on either side that a network sees.
REACH = 2
_NETWORKS: dict[str, tuple[str, dict[str, Any]]] = {
    "blind spot": ("blindspot", {"in_channels": 2 * REACH + 1, "channels": [16, 32, 48]}),
    "neighbours": (
        "unet",
        {"in_channels": 2 * REACH, "out_channels": 1, "channels": [16, 32, 48]},
    ),
}
_PATCH, _BATCH, _LEARNING_RATE, _GOING_ON, _VALIDATE_EVERY = 96, 4, 3e-3, 1e-3, 100


@dataclass(frozen=True)
class LearntFromMovie:
    """What was learnt from a movie.

    Parameters
    ----------
    network : torch.nn.Module
        From frames (n, frames, y, x) to the middle one (n, 1, y, x).
    name, arguments : str, dict
        What `networks.build_network` makes it of.
    history : list of Report
        How the training went.
    best : Report
        Where the network is from: the best on the frames that were set aside, if any were.
    """

    network: nn.Module
    name: str
    arguments: dict[str, Any]
    history: list[Report]
    best: Report


def learn_from_movie(
    movie: Movie,
    *,
    way: Way = "blind spot",
    blind: int = 0,
    minutes: float | None = None,
    steps: int = 2000,
    start: Model | None = None,
    job: Job = Job(),
    on_report: Callable[[Report], None] | None = None,
) -> LearntFromMovie:
    """Learn to denoise a movie from nothing but itself.

    A frame's noise says nothing of other frames' noise, and (but for the camera's blur) nothing
    of the noise of other pixels. So the best prediction of a noisy pixel from everything else
    is the best guess of what it would be without noise. How well it predicts is measured on
    frames that are set aside, and what predicts them best is kept: who learns for too long knows
    the noise of the others by heart.

    Parameters
    ----------
    movie : Movie
        Noisy.
    way : {"blind spot", "neighbours"}
        A network that sees the frame, but for the pixel itself, and its neighbours in time
        (after Sheth et al., ICCV 2021); or one that sees the neighbours in time only (Lecoq et
        al., Nature Methods 18, 1401, 2021), which is faster, and blurs what moves unforeseeably.
    blind : int
        Pixels around the predicted one that share its noise, see `BlindSpotUNet`.
    minutes : float, optional
        End after so long.
    steps : int
        Largest number of batches.
    start : Model, optional
        A model with a blind spot, whose weights are the start; its blind spot may be of another
        size.
    job : Job
        Progress, cancel, device and seed.
    on_report : callable, optional
        As for `loop.train`.

    Returns
    -------
    LearntFromMovie
        The network.

    Raises
    ------
    SettingsError
        When the movie has one frame, or the start is another network.
    Cancelled
        When the job is cancelled before the first step; later, what was learnt so far is kept.
    """
    if movie.n_frames < 2:
        raise SettingsError(
            "Learning from a movie needs at least two frames, and this one has one. Choose a "
            "classical method, or the network 'refine', for single frames."
        )
    import torch

    pieces = read_pieces(movie, REACH, job, seed=job.seed)
    scale = MovieScale.of(frame for piece in pieces for frame in piece.frames)
    pieces = [Piece(scale.prepare(piece.frames), piece.centres) for piece in pieces]
    name, arguments = _NETWORKS[way]
    own = way == "blind spot"
    if own:
        arguments = {**arguments, "blind": blind}
    torch.manual_seed(job.seed)
    network = build_network(name, arguments)
    if start is not None:
        _begin_with(start, network, name)
    learnt, held = set_aside(pieces)
    patches = HeldPatches(held, reach=REACH, own=own, patch=_PATCH)
    validation = Validation(patches, metrics={}) if held else None
    trained = learn(
        network,
        MoviePatches(learnt, reach=REACH, own=own, patch=_PATCH, seed=job.seed),
        validation,
        TrainSettings(
            minutes=minutes,
            steps=steps,
            batch_size=_BATCH,
            learning_rate=_LEARNING_RATE if start is None else _GOING_ON,
            loss="l2",
            ema_decay=0.99,
            weight_decay=0.0,
            validate_every=_VALIDATE_EVERY,
            seed=job.seed,
        ),
        job,
        patch=_PATCH,
        on_report=on_report,
    )
    network.load_state_dict(trained.state)
    network = network.eval().requires_grad_(False)
    return LearntFromMovie(network, name, arguments, trained.history, trained.best)


def _begin_with(start: Model, network: nn.Module, name: str) -> None:
    """Give a network the weights of a model of its kind."""
    try:
        if start.card.network != name:
            raise RuntimeError
        network.load_state_dict(start.state())
    except RuntimeError:
        raise SettingsError(
            f"Learning from this movie cannot begin with '{start.name}', which is another network. "
            "Choose 'movie', a network that was kept from a movie in the same way, or new weights."
        ) from None
