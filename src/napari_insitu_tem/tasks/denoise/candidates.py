"""Several methods on one frame, to choose by eye."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.job import Job
from napari_insitu_tem.models.choices import denoising_models
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.denoise import denoise
from napari_insitu_tem.tasks.denoise.settings import CLASSICAL, DenoiseSettings

__all__ = ["Candidate", "candidates", "compare"]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A frame as one method leaves it.

    Parameters
    ----------
    name : str
        Of the method, in the user's words.
    settings : DenoiseSettings
        With which it was made.
    frame : (y, x) float32 array
        Its result.
    seconds : float
        What it took.
    """

    name: str
    settings: DenoiseSettings
    frame: np.ndarray
    seconds: float


def candidates(settings: DenoiseSettings) -> list[tuple[str, DenoiseSettings]]:
    """Return (name, settings) of every method that needs no learning, as the user set them.

    Parameters
    ----------
    settings : DenoiseSettings
        What is set now; only the method is changed.
    """
    found = [
        (method, settings.model_copy(update={"method": method}))
        for method in CLASSICAL
        if method != "sum of last frames"  # the same picture as their mean
    ]
    for name, words in denoising_models():
        found.append((words, settings.model_copy(update={"method": "network", "model": name})))
    return found


def compare(
    movie: Movie,
    index: int,
    settings: DenoiseSettings = DenoiseSettings(),
    job: Job = Job(),
) -> list[Candidate]:
    """Return one frame as every method leaves it.

    Parameters
    ----------
    movie : Movie
        The noisy movie.
    index : int
        Which frame.
    settings : DenoiseSettings
        What is set now; only the method is changed.
    job : Job
        Progress and cancel.

    Returns
    -------
    list of Candidate
        In the order of the menu.

    Raises
    ------
    As for `denoise`.
    """
    quiet = Job(is_cancelled=job.is_cancelled, on_progress=lambda _: None, device=job.device)
    results = []
    for name, chosen in job.track(candidates(settings), "Comparing"):
        before, after = chosen.context
        start, stop = max(0, index - before), min(movie.n_frames, index + after + 1)
        began = time.perf_counter()
        done = denoise(movie.select(start, stop), chosen, quiet)
        frame = np.asarray(done.frame(index - start), np.float32)
        results.append(Candidate(name, chosen, frame, time.perf_counter() - began))
    return results
