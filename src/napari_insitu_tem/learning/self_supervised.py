"""A denoiser that is learnt from the noisy movie itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import nn

from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.loop import learn
from napari_insitu_tem.learning.movie_patches import MoviePatches, Piece, Scale, read_pieces
from napari_insitu_tem.learning.settings import Report, TrainSettings
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.networks import build_network

__all__ = ["MovieDenoiser", "Way", "learn_from_movie"]

Way = Literal["blind spot", "neighbours"]
#: Frames on either side that a network sees.
REACH = 2
_NETWORKS = {
    "blind spot": ("blindspot", {"frames": 2 * REACH + 1, "channels": [16, 32, 48]}),
    "neighbours": (
        "unet",
        {"in_channels": 2 * REACH, "out_channels": 1, "channels": [16, 32, 48]},
    ),
}
_PATCH, _BATCH, _LEARNING_RATE = 96, 4, 3e-3


@dataclass(frozen=True)
class MovieDenoiser:
    """What was learnt from a movie.

    Parameters
    ----------
    network : torch.nn.Module
        From frames (n, frames, y, x) to the middle one (n, 1, y, x), both standardised.
    scale : Scale
        How readings are standardised.
    own : bool
        Whether the frame itself goes in.
    history : list of Report
        How the training went.
    """

    network: nn.Module
    scale: Scale
    own: bool
    history: list[Report]
    reach: int = REACH

    def given(self, frames: np.ndarray) -> np.ndarray:
        """Return what the network is given of a frame in the middle of its neighbours."""
        given = frames if self.own else np.delete(frames, self.reach, axis=0)
        return self.scale.standardise(given)


def learn_from_movie(
    movie: Movie,
    *,
    way: Way = "blind spot",
    blind: int = 0,
    minutes: float | None = None,
    steps: int = 2000,
    job: Job = Job(),
    on_report: Callable[[Report], None] | None = None,
) -> MovieDenoiser:
    """Learn to denoise a movie from nothing but itself.

    A frame's noise says nothing of other frames' noise, and (but for the camera's blur) nothing
    of the noise of other pixels. So the best prediction of a noisy pixel from everything else
    is the best guess of what it would be without noise.

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
    job : Job
        Progress, cancel, device and seed.
    on_report : callable, optional
        As for `loop.train`.

    Returns
    -------
    MovieDenoiser
        The network; after a cancel it raises instead, since nothing is validated.
    """
    if movie.n_frames < 2:
        raise ValueError(
            "Learning from a movie needs at least two frames; this one has one. Use a classical "
            "method or the shipped network for single frames."
        )
    pieces = read_pieces(movie, REACH, job, seed=job.seed)
    scale = _scale(pieces)
    standardised = [Piece(scale.standardise(piece.frames), piece.centres) for piece in pieces]
    own = way == "blind spot"
    name, arguments = _NETWORKS[way]
    import torch

    torch.manual_seed(job.seed)
    network = build_network(name, {**arguments, **({"blind": blind} if own else {})})
    patches = MoviePatches(standardised, reach=REACH, own=own, patch=_PATCH, seed=job.seed)
    trained = learn(
        network,
        patches,
        None,  # every pixel is learnt from; what could be set aside would be missed
        TrainSettings(
            minutes=minutes,
            steps=steps,
            batch_size=_BATCH,
            learning_rate=_LEARNING_RATE,
            loss="l2",
            ema_decay=0.99,
            weight_decay=0.0,
            seed=job.seed,
        ),
        job,
        patch=_PATCH,
        on_report=on_report,
    )
    network.load_state_dict(trained.state)
    return MovieDenoiser(network.eval().requires_grad_(False), scale, own, trained.history)


def _scale(pieces: list[Piece]) -> Scale:
    values = np.concatenate(
        [piece.frames[:: max(1, len(piece.frames) // 8)].ravel()[::7] for piece in pieces]
    )
    deviation = float(values.std())
    return Scale(float(values.mean()), deviation if deviation > 0 else 1.0)
