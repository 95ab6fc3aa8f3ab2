"""Occupancy: whether a column stands at a site, in every frame, with its probability.

Every site is a hidden Markov model of two states, empty and full (Rabiner, Proc. IEEE 77, 257,
1989). Each state has a level, learnt from the site's own frames (Baum and Welch) with what is
usual in the movie as a prior; noise is pooled over sites. A site whose levels are explained as
well by one level that drifts slowly does not change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

__all__ = ["Evidence", "Occupancy", "occupancy"]

_ROUNDS = 12
_CHANGE = 0.004
"""Prior probability that a site changes between two frames."""
_PRIOR = 3.0
"""Frames that the usual levels are worth against a site's own."""
_GAIN = 10.0
"""How much more likely (natural logarithm) two states must be than one that drifts."""
_STEP = 0.4
"""Smallest difference of levels that is a column, in usual columns."""
_DETECTION = 0.35
"""Weight of a detection beside the level, with which it shares its noise."""
_DRIFT = 40.0
"""Frames over which a level that drifts is averaged."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What every frame says of every site.

    Parameters
    ----------
    levels : (t, s) array
        Response of the matched filter, contrast divided out; NaN where a frame says nothing.
    detected : (t, s) bool array
        Whether a column was found there.
    """

    levels: np.ndarray
    detected: np.ndarray


@dataclass(frozen=True, eq=False)
class Occupancy:
    """Which sites are occupied when.

    Parameters
    ----------
    probability : (t, s) float32 array
        Of being occupied.
    changes : (s,) bool array
        Whether the site is sometimes full and sometimes empty.
    empty, full : (s,) arrays
        Levels of both states; equal where the site never changes.
    noise : (s,) array
        Standard deviation of a frame's level.
    favour : (t, s) float32 array
        How much a frame by itself speaks for "full" against "empty", natural logarithm.
    """

    probability: np.ndarray
    changes: np.ndarray
    empty: np.ndarray
    full: np.ndarray
    noise: np.ndarray
    favour: np.ndarray


def occupancy(evidence: Evidence) -> Occupancy:
    """Find which sites are occupied in which frame.

    Parameters
    ----------
    evidence : Evidence
        Levels and detections.

    Returns
    -------
    Occupancy
        Probabilities. A stay of one or two frames cannot be told from noise at a low dose and
        is smoothed over.
    """
    levels, detected = evidence.levels.astype(float), evidence.detected
    n_frames, n_sites = levels.shape
    if not n_sites or not n_frames:
        nothing = np.zeros(n_sites)
        never = np.zeros((n_frames, n_sites), np.float32)
        return Occupancy(never, nothing > 0, nothing, nothing, nothing + 1, never)
    noise = _noise(levels)
    usual_full, usual_empty = _usual(levels, detected)
    rates = _rates(levels, detected, usual_full, usual_empty)
    words = _DETECTION * np.where(
        detected[..., None], np.log(rates), np.log1p(-rates)
    )  # (t, s, 2): empty, full
    means = _first_levels(levels, noise, usual_full, usual_empty)
    prior = np.stack([np.full(n_sites, usual_empty), np.full(n_sites, usual_full)], axis=1)
    for _ in range(_ROUNDS):
        posterior, _ = _forward_backward(_gaussian(levels, means, noise) + words)
        means = _relearnt(levels, posterior, means, prior)
    by_frame = _gaussian(levels, means, noise) + words
    posterior, likelihood = _forward_backward(by_frame)
    still, of_still = _without_change(levels, detected, noise, words)
    step = (means[:, 1] - means[:, 0]) / max(usual_full - usual_empty, 1e-12)
    changes = (likelihood - still > _GAIN) & (step > _STEP)
    changes &= (posterior.max(0) > 0.9) & (posterior.min(0) < 0.1)
    chance = np.where(changes[np.newaxis], posterior, of_still)
    mean = np.nanmean(np.where(np.isfinite(levels), levels, np.nan), axis=0)
    empty = np.where(changes, means[:, 0], mean)
    full = np.where(changes, means[:, 1], mean)
    favour = (by_frame[..., 1] - by_frame[..., 0]).astype(np.float32)
    return Occupancy(chance.astype(np.float32), changes, empty, full, noise, favour)


def _noise(levels: np.ndarray) -> np.ndarray:
    """Return the noise (s,) of the levels: half a site's own, half that of all."""
    steps = np.abs(np.diff(levels, axis=0)) if len(levels) > 2 else np.abs(levels[:1]) * 0.2
    with np.errstate(all="ignore"):
        own = 1.4826 * np.nanmedian(steps, axis=0) / 2**0.5
    pooled = float(np.nanmedian(own)) if np.isfinite(own).any() else 1.0
    own = np.where(np.isfinite(own), own, pooled)
    return np.maximum(np.sqrt((own**2 + pooled**2) / 2), 1e-9)


