"""Measure: what tracked particles do (dynamics, growth) and how they are arranged."""

from __future__ import annotations

from typing import Literal

import numpy as np

from napari_insitu_tem.analysis.brownian import dynamics
from napari_insitu_tem.analysis.summaries import arrangement, frame_table, track_table
from napari_insitu_tem.job import Job
from napari_insitu_tem.results import Measurements, Tracking
from napari_insitu_tem.settings import Settings, setting
from napari_insitu_tem.tasks.registry import task

__all__ = ["MeasureSettings", "measure"]


class MeasureSettings(Settings):
    """How tracks are measured."""

    remove_drift: bool = setting(
        False,
        title="Remove common drift",
        description="Take away what all particles move in common before measuring their motion. "
        "For recordings that were not aligned, with ten particles or more.",
    )
    neighbours: Literal["voronoi", "distance"] = setting(
        "voronoi",
        title="Bonds of ψ4 and ψ6",
        description="Which particles are bonded: Voronoi neighbours, weighed by the side that "
        "they share, or all within the neighbour distance.",
    )
    neighbour_distance: float | None = setting(
        None,
        title="Neighbour distance",
        description="Particles up to this centre-to-centre distance count as neighbours; found "
        "from the data, 1.3 times the median distance of nearest neighbours.",
        unit="px",
        gt=0,
        le=1e5,
    )
    estimator: Literal["least_squares", "covariance"] = setting(
        "least_squares",
        title="Diffusion from",
        description="A weighted line through the mean-squared displacement (better for slow "
        "particles), or the covariance of neighbouring steps (looks at two frames only, so "
        "confinement and drift matter less). Neither is misled by localisation error or blur.",
        advanced=True,
    )
    exposure: float = setting(
        1.0,
        title="Exposure",
        description="Share of the frame time during which the camera collects. It moves the "
        "localisation error, not the diffusion coefficient.",
        ge=0,
        le=1,
        step=0.1,
        advanced=True,
    )
    min_steps: int = setting(
        8,
        title="Shortest track",
        description="Tracks with fewer steps between neighbouring frames get no diffusion "
        "coefficient; they stay in the table.",
        unit="frames",
        ge=3,
        le=100000,
        advanced=True,
    )
    longest_lag: int | None = setting(
        None,
        title="Longest lag",
        description="How far the mean-squared displacement goes; a quarter of the longest track.",
        unit="frames",
        ge=1,
        le=1000000,
        advanced=True,
    )
    pair_range: float | None = setting(
        None,
        title="Range of g(r)",
        description="Largest distance in the pair distribution; found from the data, eight mean "
        "spacings or half of the frame's shorter side.",
        unit="px",
        gt=0,
        le=1e5,
        advanced=True,
    )
    pair_bins: int | None = setting(
        None,
        title="Bins of g(r)",
        description="Number of distances at which the pair distribution is given; as many as "
        "there are pairs for, 20 to 100.",
        ge=5,
        le=2000,
        advanced=True,
    )


@task(title="Measure")
def measure(
    tracking: Tracking, settings: MeasureSettings = MeasureSettings(), job: Job = Job()
) -> Measurements:
    """Diffusion, growth, sizes and order of tracked particles, with error bars.

    Parameters
    ----------
    tracking : Tracking
        The tracks.
    settings : MeasureSettings
        How to measure.
    job : Job
        Progress and cancel.

    Returns
    -------
    Measurements
        Its tracking's particles have the columns ``nearest_distance``, ``neighbours``,
        ``psi4`` and ``psi6`` as well. Curves: ``msd`` and ``msad`` (of all tracks together),
        ``track_msd``, ``rdf`` and ``ensemble`` (one row of quantities of all together).
    """
    movie = tracking.movie
    particles, rdf = arrangement(
        tracking.particles,
        movie.frame_shape,
        shell=settings.neighbour_distance,
        bonds=settings.neighbours,
        pair_range=settings.pair_range,
        pair_bins=settings.pair_bins,
        job=job,
    )
    motion = dynamics(
        particles,
        movie.n_frames,
        estimator=settings.estimator,
        exposure=settings.exposure,
        min_steps=settings.min_steps,
        longest_lag=settings.longest_lag,
        remove_drift=settings.remove_drift,
        job=job,
    )
    tracks = track_table(particles, motion, job)
    frames = frame_table(particles, movie)
    if len(tracks) and not np.isfinite(tracks["diffusion"]).any():
        job.log(
            f"No track has {settings.min_steps} steps between neighbouring frames, so there are "
            "no diffusion coefficients. Link more loosely, or lower 'Shortest track'."
        )
    return Measurements(
        tracking.replace(particles=particles), tracks, frames, {**motion.curves, "rdf": rdf}
    )
