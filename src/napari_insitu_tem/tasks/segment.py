"""Segment: find the particles of every frame, without tuning."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_insitu_tem.analysis.sampling import picture_of, sample_frames
from napari_insitu_tem.io.store import write_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.models.choices import CLASSICAL
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    from napari_insitu_tem.analysis.scale_selection import Proposal
    from napari_insitu_tem.analysis.segmentation import SegmentationValues
    from napari_insitu_tem.inference.particles import ParticleFinder
    from napari_insitu_tem.inference.views import View

__all__ = ["SegmentSettings", "propose_settings", "segment"]

_BRIGHT = {"auto": None, "dark": False, "bright": True}
_NOTHING = "Nothing stands out of the noise in the frames that were looked at."


class SegmentSettings(Settings):
    """How particles are found."""

    model: str = setting(
        "particles",
        title="Method",
        description="A network that was trained on particles of any size and contrast, one of "
        "your own, or the classical way: thresholds and watershed, without any network.",
        choices_from="napari_insitu_tem.models.choices:segmentation_methods",
    )
    polarity: Literal["auto", "dark", "bright"] = setting(
        "auto",
        title="Particles are",
        description="Darker or brighter than their background; auto finds out.",
    )
    diameter: float | None = setting(
        None,
        title="Diameter",
        description="Typical diameter of a particle; of rods, their width. "
        "Automatic finds it from a few frames.",
        unit="px",
        ge=2,
        le=4096,
        step=1,
    )
    smoothing: float | None = setting(
        None,
        title="Smoothing",
        description="Standard deviation of the Gaussian against noise. Automatic smooths just "
        "enough to lift the outlines out of the noise; 0 leaves the frames as they are.",
        unit="px",
        ge=0,
        le=100,
        step=0.5,
        shown_when={"model": ("classical",)},
    )
    threshold: Literal["edges", "otsu", "li", "triangle", "minimum_error"] = setting(
        "edges",
        title="Threshold",
        description="How the level between particles and background is found. 'edges' goes "
        "half-way up the outlines nearby and works for few and for crowded particles; the "
        "others look at the histogram of the frame.",
        shown_when={"model": ("classical",)},
    )
    sensitivity: float = setting(
        1.0,
        title="Sensitivity",
        description="Above 1 includes fainter and wider regions, below 1 only stronger ones.",
        ge=0.1,
        le=10,
        step=0.1,
        shown_when={"model": ("classical",)},
    )
    split: float = setting(
        0.8,
        title="Split touching",
        description="Particles are split at a neck narrower than this fraction of the smaller "
        "one's width; 0 never splits, 1 splits at every waist.",
        ge=0,
        le=1,
        step=0.05,
    )
    probability: float = setting(
        0.5,
        title="Probability",
        description="The network's probability above which a pixel is part of a particle; lower "
        "finds fainter particles and wider outlines.",
        ge=0.01,
        le=0.99,
        step=0.05,
        hidden_when={"model": ("classical",)},
    )
    probability_map: bool = setting(
        False,
        title="Show probability",
        description="Hand on the network's probability as an image as well.",
        hidden_when={"model": ("classical",)},
    )
    flatten: bool = setting(
        True,
        title="Flatten illumination",
        description="Take away what varies over distances well above the particles' size.",
        advanced=True,
        shown_when={"model": ("classical",)},
    )
    flatten_scale: float | None = setting(
        None,
        title="Flattening scale",
        description="Distance over which the background varies; automatic is 2.5 diameters, or "
        "half of that where the background varies much.",
        unit="px",
        ge=5,
        le=10000,
        step=5,
        advanced=True,
        shown_when={"flatten": (True,), "model": ("classical",)},
    )
    smallest_diameter: float | None = setting(
        None,
        title="Smallest particle",
        description="Particles with a smaller equivalent diameter are noise; automatic is a "
        "quarter of the typical diameter, or less where small particles lie among large ones.",
        unit="px",
        ge=0,
        le=4096,
        step=1,
        advanced=True,
    )
    smallest_contrast: float | None = setting(
        None,
        title="Weakest particle",
        description="Particles whose mean differs less from their background are noise, in the "
        "movie's own counts. Automatic keeps what clearly stands out of the noise.",
        unit="counts",
        ge=0,
        advanced=True,
        shown_when={"model": ("classical",)},
    )
    fill_holes: bool = setting(
        True,
        title="Fill holes",
        description="Fill holes in particles, such as bright diffraction fringes.",
        advanced=True,
        shown_when={"model": ("classical",)},
    )
    drop_edge: bool = setting(
        False,
        title="Leave out cut particles",
        description="Leave out particles that the border of the frame cuts.",
        advanced=True,
    )

    @property
    def models_used(self) -> tuple[str, ...]:
        """The network, where one is used."""
        return () if self.model == CLASSICAL else (self.model,)


def _values(
    movie: Movie, settings: SegmentSettings, picture: tuple[slice, slice], job: Job
) -> tuple[SegmentationValues, Proposal]:
    from dataclasses import replace

    from napari_insitu_tem.analysis.proposal import automatic_values

    values, proposal = automatic_values(
        sample_frames(movie, picture),
        bright=_BRIGHT[settings.polarity],
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
    picture = picture_of(movie)
    if settings.model != CLASSICAL:
        view = _view(_finder(settings, job), movie, settings, picture, job)
        smallest = settings.smallest_diameter or 2 * math.sqrt(view.smallest_area / math.pi)
        seen: dict[str, Any] = {
            "polarity": "bright" if view.bright else "dark",
            "diameter": round(view.diameter, 1),
            "smallest_diameter": round(smallest, 2),
        }
        return settings.model_copy(update=seen)
    values, _ = _values(movie, settings, picture, job)
    found: dict[str, Any] = {
        "polarity": "bright" if values.bright else "dark",
        "diameter": round(values.diameter, 1),
        "smoothing": round(values.smoothing, 2),
        "smallest_diameter": round(2 * math.sqrt(values.smallest_area / math.pi), 2),
    }
    if values.flatten_scale is not None:
        found["flatten_scale"] = round(values.flatten_scale, 1)
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
    by = _classically if settings.model == CLASSICAL else _by_network
    return by(movie, settings, picture, job)


def _classically(
    movie: Movie, settings: SegmentSettings, picture: tuple[slice, slice], job: Job
) -> Segmentation:
    from napari_insitu_tem.analysis.segmentation import segment_frame

    values, proposal = _values(movie, settings, picture, job)
    if proposal.found:
        job.log(
            f"Particles are {'bright' if values.bright else 'dark'}, about "
            f"{values.diameter:.0f} px wide; smoothing {values.smoothing:.1f} px."
        )
    else:
        job.log(_NOTHING)

    def label(frame: np.ndarray) -> np.ndarray:
        labels = np.zeros(frame.shape, np.int32)
        labels[picture] = segment_frame(frame[picture], values, job)
        return labels

    frames = job.map(label, movie.iter_frames(), "Segmenting", movie.n_frames)
    return Segmentation(write_frames(frames, movie.data.shape, np.int32), movie)


def _by_network(
    movie: Movie, settings: SegmentSettings, picture: tuple[slice, slice], job: Job
) -> Segmentation:
    finder = _finder(settings, job)
    view = _view(finder, movie, settings, picture, job)
    if view.found:
        job.log(
            f"Particles are {'bright' if view.bright else 'dark'}, about {view.diameter:.0f} px "
            f"wide; the network sees the frames at {view.scale:.2g} times their size."
        )
    else:
        job.log(_NOTHING)
    labels, probability = finder.segment(
        movie, view, picture, keep_probability=settings.probability_map, job=job
    )
    return Segmentation(labels, movie, probability=probability)


def _finder(settings: SegmentSettings, job: Job) -> ParticleFinder:
    """Return the network of the settings, ready to find particles."""
    from napari_insitu_tem.inference.devices import pick_device
    from napari_insitu_tem.inference.particles import Instances, ParticleFinder
    from napari_insitu_tem.models.store import get_model

    model = get_model(settings.model).expect(task="segment")
    device = pick_device(job.device)
    instances = Instances(
        settings.probability, settings.split, settings.smallest_diameter, settings.drop_edge
    )
    return ParticleFinder(
        model.load(device), likes=model.card.polarity, device=device, instances=instances
    )


def _view(
    finder: ParticleFinder,
    movie: Movie,
    settings: SegmentSettings,
    picture: tuple[slice, slice],
    job: Job,
) -> View:
    return finder.view(
        sample_frames(movie, picture),
        bright=_BRIGHT[settings.polarity],
        diameter=settings.diameter,
        job=job,
    )
