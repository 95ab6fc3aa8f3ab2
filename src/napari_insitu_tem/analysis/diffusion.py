r"""Diffusion coefficients and anomalous exponents with error bars.

A recorded Brownian walk has steps Δ with :math:`\langle\Delta_i^2\rangle = 2D + 2s` and
:math:`\langle\Delta_i\Delta_{i+1}\rangle = -s` per coordinate and frame, where
:math:`s = \sigma^2 - 2RD` holds the localisation error σ and the motion blur R (1/6 for an
exposure as long as the frame). Its mean-squared displacement is :math:`2d(Dn + s)`, so a line
through the origin, or through the first two points of a log-log plot, is wrong.

Two estimators that are right: the covariance-based one of Vestergaard, Blainey and Flyvbjerg,
Phys. Rev. E 89, 022726 (2014), and a least-squares fit of the mean-squared displacement that
knows how its points scatter together (Michalet, Phys. Rev. E 82, 041914 (2010)). D does not
depend on R in either; σ does.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.dynamics import SquaredDisplacements, Walks, log_spaced_lags

__all__ = ["Diffusion", "covariance_estimate", "displacement_covariance", "least_squares_estimate"]


@dataclass(frozen=True, eq=False)
class Diffusion:
    """Diffusion of every track, in squared coordinates per frame.

    Parameters
    ----------
    coefficient, error : (n,) array
        D and its standard error. D may come out slightly negative for a particle that does
        not move: only so is a mean over particles unbiased.
    noise_variance : (n,) array
        σ², the squared localisation error of one coordinate; may come out negative, too.
    steps : (n,) array
        Steps between neighbouring frames that went into it.
    """

    coefficient: np.ndarray
    error: np.ndarray
    noise_variance: np.ndarray
    steps: np.ndarray

    @property
    def noise(self) -> np.ndarray:
        """Localisation error σ of one coordinate; 0 where its square came out negative."""
        return np.sqrt(np.maximum(self.noise_variance, 0.0))

    @classmethod
    def concatenate(cls, parts: Sequence[Diffusion]) -> Diffusion:
        """Join those of different tracks."""
        names = (field.name for field in dataclasses.fields(cls))
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def select(self, chosen: np.ndarray | slice) -> Diffusion:
        """Return only some tracks."""
        names = (field.name for field in dataclasses.fields(self))
        return Diffusion(*(getattr(self, name)[chosen] for name in names))

    def scaled(self, factor: float) -> Diffusion:
        """Return it with every square multiplied."""
        return Diffusion(
            self.coefficient * factor,
            self.error * factor,
            self.noise_variance * factor,
            self.steps,
        )

    def ensemble(self) -> tuple[float, float]:
        """Return the mean D, weighted by steps, and its standard error.

        The error is that between the tracks, so it also holds how different they are; for a
        single track it is that track's own.
        """
        usable = np.isfinite(self.coefficient) & (self.steps > 0)
        if not usable.any():
            return float("nan"), float("nan")
        value, weight = self.coefficient[usable], self.steps[usable] / self.steps[usable].sum()
        mean = float(np.sum(weight * value))
        if len(value) == 1:
            return mean, float(self.error[usable][0])
        n = len(value)
        return mean, float(np.sqrt(np.sum((weight * (value - mean)) ** 2) * n / (n - 1)))

    def ensemble_noise(self) -> float:
        """Return σ from the mean σ² of all tracks, weighted by steps."""
        usable = np.isfinite(self.noise_variance) & (self.steps > 0)
        if not usable.any():
            return float("nan")
        mean = np.average(self.noise_variance[usable], weights=self.steps[usable])
        return float(np.sqrt(max(mean, 0.0)))


def covariance_estimate(walks: Walks, *, exposure: float = 1.0, min_steps: int = 4) -> Diffusion:
    """Estimate D from the covariance of neighbouring steps.

    Equations 14–17 of Vestergaard et al. 2014, for every coordinate, then averaged:
    D = ⟨Δᵢ²⟩/2 + ⟨ΔᵢΔᵢ₊₁⟩. Only steps between neighbouring frames count, so gaps do no harm.

    Parameters
    ----------
    walks : Walks
        Positions or angles.
    exposure : float
        Share of the frame time during which the camera collects (0: snapshots).
    min_steps : int
        Tracks with fewer steps get NaN.
    """
    ways, is_step = walks.steps()
    track, n, d = walks.index[1:], len(walks.tracks), walks.dimensions
    squares = np.bincount(track[is_step], (ways[is_step] ** 2).sum(axis=1), minlength=n) / d
    steps = np.bincount(track[is_step], minlength=n)
    twice = is_step[1:] & is_step[:-1]
    product = (ways[1:][twice] * ways[:-1][twice]).sum(axis=1)
    products = np.bincount(track[1:][twice], product, minlength=n) / d
    neighbours = np.bincount(track[1:][twice], minlength=n)

    usable = (steps >= min_steps) & (neighbours > 0)
    square = _mean(squares, steps, usable)
    s = -_mean(products, neighbours, usable)
    coefficient = square / 2 - s
    count = np.where(usable, steps, np.nan)
    # 4D² + 2(D + s)² is their 6 + 4ε + 2ε², times D²: it stays right when D is near zero.
    variance = (4 * coefficient**2 + 2 * (coefficient + s) ** 2) / count
    variance = variance + 4 * (coefficient + s) ** 2 / count**2
    return Diffusion(
        coefficient,
        np.sqrt(variance / d),
        s + exposure / 3 * coefficient,
        np.where(usable, steps, 0),
    )


def least_squares_estimate(walks: Walks, *, exposure: float = 1.0, min_steps: int = 4) -> Diffusion:
    """Estimate D by a straight line through each track's mean-squared displacement.

    The points of one track scatter together and the more the larger the lag; the fit weighs
    them by the inverse of that covariance (`displacement_covariance`), found in three rounds.
    Better than `covariance_estimate` for slow particles, whose steps drown in the
    localisation error; more sensitive to drift that was left, as it looks at longer lags.
    """
    start = covariance_estimate(walks, exposure=exposure, min_steps=min_steps)
    longest = int(walks.lengths.max(initial=0))
    displacements = SquaredDisplacements.of(walks, log_spaced_lags(max(longest // 4, 3)))
    mean, d = displacements.mean / walks.dimensions, walks.dimensions
    coefficient, s = (
        start.coefficient.copy(),
        start.noise_variance - exposure / 3 * start.coefficient,
    )
    error = start.error.copy()
    for i in np.flatnonzero(np.isfinite(coefficient)):
        length = int(walks.lengths[i])
        usable = (displacements.pairs[i] > 0) & (displacements.lags <= max(length // 4, 3))
        lags = displacements.lags[usable]
        if len(lags) < 3:
            continue
        design = 2 * np.stack([lags, np.ones(len(lags))], axis=1)
        thinned = thinning(length, lags, displacements.pairs[i, usable])
        for _ in range(3):
            scatter = displacement_covariance(length, lags, coefficient[i], s[i]) * thinned
            weighted = np.linalg.solve(scatter, design)
            normal = np.linalg.inv(design.T @ weighted)
            coefficient[i], s[i] = normal @ (weighted.T @ mean[i, usable])
        error[i] = np.sqrt(normal[0, 0] / d)
    return Diffusion(coefficient, error, s + exposure / 3 * coefficient, start.steps)


def displacement_covariance(
    length: int, lags: np.ndarray, coefficient: float, s: float
) -> np.ndarray:
    """Return how the points of one track's mean-squared displacement scatter together.

    Parameters
    ----------
    length : int
        Positions in the track.
    lags : (l,) array
        Lags in frames, below `length`.
    coefficient, s : float
        D and s of the walk, see the module; brought to values that a walk can have.

    Returns
    -------
    (l, l) array
        Covariance for one coordinate: for Gaussian steps twice the mean squared covariance
        of the displacements that go into the two points (Isserlis), which is a quadratic
        form in D and s (Michalet 2010, appendix B, written out for any pair of lags).
    """
    scale = abs(coefficient) + abs(s)
    if scale == 0:
        return np.eye(len(lags))
    diffusion = max(coefficient, 1e-3 * scale)
    noise = max(s, -diffusion / 3)
    moving, mixed, still = _covariance_forms(int(length), tuple(int(lag) for lag in lags))
    scatter = diffusion**2 * moving + diffusion * noise * mixed + noise**2 * still
    return scatter + 1e-9 * np.diag(np.diag(scatter))


@functools.lru_cache(maxsize=512)
def _covariance_forms(
    length: int, lags: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    forms = np.zeros((3, len(lags), len(lags)))
    for a, n in enumerate(lags):
        for b, m in enumerate(lags[: a + 1]):
            # A displacement from i over n frames and one from i + shift over m frames.
            shift = np.arange(-m, n + 1)
            pairs_n, pairs_m = length - n, length - m
            both = np.minimum(pairs_n, pairs_m - shift) - np.maximum(0, -shift)
            weight = 2 * np.maximum(both, 0) / (pairs_n * pairs_m)
            overlap = 2.0 * np.maximum(np.minimum(n, shift + m) - np.maximum(0, shift), 0)
            ends = 1.0 * (shift + m == n) + (shift == 0)
            ends -= 1.0 * (shift == n) + (shift == -m)
            for form, term in zip(forms, (overlap**2, 2 * overlap * ends, ends**2), strict=True):
                form[a, b] = form[b, a] = np.sum(weight * term)
    return forms[0], forms[1], forms[2]


def thinning(length: int, lags: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Widen the scatter of a track with gaps by the pairs that it lacks."""
    factor = np.maximum(np.sqrt(np.maximum(length - lags, 1) / pairs), 1.0)
    return np.outer(factor, factor)


def _mean(total: np.ndarray, count: np.ndarray, usable: np.ndarray) -> np.ndarray:
    return np.divide(total, count, out=np.full(len(total), np.nan), where=usable & (count > 0))
