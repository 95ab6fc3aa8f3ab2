"""Particles of one frame, by classical means, from values that hold for the whole movie."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.blocks import enlarge
from napari_insitu_tem.analysis.illumination import fit_polynomial, smooth_background
from napari_insitu_tem.analysis.noise import Noise, estimate_noise
from napari_insitu_tem.analysis.pixels import dilated, eroded, filled, median, rim_of
from napari_insitu_tem.analysis.thresholds import (
    edge_level,
    edge_weights,
    global_threshold,
    local_edge_levels,
    squared_gradient,
)
from napari_insitu_tem.analysis.watershed import split_touching
from napari_insitu_tem.job import Job

__all__ = ["SegmentationValues", "background_of", "segment_frame"]

_SIGNIFICANT = 6.0
_STEEP = 2.0
_GENTLE = 0.4
_FINE_GRID_BELOW = 14.0


@dataclass(frozen=True)
class SegmentationValues:
    """Everything that `segment_frame` needs; nothing is left to be found but levels.

    Parameters
    ----------
    bright : bool
        Particles are brighter than their background.
    diameter : float
        Typical diameter (of rods, width) in pixels.
    smoothing : float
        Standard deviation of the Gaussian in pixels; 0 leaves the frame as it is.
    edge_smoothing : float
        The same for finding the level of the edges; at least `smoothing`.
    flatten_scale : float or None
        Standard deviation in pixels over which the background varies; None for no flattening.
    noise_excess : float
        How much more the smoothed background varies than fine noise predicts: grain of the
        support film and compression.
    threshold : {"edges", "otsu", "li", "triangle", "minimum_error"}
        How the level is found.
    sensitivity : float
        Divides the level.
    split_strength : float
        See `watershed.split_touching`.
    smallest_area : float
        In pixels.
    smallest_contrast : float
        Of a particle's mean, in counts.
    fill_holes, drop_edge : bool
        Fill holes; leave out particles cut by the frame's border.
    """

    bright: bool
    diameter: float
    smoothing: float
    edge_smoothing: float
    flatten_scale: float | None
    noise_excess: float = 1.0
    threshold: str = "edges"
    sensitivity: float = 1.0
    split_strength: float = 0.8
    smallest_area: float = 4.0
    smallest_contrast: float = 0.0
    fill_holes: bool = True
    drop_edge: bool = False


def smooth(frame: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian-filter a frame; a sigma of 0 leaves it as it is."""
    if sigma <= 0:
        return frame
    # Repeating the border's pixels ("nearest") would multiply their noise.
    return ndimage.gaussian_filter(frame, sigma, mode="reflect", truncate=3.5)


def background_of(
    smoothed: np.ndarray, values: SegmentationValues, noise: Noise
) -> tuple[np.ndarray, float | None]:
    """Find the background and the level half-way up the particles' edges above it.

    Parameters
    ----------
    smoothed : (y, x) float32 array
        A frame smoothed by `values.edge_smoothing`, particles brighter than background.
    values : SegmentationValues
        Polarity and scales.
    noise : Noise
        The frame's noise.

    Returns
    -------
    background : (y, x) float32 array
        What lies under the particles.
    level : float or None
        Level of the edges above it; None where nothing stands out of the noise.
    """
    if values.flatten_scale is None:
        prior = np.full(smoothed.shape, median(smoothed.ravel()), np.float32)
    else:
        prior = fit_polynomial(smoothed)
    noise_of_gradient = noise.of_gradient(values.edge_smoothing)
    # The gradients of the background are far below those of the particles.
    weights = edge_weights(smoothed - prior, noise_of_gradient)
    total = float(weights.sum(dtype=np.float64))
    if total <= 0:
        return prior, None
    background = prior
    flat = smoothed - background
    level = float((weights * flat).sum(dtype=np.float64)) / total
    for _ in range(2):
        foreground = flat > level
        if foreground.all() or not foreground.any():
            return background, None
        offset = np.float32(median(flat[~foreground]))
        background = background + offset
        if values.flatten_scale is not None:
            reach = 1 + round(values.edge_smoothing)
            around = dilated(foreground, reach)
            if around.mean() > 0.9:
                around = foreground
            background = smooth_background(smoothed, around, values.flatten_scale, background)
        flat = smoothed - background
        found = edge_level(flat, weights)
        if found is None or not (flat > found).any():
            return background, None
        level = found
    # Inner edges of particles (diffraction contrast) would lift the level above the outline.
    return background, min(level, 0.5 * median(flat[flat > level]))


