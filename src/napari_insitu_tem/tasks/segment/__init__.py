"""Segment: find the particles of every frame, without tuning."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from napari_insitu_tem.analysis.sampling import picture_of
from napari_insitu_tem.job import Job
from napari_insitu_tem.models.choices import CLASSICAL
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.tasks.registry import task
from napari_insitu_tem.tasks.segment.settings import SegmentSettings

__all__ = ["SegmentSettings", "propose_settings", "segment"]


def propose_settings(
    movie: Movie, settings: SegmentSettings = SegmentSettings(), job: Job = Job()
) -> SegmentSettings:
    """Fill in the automatic values from a few frames of the movie.

    Parameters
    ----------
    movie : Movie
        What is to be segmented.
    settings : SegmentSettings
        What is given is kept.
    job : Job
        Progress and cancel.

    Returns
    -------
    SegmentSettings
        With which every frame, alone or in the movie, is segmented alike.

    Raises
    ------
    MovieError, ModelError
        As for `segment`.
    """
    job.check()
    found = _method(settings).proposed(movie, settings, picture_of(movie), job)
    return settings.model_copy(update=found)


@task(title="Segment", result="masks", previews=True, propose=propose_settings)
def segment(
    movie: Movie, settings: SegmentSettings = SegmentSettings(), job: Job = Job()
) -> Segmentation:
    """Find the particles of every frame, without tuning.

    Size and polarity of the particles come from a few frames of the whole movie. A network
    then finds particles and their cores, from which touching ones are told apart (after Qian et
    al.); or, the classical way, the illumination is flattened, the frames are smoothed as far as
    their noise demands, thresholded half-way up the particles' edges, and split at necks.

    Parameters
    ----------
    movie : Movie
        What to segment.
    settings : SegmentSettings
        See there; the defaults need no tuning.
    job : Job
        Progress, cancel and device.

    Returns
    -------
    Segmentation
        Labels 1..n in every frame; none where nothing stands out of the noise.

    Raises
    ------
    MovieError
        When the frames are smaller than 16 pixels.
    ModelError
        When there is no such model, or it is damaged or not made for this.
    """
    job.check()
    picture = picture_of(movie)
    height, width = (part.stop - part.start for part in picture)
    if (height, width) != movie.frame_shape:
        job.log(
            f"Nothing is looked for in the banner or plain border; the picture is {width} x "
            f"{height} px of {movie.frame_shape[1]} x {movie.frame_shape[0]}. "
            "Calibrate can crop it."
        )
    return _method(settings).segmented(movie, settings, picture, job)


def _method(settings: SegmentSettings) -> ModuleType:
    """Return the module of the method, loaded only now: torch takes its time."""
    name = "classical" if settings.model == CLASSICAL else "network"
    return import_module(f"napari_insitu_tem.tasks.segment.{name}")
