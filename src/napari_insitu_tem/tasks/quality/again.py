"""How a movie was denoised, from its history, so that halves of the data can be denoised alike."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Compared
from napari_insitu_tem.settings import Settings, SettingsError
from napari_insitu_tem.tasks.registry import Task, get_task

__all__ = ["Denoising", "UnknownDenoisingError", "recorded_denoising"]


class UnknownDenoisingError(ValueError):
    """A history does not tell how a movie was denoised; one plain sentence."""


@dataclass(frozen=True)
class Denoising:
    """The steps from the raw movie to the denoised one.

    Parameters
    ----------
    steps : tuple of (Task, Settings, int)
        With their seeds.
    """

    steps: tuple[tuple[Task, Settings, int], ...]

    @property
    def reach(self) -> int:
        """How many frames before and after a frame it looks at, whichever are more."""
        return max(sum(settings.context[side] for _, settings, _ in self.steps) for side in (0, 1))

    def again(self, movie: Movie, job: Job) -> Movie:
        """Denoise another movie in the same way."""
        for task, settings, seed in self.steps:
            movie = task(movie, settings, dataclasses.replace(job, seed=seed))
        return movie


def recorded_denoising(compared: Compared) -> Denoising:
    """Return how the raw movie became the denoised one.

    Raises
    ------
    UnknownDenoisingError
        When the history does not say, or says more than that.
    """
    before = [(step.task, step.settings) for step in compared.raw.history().steps]
    steps = compared.movie.history().steps
    done = [(step.task, step.settings) for step in steps]
    if done[: len(before)] != before or len(done) == len(before):
        raise UnknownDenoisingError("it is not recorded how it was denoised")
    found = []
    for step in steps[len(before) :]:
        try:
            task = get_task(step.task)
            settings = task.settings_type.from_dict(step.settings)
        except (KeyError, SettingsError):
            raise UnknownDenoisingError(
                f"its history has a step '{step.task}' that this version cannot repeat"
            ) from None
        if task.input_type is not Movie or task.result_type is not Movie:
            raise UnknownDenoisingError(
                f"'{task.title}' lies between the two movies; choose as raw what was denoised"
            )
        found.append((task, settings, step.seed))
    return Denoising(tuple(found))