def segment_frame(frame: np.ndarray, values: SegmentationValues, job: Job = Job()) -> np.ndarray:
    """Label the particles of one frame.

    Parameters
    ----------
    frame : (y, x) array
        Counts.
    values : SegmentationValues
        What holds for the whole movie.
    job : Job
        Asked between steps whether to stop; a large frame takes seconds.

    Returns
    -------
    (y, x) int32 array
        Labels 1..n; all 0 where nothing stands out of the noise.
    """
    frame = np.nan_to_num(np.asarray(frame, np.float32))
    if frame.min() == frame.max():
        return np.zeros(frame.shape, np.int32)
    fine_noise = estimate_noise(frame)
    noise = replace(fine_noise, density=fine_noise.density * values.noise_excess)
    if not values.bright:
        frame = -frame
    smoothed = smooth(frame, values.smoothing)
    edges = _further_smoothed(smoothed, values)
    job.check()
    background, level = background_of(edges, values, noise)
    if level is None and values.diameter > 40 * values.edge_smoothing:
        # The outlines of large round particles are gentle, pixel by pixel.
        values = replace(values, edge_smoothing=values.diameter / 40)
        edges = _further_smoothed(smoothed, values)
        background, level = background_of(edges, values, noise)
    flat = smoothed - background
    if values.threshold != "edges":
        level = global_threshold(flat, values.threshold)
    if level is None:
        return np.zeros(frame.shape, np.int32)
    sd, slope = noise.after_smoothing(values.smoothing), noise.of_gradient(values.smoothing)
    measured = measure_background(flat, level, values.smoothing)
    if measured is not None:
        # What is seen goes before what the noise predicts, but is no less than fine noise.
        sd = max(measured[0], fine_noise.after_smoothing(values.smoothing))
        slope = max(measured[1], fine_noise.of_gradient(values.smoothing))
    threshold: np.ndarray | float = level
    if values.threshold == "edges":
        edges = edges - background
        weights = edge_weights(edges, noise.of_gradient(values.edge_smoothing))
        threshold = local_edge_levels(edges, weights, level, max(values.diameter, 4.0))
        # On a round outline, blur moves the half-way level outwards: the outline itself then
        # lies at 1/2 - s / (sqrt(2 pi) diameter).
        bend = 0.8 / values.diameter
        threshold *= (1 - bend * values.smoothing) / (1 - bend * values.edge_smoothing)
    excess = flat - np.maximum(threshold / values.sensitivity, 3.0 * sd)
    job.check()
    labels = label_particles(excess.astype(np.float32, copy=False), values, job)
    job.check()
    return select(labels, flat, slope, sd, values)


def _further_smoothed(smoothed: np.ndarray, values: SegmentationValues) -> np.ndarray:
    further = values.edge_smoothing**2 - values.smoothing**2
    return smooth(smoothed, math.sqrt(max(further, 0)))