def _usual(levels: np.ndarray, detected: np.ndarray) -> tuple[float, float]:
    """Return the usual levels of a column and of an empty site."""
    often = detected.mean(0) > 0.5
    if not often.any():
        often = detected.mean(0) >= np.median(detected.mean(0))
    usual = np.nanmedian(levels[:, often], axis=0)
    full = float(np.nanmedian(usual)) if np.isfinite(usual).any() else 1.0
    return max(full, 1e-9), 0.0


def _rates(levels: np.ndarray, detected: np.ndarray, full: float, empty: float) -> np.ndarray:
    """Return how often a column is found where there is none, and where there is one."""
    half = (full + empty) / 2
    smooth = ndimage.uniform_filter1d(np.nan_to_num(levels), 5, axis=0, mode="nearest")
    sure, none = smooth > half, smooth < empty + 0.25 * (full - empty)
    found = detected[sure].mean() if sure.any() else 0.9
    wrongly = detected[none].mean() if np.count_nonzero(none) > 50 else 0.05
    found = float(np.clip(found, 0.3, 0.97))
    return np.array([np.clip(wrongly, 0.02, 0.5 * found), found])


def _first_levels(levels: np.ndarray, noise: np.ndarray, full: float, empty: float) -> np.ndarray:
    """Return first levels (s, 2): low and high ends of the levels smoothed over some frames."""
    smooth = ndimage.uniform_filter1d(
        np.where(np.isfinite(levels), levels, np.nanmedian(levels)), 5, axis=0, mode="nearest"
    )
    low, high = np.quantile(smooth, [0.05, 0.95], axis=0)
    middle = (low + high) / 2
    apart = high - low > 3 * noise
    low = np.where(apart, low, np.where(middle > (full + empty) / 2, empty, middle))
    high = np.where(apart, high, np.where(middle > (full + empty) / 2, middle, full))
    return np.stack([low, high], axis=1)


def _gaussian(levels: np.ndarray, means: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return the log likelihood (t, s, 2) of the levels, with tails heavier than Gaussian."""
    off = (levels[..., None] - means) / noise[:, None]
    off = np.where(np.isfinite(off), off, 0)
    return np.asarray(-0.5 * np.minimum(np.abs(off), 4.0) * np.abs(off))


def _forward_backward(log_likelihood: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of being full (t, s), and the log likelihood (s,) of each site."""
    n_frames, n_sites, _ = log_likelihood.shape
    top = log_likelihood.max(-1, keepdims=True)
    chance = np.exp(log_likelihood - top)
    forward = np.empty_like(chance)
    total = top[..., 0].sum(0)
    now = np.full((n_sites, 2), 0.5)
    for frame in range(n_frames):
        if frame:
            now = now * (1 - _CHANGE) + now[:, ::-1] * _CHANGE
        now = now * chance[frame]
        size = now.sum(1, keepdims=True)
        now = now / size
        total = total + np.log(size[:, 0])
        forward[frame] = now
    backward = np.ones((n_sites, 2))
    full = np.empty((n_frames, n_sites))
    for frame in range(n_frames - 1, -1, -1):
        both = forward[frame] * backward
        full[frame] = both[:, 1] / both.sum(1)
        backward = backward * chance[frame]
        backward = backward * (1 - _CHANGE) + backward[:, ::-1] * _CHANGE
        backward = backward / backward.sum(1, keepdims=True)
    return full, total


def _relearnt(
    levels: np.ndarray, posterior: np.ndarray, means: np.ndarray, prior: np.ndarray
) -> np.ndarray:
    """Return levels (s, 2) from the frames of each state, and what is usual."""
    known = np.isfinite(levels)
    values = np.where(known, levels, 0)
    new = means.copy()
    for state, weight in enumerate((1 - posterior, posterior)):
        weight = weight * known
        new[:, state] = (np.sum(weight * values, 0) + _PRIOR * prior[:, state]) / (
            weight.sum(0) + _PRIOR
        )
    return new


def _without_change(
    levels: np.ndarray, detected: np.ndarray, noise: np.ndarray, words: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the log likelihood (s,) of a slowly drifting level, and which state it is."""
    known = np.isfinite(levels)
    values, weight = np.where(known, levels, 0), known.astype(float)
    width = min(_DRIFT, len(levels) / 2)
    smooth = ndimage.gaussian_filter1d(values, width, axis=0, mode="nearest") / np.maximum(
        ndimage.gaussian_filter1d(weight, width, axis=0, mode="nearest"), 1e-6
    )
    off = np.where(known, np.abs(levels - smooth) / noise, 0)
    drifting = np.sum(-0.5 * np.minimum(off, 4.0) * off, axis=0)
    by_state = words.sum(0)  # (s, 2)
    best = by_state.max(1)
    # Detections decide what a site is that never changes.
    chance = 1 / (1 + np.exp(np.clip(by_state[:, 0] - by_state[:, 1], -50, 50)))
    return drifting + best, chance
