"""By network: particles and their cores, which tell touching ones apart."""

from __future__ import annotations

import math
from typing import Any

from napari_insitu_tem.analysis.sampling import sample_frames
from napari_insitu_tem.inference.devices import pick_device
from napari_insitu_tem.inference.particles import Instances, ParticleFinder
from napari_insitu_tem.inference.views import View, scale_for_pixels
from napari_insitu_tem.job import Job
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.tasks.segment.settings import SegmentSettings

__all__ = ["proposed", "segmented"]


def segmented(
    movie: Movie,
    settings: SegmentSettings,
    picture: tuple[slice, slice],
    job: Job,
    *,
    tile: int | None = None,
) -> Segmentation:
    """Return the particles of every frame; for `tile` see `ParticleFinder`."""
    finder, view = _finder(movie, settings, picture, job, tile=tile)
    job.log(view.words)
    labels, probability = finder.segment(
        movie, view, picture, keep_probability=settings.probability_map, job=job
    )
    return Segmentation(labels, movie, probability=probability)


def proposed(
    movie: Movie, settings: SegmentSettings, picture: tuple[slice, slice], job: Job
) -> dict[str, Any]:
    """Return the settings that a few frames of the movie propose."""
    _, view = _finder(movie, settings, picture, job)
    smallest = settings.smallest_diameter or 2 * math.sqrt(view.smallest_area / math.pi)
    return {
        "polarity": "bright" if view.bright else "dark",
        "diameter": round(view.diameter, 1),
        "smallest_diameter": round(smallest, 2),
    }


def _finder(
    movie: Movie,
    settings: SegmentSettings,
    picture: tuple[slice, slice],
    job: Job,
    *,
    tile: int | None = None,
) -> tuple[ParticleFinder, View]:
    """Return the network of the settings, and how it sees the movie best."""
    model = get_model(settings.model).expect(task="segment")
    scale = scale_for_pixels(movie.pixel_size, model.card.pixel_size, model.name)
    device = pick_device(job.device)
    instances = Instances(
        settings.probability, settings.split, settings.smallest_diameter, settings.drop_edge
    )
    finder = ParticleFinder(
        model.load(device),
        likes=model.card.polarity,
        device=device,
        instances=instances,
        tile=tile,
    )
    view = finder.view(
        sample_frames(movie, picture),
        bright=settings.bright,
        diameter=settings.diameter,
        scale=scale,
        job=job,
    )
    return finder, view
