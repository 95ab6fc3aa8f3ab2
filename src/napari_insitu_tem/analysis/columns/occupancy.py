"""Occupancy: whether a column stands at a site, in every frame, with its probability.

Every site is a hidden Markov model of two states, empty and full (Rabiner, Proc. IEEE 77, 257,
1989). Each state has a level, learnt from the site's own frames (Baum and Welch) with what is
usual in the movie as a prior; noise is pooled over sites. A site whose levels are explained as
well by one level that drifts slowly does not change. What sites do together is told from this by
`joint_course`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.columns.site_levels import known_medians

__all__ = ["Evidence", "Occupancy", "occupancy"]

_ROUNDS = 12
_CHANGE = 0.004
"""Prior probability that a site changes between two frames."""
_PRIOR = 3.0
"""Frames that the usual levels are worth against a site's own."""
_GAIN = 4.0
"""How much more likely (natural logarithm) two states must be than one that drifts."""
_STEP = 0.2
"""Smallest difference of levels that is a column, in usual columns."""
_SMALL = 0.5
"""What a column that never changes shows at least, in usual columns; short ones and light atoms."""
_DRIFT = 80.0
"""Frames over which a level that drifts is averaged."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What every frame says of every site.

    Parameters
    ----------
    levels : (t, s) array
        Response of the matched filter, contrast divided out; NaN where a frame says nothing.
    usual : (float, float)
        Levels of a site that is empty and one that is full.
    """

    levels: np.ndarray
    usual: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Occupancy:
    """Which sites are occupied when.

    Parameters
    ----------
    probability : (t, s) float32 array
        Of being occupied.
    changes : (s,) bool array
        Whether the site is sometimes full and sometimes empty.
    still : (s,) array
        Probability that it is occupied, if it never changes.
    empty, full : (s,) arrays
        Levels of both states; equal where the site never changes.
    noise : (s,) array
        Standard deviation of a frame's level.
    favour : (t, s) float32 array
        How much a frame by itself speaks for "full" against "empty", natural logarithm.
    """

    probability: np.ndarray
    changes: np.ndarray
    still: np.ndarray
    empty: np.ndarray
    full: np.ndarray
    noise: np.ndarray
    favour: np.ndarray

    def of(self, sites: np.ndarray) -> Occupancy:
        """Return what is known of some of the sites (indices or a mask)."""
        parts = {each.name: getattr(self, each.name)[..., sites] for each in fields(self)}
        return Occupancy(**parts)

    def with_still(self, still: np.ndarray) -> Occupancy:
        """Return it with other probabilities (s,) of the sites that never change."""
        chance = np.where(self.changes, self.probability, still).astype(np.float32)
        return replace(self, probability=chance, still=still)


def occupancy(evidence: Evidence) -> Occupancy:
    """Find which sites are occupied in which frame.

    Parameters
    ----------
    evidence : Evidence
        Levels, and what is usual.

    Returns
    -------
    Occupancy
        Probabilities. A stay of one or two frames cannot be told from noise at a low dose and
        is smoothed over.
    """
    levels = evidence.levels.astype(float)
    n_frames, n_sites = levels.shape
    if not n_sites or not n_frames:
        nothing = np.zeros(n_sites)
        never = np.zeros((n_frames, n_sites), np.float32)
        return Occupancy(never, nothing > 0, nothing, nothing, nothing, nothing + 1, never)
    noise = _noise(levels)
    usual_empty, usual_full = evidence.usual
    means = _first_levels(levels, noise, usual_full, usual_empty)
    prior = np.stack([np.full(n_sites, usual_empty), np.full(n_sites, usual_full)], axis=1)
    by_frame = _gaussian(levels, means, noise)
    for _ in range(_ROUNDS):
        means = _relearnt(levels, _course(by_frame)[0], means, prior)
        by_frame = _gaussian(levels, means, noise)
    posterior, likelihood = _course(by_frame)
    still, of_still = _without_change(levels, noise, prior * [1, _SMALL])
    step = (means[:, 1] - means[:, 0]) / max(usual_full - usual_empty, 1e-12)
    changes = (likelihood - still > _GAIN) & (step > _STEP)
    changes &= (posterior.max(0) > 0.9) & (posterior.min(0) < 0.1)
    chance = np.where(changes[np.newaxis], posterior, of_still)
    known = np.isfinite(levels)
    mean = np.where(known, levels, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    empty = np.where(changes, means[:, 0], mean)
    full = np.where(changes, means[:, 1], mean)
    favour = (by_frame[..., 1] - by_frame[..., 0]).astype(np.float32)
    return Occupancy(chance.astype(np.float32), changes, of_still, empty, full, noise, favour)


def _noise(levels: np.ndarray) -> np.ndarray:
    """Return the noise (s,) of the levels: half a site's own, half that of all."""
    steps = np.abs(np.diff(levels, axis=0)) if len(levels) > 2 else np.abs(levels[:1]) * 0.2
    own = 1.4826 * known_medians(steps) / 2**0.5
    pooled = float(np.nanmedian(own)) if np.isfinite(own).any() else 1.0
    own = np.where(np.isfinite(own), own, pooled)
    return np.maximum(np.sqrt((own**2 + pooled**2) / 2), 1e-9)


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


def _course(log_likelihood: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability (t, s) of being full, and the log likelihood (s,) of the frames."""
    n_frames, n_sites, _ = log_likelihood.shape
    top = log_likelihood.max(-1, keepdims=True)
    chance = np.exp(log_likelihood - top)
    forward = np.empty_like(chance)
    total = top[..., 0].sum(0)
    here = np.full((n_sites, 2), 0.5)
    for t in range(n_frames):
        here = _mixed(here) * chance[t]
        size = here.sum(1, keepdims=True)
        forward[t] = here = here / size
        total = total + np.log(size[:, 0])
    later = np.ones((n_sites, 2))
    for t in range(n_frames - 1, -1, -1):
        both = forward[t] * later
        forward[t] = both / both.sum(1, keepdims=True)
        later = _mixed(later * chance[t])
        later = later / later.sum(1, keepdims=True)
    return forward[..., 1], total


def _mixed(states: np.ndarray) -> np.ndarray:
    """Return weights (s, 2) of both states after a frame in which sites may have changed."""
    return states * (1 - _CHANGE) + states[:, ::-1] * _CHANGE


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
    levels: np.ndarray, noise: np.ndarray, prior: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the log likelihood (s,) of a slowly drifting level, and which state it is."""
    known = np.isfinite(levels)
    values, weight = np.where(known, levels, 0), known.astype(float)
    width = min(_DRIFT, len(levels))
    smooth = ndimage.gaussian_filter1d(values, width, axis=0, mode="nearest") / np.maximum(
        ndimage.gaussian_filter1d(weight, width, axis=0, mode="nearest"), 1e-6
    )
    off = np.where(known, np.abs(levels - smooth) / noise, 0)
    drifting = np.sum(-0.5 * np.minimum(off, 4.0) * off, axis=0)
    by_state = _gaussian(levels, prior, noise).sum(0)  # (s, 2)
    chance = 1 / (1 + np.exp(np.clip(by_state[:, 0] - by_state[:, 1], -50, 50)))
    return drifting, chance
