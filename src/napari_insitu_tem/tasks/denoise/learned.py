"""By a network: one that was trained before, or one that learns from the movie itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_insitu_tem.analysis.camera_noise import CameraNoise
from napari_insitu_tem.analysis.noise import estimate_noise
from napari_insitu_tem.analysis.normalise import NORMALISATIONS, MovieScale, Normalisation
from napari_insitu_tem.analysis.variance_stabilisation import CountingNoise
from napari_insitu_tem.inference.denoiser import FrameDenoiser, Sight
from napari_insitu_tem.inference.devices import pick_device
from napari_insitu_tem.io.lazy import mapped
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.self_supervised import (
    LearntFromMovie,
    learn_from_movie,
)
from napari_insitu_tem.models.card import ModelCard
from napari_insitu_tem.models.choices import NEW_WEIGHTS
from napari_insitu_tem.models.store import check_free, get_model, save_model, user_folder
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.denoise.camera import some_frames
from napari_insitu_tem.tasks.denoise.settings import DenoiseSettings

__all__ = ["denoised"]

Noise = CountingNoise | CameraNoise
#: Correlation of the noise (px, standard deviation of its blur) from which neighbours of a pixel
#: share so much of its noise that they must not be seen: those next to it, and the next but one.
_CORRELATED = (0.25, 0.6)


def denoised(
    movie: Movie, noise: Noise | None, settings: DenoiseSettings, job: Job
) -> Iterator[np.ndarray]:
    """Yield every frame with less noise; `noise` is evened out before and put back after."""
    evened = movie if noise is None else mapped(movie, noise.stabilise)
    denoiser = (
        _trained(evened, settings, job)
        if settings.method == "network"
        else _learnt(evened, noise, settings, job)
    )
    frames = denoiser.movie(evened.iter_frames(), job)
    for frame in job.track(frames, "Denoising", total=movie.n_frames):
        yield frame if noise is None else noise.restore(frame)


def _trained(movie: Movie, settings: DenoiseSettings, job: Job) -> FrameDenoiser:
    model = get_model(settings.model).expect(task="denoise")
    card, device = model.card, pick_device(job.device)
    sight = Sight.of(card.arguments)
    _check_frames(movie, sight)
    normalisation: Normalisation = (
        MovieScale.of(some_frames(movie))
        if card.normalisation == "movie"
        else NORMALISATIONS[card.normalisation]
    )
    return FrameDenoiser(
        model.load(device), sight=sight, normalisation=normalisation, device=device
    )


def _learnt(
    movie: Movie, noise: Noise | None, settings: DenoiseSettings, job: Job
) -> FrameDenoiser:
    if settings.keep_as is not None:
        check_free(
            settings.keep_as, user_folder()
        )  # a name that is taken shall not cost a training
    own = settings.method == "learn from this movie"
    start = get_model(settings.start_from) if own and settings.start_from != NEW_WEIGHTS else None
    blind = _blind(movie, noise, settings, job)
    learnt = learn_from_movie(
        movie,
        way="blind spot" if own else "neighbours",
        start=start,
        blind=blind,
        minutes=settings.minutes,
        steps=settings.steps,
        job=job,
    )
    if settings.keep_as is not None:
        _keep(learnt, movie, settings)
    return FrameDenoiser(
        learnt.network,
        sight=Sight.of(learnt.arguments),
        normalisation=MovieScale.of(some_frames(movie)),
        device=pick_device(job.device),
    )


def _blind(movie: Movie, noise: Noise | None, settings: DenoiseSettings, job: Job) -> int:
    """Return how many pixels around each must not be seen, and say when that may not do."""
    if settings.method != "learn from this movie":
        return 0  # the frame itself is not seen at all
    known = isinstance(noise, CameraNoise)  # then it is independent already
    found = float(np.median([estimate_noise(frame).correlation for frame in some_frames(movie)]))
    needed = 0 if known else sum(found > limit for limit in _CORRELATED)
    if settings.blind == "automatic":
        if needed:
            job.log(
                f"Neighbouring pixels share noise (blur of {found:.1f} px), so {needed} px around "
                "each are not looked at. With the camera fitted under Detector, they could be."
            )
        return needed
    if int(settings.blind) < needed:
        job.log(
            f"Neighbouring pixels share noise (blur of {found:.1f} px), and a blind spot of "
            f"{settings.blind} px lets the network see it: some noise will stay. Choose "
            "'automatic', or fit the camera under Detector."
        )
    return int(settings.blind)


def _keep(learnt: LearntFromMovie, movie: Movie, settings: DenoiseSettings) -> None:
    assert settings.keep_as is not None
    card = ModelCard(
        name=settings.keep_as,
        title=f"Learnt from {movie.name}" if movie.name else "Learnt from a movie",
        description="Denoises movies of the kind that it was learnt from.",
        task="denoise",
        network=learnt.name,
        arguments=learnt.arguments,
        channels=("image",),
        normalisation="movie",
        trained_on=f"The noisy frames of '{movie.name}', without any others.",
    )
    save_model(card, learnt.network.state_dict())


def _check_frames(movie: Movie, sight: Sight) -> None:
    if sight.reach and movie.n_frames < 2:
        raise SettingsError(
            "This network looks at neighbouring frames, and there is only one frame. Choose "
            "'refine', or a classical method."
        )
