"""Values for a whole movie, found from a few of its frames."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.noise import Noise, estimate_noise
from napari_insitu_tem.analysis.scale_selection import Proposal, propose
from napari_insitu_tem.analysis.segmentation import SegmentationValues, segment_frame, smooth

__all__ = ["automatic_values"]

#: Background Gaussian over the particles' diameter.
_FLATTEN_OVER_DIAMETER = 2.5
#: Smallest particle's diameter over the typical one.
_SMALLEST_OVER_DIAMETER = 0.25


def automatic_values(
    frames: list[np.ndarray],
    *,
    bright: bool | None = None,
    diameter: float | None = None,
    smoothing: float | None = None,
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
    proposal = propose(frames, bright=bright, diameter=diameter)
    values = _values(proposal, smoothing)
    if smoothing is None and proposal.found:
        excess = [_excess(frame, values, proposal.coverage) for frame in frames[::2]]
        factor = float(np.median(excess))
        if factor > 1.1:
            noise = Noise(proposal.noise.density * factor, proposal.noise.correlation)
            proposal = replace(proposal, noise=noise)
            values = replace(_values(proposal, None), noise_excess=factor)
    return values, proposal


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


def _excess(frame: np.ndarray, values: SegmentationValues, coverage: float) -> float:
    """Return how much the smoothed background varies beyond the noise, 1 to 3 times.

    Grain of the support film and compression are correlated further than a camera's blur.
    """
    frame = np.nan_to_num(np.asarray(frame, np.float32))
    labels = segment_frame(frame, values)
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
