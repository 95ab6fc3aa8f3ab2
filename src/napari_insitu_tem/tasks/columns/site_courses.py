"""The course of every site: when it is occupied, and what happens to sites together."""

from __future__ import annotations

import dataclasses

import numpy as np

from napari_insitu_tem.analysis.columns.crosstalk import crosstalk, occupancy_apart
from napari_insitu_tem.analysis.columns.hops import Event, find_events
from napari_insitu_tem.analysis.columns.joint_course import joint_course
from napari_insitu_tem.analysis.columns.learnt_spot import learn_spot, learnt_levels
from napari_insitu_tem.analysis.columns.moves import clusters, moves_between
from napari_insitu_tem.analysis.columns.occupancy import Evidence, Occupancy, occupancy
from napari_insitu_tem.analysis.columns.shared_motion import Motion
from napari_insitu_tem.analysis.columns.site_levels import divide_contrast
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie

__all__ = ["happened_to", "occupancy_over_time"]


def occupancy_over_time(
    movie: Movie,
    motion: Motion,
    sites: np.ndarray,
    spacing: float,
    evidence: Evidence,
    job: Job,
) -> Occupancy:
    """Find the occupancy, and again with what the sites that change show of a column."""
    first = occupancy(evidence)
    rows = np.flatnonzero(first.changes)
    if not len(rows):
        return first
    frames = job.track(movie.iter_frames(), "Learning what a column looks like", movie.n_frames)
    chance = first.probability[:, rows]
    spot = learn_spot(frames, motion, sites[rows], chance, spacing)
    if spot is None:
        return first
    frames = job.track(movie.iter_frames(), "Reading sites again", movie.n_frames)
    levels = divide_contrast(learnt_levels(frames, motion, sites, spot))
    own, full = levels[:, rows], chance > 0.5
    usual = (float(np.nanmedian(own[~full])), float(np.nanmedian(own[full])))
    evidence = Evidence(levels, usual)
    again = occupancy_apart(evidence, crosstalk(spot, sites, spacing))
    # Sites that never change may be of lighter columns than those from which the spot was learnt.
    return again.with_still(first.still)


def happened_to(
    state: Occupancy, sites: np.ndarray, spacing: float, job: Job
) -> tuple[Occupancy, list[Event]]:
    """Find the course of all sites that change together, and what happens."""
    rows = np.flatnonzero(state.changes)
    probability, events = state.probability.copy(), []
    for cluster in job.track(clusters(sites[rows], spacing), "Following columns"):
        members = rows[cluster]
        moves = moves_between(sites[members], spacing)
        course = joint_course(
            state.favour[:, members], probability[0, members], moves, check=job.check
        )
        probability[:, members] = course.probability
        events += [event.of(members) for event in find_events(course.moved, moves)]
    return dataclasses.replace(state, probability=probability), sorted(events)
