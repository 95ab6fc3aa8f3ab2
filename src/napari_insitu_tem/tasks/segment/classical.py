"""The classical way: half-way up the particles' edges, split at necks."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from napari_insitu_tem.analysis.proposal import automatic_values
from napari_insitu_tem.analysis.sampling import sample_frames
from napari_insitu_tem.analysis.scale_selection import Proposal
from napari_insitu_tem.analysis.segmentation import SegmentationValues, segment_frame
from napari_insitu_tem.io.store import write_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.tasks.segment.settings import SegmentSettings

__all__ = ["proposed", "segmented"]


def segmented(
    movie: Movie, settings: SegmentSettings, picture: tuple[slice, slice], job: Job
) -> Segmentation:
    """Return the particles of every frame."""
    values, proposal = _values(movie, settings, picture, job)
    if proposal.found:
        job.log(
            f"Particles are {'bright' if values.bright else 'dark'}, about "
            f"{values.diameter:.0f} px wide; smoothing {values.smoothing:.1f} px."
        )
    else:
        job.log("Nothing stands out of the noise in the frames that were looked at.")

    def label(frame: np.ndarray) -> np.ndarray:
        labels = np.zeros(frame.shape, np.int32)
        labels[picture] = segment_frame(frame[picture], values, job)
        return labels

    frames = job.map(label, movie.iter_frames(), "Segmenting", movie.n_frames)
    return Segmentation(write_frames(frames, movie.data.shape, np.int32), movie)


def proposed(
    movie: Movie, settings: SegmentSettings, picture: tuple[slice, slice], job: Job
) -> dict[str, Any]:
    """Return the settings that a few frames of the movie propose."""
    values, _ = _values(movie, settings, picture, job)
    found: dict[str, Any] = {
        "polarity": "bright" if values.bright else "dark",
        "diameter": round(values.diameter, 1),
        "smoothing": round(values.smoothing, 2),
        "smallest_diameter": round(2 * math.sqrt(values.smallest_area / math.pi), 2),
    }
    if values.flatten_scale is not None:
        found["flatten_scale"] = round(values.flatten_scale, 1)
    return found


def _values(
    movie: Movie, settings: SegmentSettings, picture: tuple[slice, slice], job: Job
) -> tuple[SegmentationValues, Proposal]:
    values, proposal = automatic_values(
        sample_frames(movie, picture),
        bright=settings.bright,
        diameter=settings.diameter,
        smoothing=settings.smoothing,
        job=job,
    )
    changes: dict[str, Any] = {
        "threshold": settings.threshold,
        "sensitivity": settings.sensitivity,
        "split_strength": settings.split,
        "fill_holes": settings.fill_holes,
        "drop_edge": settings.drop_edge,
    }
    if not settings.flatten:
        changes["flatten_scale"] = None
    elif settings.flatten_scale is not None:
        changes["flatten_scale"] = settings.flatten_scale
    if settings.smallest_diameter is not None:
        changes["smallest_area"] = 0.25 * math.pi * settings.smallest_diameter**2
    if settings.smallest_contrast is not None:
        changes["smallest_contrast"] = settings.smallest_contrast
    return replace(values, **changes), proposal