def measure_background(
    flat: np.ndarray, level: float, smoothing: float
) -> tuple[float, float] | None:
    """Return the deviation of the background and of its gradient's components.

    None between crowded particles, where nothing is background alone.
    """
    if np.count_nonzero(flat > level) > 0.15 * flat.size:
        return None
    # Away from particles, whose blurred rims and fringes are no noise.
    background = eroded(flat < 0.5 * level, 2 + round(2 * smoothing))
    if np.count_nonzero(background) < max(0.05 * background.size, 200):
        return None
    step = max(1, min(flat.shape) // 512) ** 2
    # Below the background's level no particle weighs in.
    below = flat[(flat < 0) & background][::step]
    if below.size < 100:
        return None
    slopes = squared_gradient(flat)[background][::step]
    spread = 1.4826 * median(-below)
    return spread, math.sqrt(median(slopes) / (2 * math.log(2)))


def label_particles(excess: np.ndarray, values: SegmentationValues, job: Job = Job()) -> np.ndarray:
    """Label what exceeds its threshold, holes filled and touching particles split.

    Small particles are split on a grid twice as fine, because the necks between them are
    about a pixel wide.
    """
    fine = values.diameter < _FINE_GRID_BELOW and values.split_strength > 0
    factor = 2 if fine else 1
    if fine:
        shape = tuple(2 * size for size in excess.shape)
        excess = enlarge(excess, shape, 2)
    mask = excess > 0
    if values.fill_holes:
        mask = fill_small_holes(mask, values.diameter * factor)
    detail = max(1.0, values.diameter * factor / 20)
    labels = split_touching(mask, strength=values.split_strength, smoothing=detail, job=job)
    if fine:
        height, width = (size // 2 for size in labels.shape)
        blocks = labels.reshape(height, 2, width, 2)
        filled = np.count_nonzero(blocks, axis=(1, 3)) >= 2
        labels = np.where(filled, blocks.max(axis=(1, 3)), 0)
    return labels


def fill_small_holes(mask: np.ndarray, diameter: float) -> np.ndarray:
    """Fill holes; one wider than three particles is background enclosed by them."""
    holes, count = ndimage.label(filled(mask) & ~mask)
    if count == 0:
        return mask
    areas = np.bincount(holes.ravel())
    small = areas <= 0.25 * math.pi * diameter**2
    small[0] = False
    return mask | small[holes]


def select(
    labels: np.ndarray,
    flat: np.ndarray,
    noise_of_gradient: float,
    sd: float,
    values: SegmentationValues,
) -> np.ndarray:
    """Keep the particles that are large, strong and sharp enough, numbered 1..n."""
    count = int(labels.max(initial=0))
    if count == 0:
        return labels.astype(np.int32)
    inside = np.flatnonzero(labels)
    owner = labels.ravel()[inside]
    area = np.bincount(owner, minlength=count + 1)
    mean = np.bincount(owner, flat.ravel()[inside], count + 1) / np.maximum(area, 1)
    cell = 4 * math.pi * max(values.smoothing, 0.3) ** 2
    significance = mean / max(sd, 1e-12) * np.sqrt(np.maximum(area / cell, 1))
    keep = (area >= values.smallest_area) & (significance >= _SIGNIFICANT)
    keep &= mean >= values.smallest_contrast
    rim = rim_of(labels)
    rim_labels = labels[rim]
    length = np.maximum(np.bincount(rim_labels, minlength=count + 1), 1)

    def steepness(image: np.ndarray) -> np.ndarray:
        return np.bincount(rim_labels, squared_gradient(image)[rim], count + 1) / length

    # Where noise or slow illumination crosses the level, the slope is that of noise.
    steep = steepness(flat) >= _STEEP * 2 * noise_of_gradient**2
    if np.any(keep & ~steep):
        # The round outlines of large particles are gentle, pixel by pixel, but rise by the
        # particle's contrast within a small part of its width.
        wide = max(2 * values.edge_smoothing, values.diameter / 12)
        step = mean / (wide * math.sqrt(2 * math.pi))
        steep |= steepness(smooth(flat, wide)) >= (_GENTLE * step) ** 2
    keep &= steep
    if values.drop_edge:
        for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
            keep[side] = False
    keep[0] = False
    numbers = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return numbers[labels]
