"""By a network: one that was trained before, or one that learns from the movie itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from napari_insitu_tem.analysis.binning import bin_movie
from napari_insitu_tem.analysis.blocks import enlarge
from napari_insitu_tem.analysis.camera_noise import CameraNoise
from napari_insitu_tem.analysis.normalise import NORMALISATIONS, MovieScale, Normalisation
from napari_insitu_tem.analysis.variance_stabilisation import CountingNoise
from napari_insitu_tem.inference.denoiser import FrameDenoiser, Sight
from napari_insitu_tem.inference.devices import pick_device
from napari_insitu_tem.io.lazy import mapped
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.self_supervised import LearntFromMovie, learn_from_movie
from napari_insitu_tem.models.card import ModelCard
from napari_insitu_tem.models.choices import NEW_WEIGHTS
from napari_insitu_tem.models.store import check_free, get_model, save_model, user_folder
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.denoise.camera import some_frames
from napari_insitu_tem.tasks.denoise.settings import DenoiseSettings
from napari_insitu_tem.tasks.denoise.sharing import bin_of, blind_of

__all__ = ["denoised"]

Noise = CountingNoise | CameraNoise


def denoised(
    movie: Movie, noise: Noise | None, settings: DenoiseSettings, job: Job
) -> Iterator[np.ndarray]:
    """Yield every frame with less noise; `noise` is evened out before and put back after."""
    independent = isinstance(noise, CameraNoise)
    evened = movie if noise is None else mapped(movie, noise.stabilise)
    size = bin_of(evened, settings, job, independent=independent)
    seen = evened if size == 1 else evened.replace(data=bin_movie(evened.data, size, 1, "mean"))
    denoiser = (
        _trained(seen, settings, job)
        if settings.method == "network"
        else _learnt(seen, size, settings, job, independent=independent)
    )
    frames = denoiser.movie(seen.iter_frames(), job)
    for frame in job.track(frames, "Denoising", total=movie.n_frames):
        whole = frame if size == 1 else enlarge(frame, movie.frame_shape, size)
        yield whole if noise is None else noise.restore(whole)


def _trained(movie: Movie, settings: DenoiseSettings, job: Job) -> FrameDenoiser:
    model = get_model(settings.model).expect(task="denoise")
    card, device = model.card, pick_device(job.device)
    sight = Sight.of(card.arguments)
    if sight.reach and movie.n_frames < 2:
        raise SettingsError(
            "This network looks at neighbouring frames, and there is only one frame. Choose "
            "'refine', or a classical method."
        )
    normalisation: Normalisation = (
        MovieScale.of(some_frames(movie))
        if card.normalisation == "movie"
        else NORMALISATIONS[card.normalisation]
    )
    return FrameDenoiser(
        model.load(device), sight=sight, normalisation=normalisation, device=device
    )


def _learnt(
    movie: Movie, size: int, settings: DenoiseSettings, job: Job, *, independent: bool
) -> FrameDenoiser:
    if settings.keep_as is not None:
        check_free(
            settings.keep_as, user_folder()
        )  # a name that is taken shall not cost a training
    own = settings.method == "learn from this movie"
    start = get_model(settings.start_from) if own and settings.start_from != NEW_WEIGHTS else None
    blind = blind_of(movie, settings, job, independent=independent)
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
        _keep(learnt, movie, size, settings)
    return FrameDenoiser(
        learnt.network,
        sight=Sight.of(learnt.arguments),
        normalisation=MovieScale.of(some_frames(movie)),
        device=pick_device(job.device),
    )


def _keep(learnt: LearntFromMovie, movie: Movie, size: int, settings: DenoiseSettings) -> None:
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
        bin=size,
        trained_on=f"The noisy frames of '{movie.name}', without any others.",
    )
    save_model(card, learnt.network.state_dict())
