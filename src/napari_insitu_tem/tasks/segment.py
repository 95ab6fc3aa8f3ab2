"""Segment: find the particles of every frame, without tuning."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_insitu_tem.io.store import write_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    from napari_insitu_tem.analysis.scale_selection import Proposal
    from napari_insitu_tem.analysis.segmentation import SegmentationValues

__all__ = ["SegmentSettings", "propose_settings", "segment"]

_SAMPLES = 5
_SMALLEST = 16
_WINDOW = 1536
_WINDOW_CORNERS = ((0.5, 0.5), (0, 0), (1, 1), (0, 1), (1, 0))


class SegmentSettings(Settings):
    """How particles are found."""

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
    )
    threshold: Literal["edges", "otsu", "li", "triangle", "minimum_error"] = setting(
        "edges",
        title="Threshold",
        description="How the level between particles and background is found. 'edges' goes "
        "half-way up the outlines nearby and works for few and for crowded particles; the "
        "others look at the histogram of the frame.",
    )
    sensitivity: float = setting(
        1.0,
        title="Sensitivity",
        description="Above 1 includes fainter and wider regions, below 1 only stronger ones.",
        ge=0.1,
        le=10,
        step=0.1,
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
    flatten: bool = setting(
        True,
        title="Flatten illumination",
        description="Take away what varies over distances well above the particles' size.",
        advanced=True,
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
        shown_when={"flatten": (True,)},
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
    )
    fill_holes: bool = setting(
        True,
        title="Fill holes",
        description="Fill holes in particles, such as bright diffraction fringes.",
        advanced=True,
    )
    drop_edge: bool = setting(
        False,
        title="Leave out cut particles",
        description="Leave out particles that the border of the frame cuts.",
        advanced=True,
    )


def _sample(movie: Movie, picture: tuple[slice, slice]) -> list[np.ndarray]:
    """Frames spread evenly over the movie; of very large ones, another window of each."""
    count = min(_SAMPLES, movie.n_frames)
    indices = np.linspace(0, movie.n_frames - 1, count)
    frames = []
    for index, (part_y, part_x) in zip(indices, _WINDOW_CORNERS, strict=False):
        frame = movie.frame(int(index))[picture]
        height, width = (max(size - _WINDOW, 0) for size in frame.shape)
        y, x = int(part_y * height), int(part_x * width)
        frames.append(frame[y : y + _WINDOW, x : x + _WINDOW])
    return frames


def _picture(movie: Movie) -> tuple[slice, slice]:
    """Return the part of all frames without a burned-in banner or a plain border."""
    from napari_insitu_tem.analysis.scale_bar import find_banner

    if min(movie.frame_shape) < _SMALLEST:
        height, width = movie.frame_shape
        raise MovieError(
            f"Frames of {width} x {height} pixels are too small to find particles in: "
            f"{_SMALLEST} x {_SMALLEST} are needed."
        )
    banners = [find_banner(movie.frame(index)) for index in {0, movie.n_frames - 1}]
    top, bottom, left, right = (
        min(getattr(banner, side) for banner in banners)
        for side in ("top", "bottom", "left", "right")
    )
    height, width = movie.frame_shape
    rows, columns = slice(top, height - bottom), slice(left, width - right)
    if min(part.stop - part.start for part in (rows, columns)) < _SMALLEST:
        return slice(0, height), slice(0, width)
    return rows, columns


def _values(
    movie: Movie, settings: SegmentSettings, picture: tuple[slice, slice], job: Job
) -> tuple[SegmentationValues, Proposal]:
    from dataclasses import replace

    from napari_insitu_tem.analysis.proposal import automatic_values

    bright = {"auto": None, "dark": False, "bright": True}[settings.polarity]
    values, proposal = automatic_values(
        _sample(movie, picture),
        bright=bright,
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
    MovieError
        As for `segment`.
    """
    job.check()
    values, _ = _values(movie, settings, _picture(movie), job)
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

    Size and polarity of the particles come from a few frames of the whole movie; the
    illumination is flattened, the frames are smoothed as far as their noise demands,
    thresholded half-way up the particles' edges, and touching particles are split.

    Parameters
    ----------
    movie : Movie
        What to segment.
    settings : SegmentSettings
        See there; the defaults need no tuning.
    job : Job
        Progress and cancel.

    Returns
    -------
    Segmentation
        Labels 1..n in every frame; none where nothing stands out of the noise.

    Raises
    ------
    MovieError
        When the frames are smaller than 16 pixels.
    """
    from napari_insitu_tem.analysis.segmentation import segment_frame

    job.check()
    picture = _picture(movie)
    height, width = (part.stop - part.start for part in picture)
    if (height, width) != movie.frame_shape:
        job.log(
            f"Nothing is looked for in the banner or plain border; the picture is {width} x "
            f"{height} px of {movie.frame_shape[1]} x {movie.frame_shape[0]}. "
            "Calibrate can crop it."
        )
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

    frames = job.map(
        label,
        movie.iter_frames(),
        "Segmenting",
        movie.n_frames,
    )
    labels = write_frames(frames, movie.data.shape, np.int32)
    return Segmentation(labels=labels, movie=movie)
