"""Values for a whole movie, found from a few of its frames.

A first look at the blobs of the frames gives one guess at size and polarity. Where film or
liquid varies as strongly as the particles do, it is wrong; so other sizes and both polarities
are tried on a frame, and whichever segmentation explains the frame's edges best is taken.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.edge_trials import EdgeTrials
from napari_insitu_tem.analysis.noise import Noise, estimate_noise
from napari_insitu_tem.analysis.scale_selection import Look, Proposal, look_at, propose
from napari_insitu_tem.analysis.segmentation import SegmentationValues, segment_frame, smooth
from napari_insitu_tem.job import Job

__all__ = ["automatic_values"]

#: Background Gaussian over the particles' diameter.
_FLATTEN_OVER_DIAMETER = 2.5
#: Smallest particle's diameter over the typical one.
_SMALLEST_OVER_DIAMETER = 0.25
#: Diameters tried, in pixels. An octave apart: all that depends on them is blunt.
_DIAMETERS = (5.7, 11.3, 22.6, 45.0, 90.0, 180.0)
#: By how much another size or polarity must explain the edges better than the blobs' own.
_CLEARLY_BETTER = 1.3
#: Nats below which nothing is explained at all.
_LEAST = 10.0


def automatic_values(
    frames: list[np.ndarray],
    *,
    bright: bool | None = None,
    diameter: float | None = None,
    smoothing: float | None = None,
    job: Job = Job(),
) -> tuple[SegmentationValues, Proposal]:
    """Find what `segment_frame` needs; what is given is kept.

    Parameters
    ----------
    frames : list of (y, x) arrays
        Some frames of the movie, spread over it.
    bright : bool, optional
        Whether the particles are brighter than their background.
    diameter : float, optional
        Their typical diameter in pixels.
    smoothing : float, optional
        Standard deviation of the Gaussian in pixels.
    job : Job
        Progress and cancel.

    Returns
    -------
    values : SegmentationValues
        Everything that `segment_frame` needs.
    proposal : Proposal
        What was found, with the noise that the smoothing is matched to.
    """
    if bright is not None and diameter is not None and smoothing is not None:
        # Nothing to find; the same frame alone and in the movie then gives the same.
        given = Proposal(bright, diameter, 0.0, Noise(0.0), 0.0, True)
        values = _values(given, smoothing)
        edge_smoothing = max(smoothing, min(2 * smoothing, diameter / 10))
        return replace(values, edge_smoothing=edge_smoothing), given
    looks = list(job.map(partial(look_at, job=job), frames, "Looking for particles"))
    proposal = propose(looks, bright=bright, diameter=diameter)
    values = _values(proposal, smoothing)
    if proposal.found and (bright is None or diameter is None):
        known = (bright, diameter, smoothing)
        proposal, values = _best_trial(frames, looks, proposal, known, job)
    if smoothing is None and proposal.found:
        excess = [_excess(frame, values, proposal.coverage, job) for frame in frames[::2]]
        factor = float(np.median(excess))
        if factor > 1.1:
            noise = Noise(proposal.noise.density * factor, proposal.noise.correlation)
            proposal = replace(proposal, noise=noise)
            again = _values(proposal, None)
            values = replace(
                values,
                smoothing=again.smoothing,
                edge_smoothing=again.edge_smoothing,
                noise_excess=factor,
            )
    return values, proposal


@dataclass(frozen=True)
class _Trial:
    proposal: Proposal
    values: SegmentationValues
    explained: float
    width: float | None


def _best_trial(
    frames: list[np.ndarray],
    looks: list[Look],
    first: Proposal,
    known: tuple[bool | None, float | None, float | None],
    job: Job,
) -> tuple[Proposal, SegmentationValues]:
    """Try sizes and polarities; return those whose segmentation explains the edges best."""
    bright, diameter, smoothing = known
    scenes = EdgeTrials(frames, [look.noise for look in looks])

    def attempt(proposal: Proposal, values: SegmentationValues) -> _Trial:
        verdict = scenes.judge([segment_frame(frame, values, job) for frame in scenes.frames])
        return _Trial(proposal, values, verdict.explained, verdict.width)

    proposals = [first]
    sizes = _DIAMETERS if diameter is None else (diameter,)
    for size in sizes:
        if size > min(scenes.frames[0].shape) / 2:
            break
        for polarity in (False, True) if bright is None else (bright,):
            proposals.append(propose(looks, bright=polarity, diameter=size))
    trials = list(
        job.map(
            lambda proposal: attempt(proposal, _values(proposal, smoothing)),
            proposals,
            "Comparing sizes and polarities",
        )
    )
    best = max(trials, key=lambda trial: trial.explained)
    if best.explained < _CLEARLY_BETTER * max(trials[0].explained, _LEAST):
        return trials[0].proposal, trials[0].values
    # The size was only tried; what was found with it has one.
    if diameter is None and best.width is not None:
        measured = propose(looks, bright=best.proposal.bright, diameter=best.width)
        values = _values(measured, smoothing)
        smallest = min(values.smallest_area, best.values.smallest_area)
        refined = attempt(measured, replace(values, smallest_area=smallest))
        if refined.explained > 0.95 * best.explained:
            best = refined
    # Film under the particles may vary over shorter distances than illumination does.
    shorter = _FLATTEN_OVER_DIAMETER * best.proposal.diameter / 2
    near = replace(best.values, flatten_scale=shorter)
    nearer = attempt(best.proposal, near)
    if nearer.explained > 1.05 * best.explained:
        best = nearer
    return best.proposal, best.values


def _values(proposal: Proposal, smoothing: float | None) -> SegmentationValues:
    sigma = proposal.smoothing if smoothing is None else smoothing
    smallest = max(_SMALLEST_OVER_DIAMETER * proposal.diameter, 2.0)
    return SegmentationValues(
        bright=proposal.bright,
        diameter=proposal.diameter,
        smoothing=sigma,
        edge_smoothing=max(sigma, proposal.edge_smoothing),
        flatten_scale=_FLATTEN_OVER_DIAMETER * proposal.diameter,
        smallest_area=max(0.25 * math.pi * smallest**2, 4.0),
    )


def _excess(frame: np.ndarray, values: SegmentationValues, coverage: float, job: Job) -> float:
    """Return how much the smoothed background varies beyond the noise, 1 to 3 times.

    Grain of the support film and compression are correlated further than a camera's blur.
    """
    frame = np.nan_to_num(np.asarray(frame, np.float32))
    labels = segment_frame(frame, values, job)
    if coverage > 0.15 and np.count_nonzero(labels) < 0.5 * coverage * labels.size:
        # Most particles are still in what would be taken for background.
        return 1.0
    width = max(values.smoothing, 1.0)
    smoothed = smooth(frame, width)
    smoothed = smoothed - smooth(smoothed, 4 * width)
    reach = 2 + round(5 * width)
    step = max(1, round(width))
    far = ndimage.distance_transform_cdt(labels[::step, ::step] == 0) * step > reach
    background = smoothed[::step, ::step][far]
    if background.size < max(200, 0.1 * far.size):
        return 1.0
    spread = 1.4826 * float(np.median(np.abs(background - np.median(background))))
    predicted = estimate_noise(frame).after_smoothing(width)
    return min(max(spread / max(predicted, 1e-12), 1.0), 3.0)
