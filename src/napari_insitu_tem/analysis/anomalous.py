r"""Anomalous exponents, which tell free from confined and directed motion.

The mean-squared displacement of a recorded walk is :math:`2d(K n^\alpha + s)`: free diffusion
has α = 1, confinement and crowding less, flow and active motion more. The constant s comes
from localisation error and motion blur; a slope in a log-log plot that leaves it out finds
"subdiffusion" in every noisy recording (Martin, Forstner and Käs, Biophys. J. 83, 2109
(2002)). One short track cannot tell α from s, all tracks together can: s is found from the
ensemble and then kept for every track.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.diffusion import Diffusion, displacement_covariance, thinning
from napari_insitu_tem.analysis.dynamics import SquaredDisplacements, log_spaced_lags

__all__ = ["PowerLaw", "ensemble_power_law", "track_exponents"]

_ALPHA = (0.05, 2.5)
_GROUPS = 20


@dataclass(frozen=True)
class PowerLaw:
    """Mean-squared displacement 2d(K nᵅ + s), with n the lag in frames.

    Parameters
    ----------
    prefactor : float
        K, in squared coordinates; D where α = 1.
    exponent, exponent_error : float
        α and its standard error.
    offset, offset_error : float
        s and its standard error.
    """

    prefactor: float
    exponent: float
    exponent_error: float
    offset: float
    offset_error: float

    def __call__(self, lag: np.ndarray, dimensions: int) -> np.ndarray:
        """Return the mean-squared displacement at the lags."""
        return (
            2
            * dimensions
            * (self.prefactor * np.asarray(lag, float) ** self.exponent + self.offset)
        )


NOTHING = PowerLaw(*[float("nan")] * 5)


def ensemble_power_law(
    displacements: SquaredDisplacements, diffusion: Diffusion, *, exposure: float = 1.0
) -> PowerLaw:
    """Fit K, α and s to the mean-squared displacement of all tracks together.

    The points are weighed by the inverse of their covariance for free diffusion. Errors come
    from leaving out a twentieth of the tracks at a time (the jackknife), so they hold for any
    kind of motion; for a single track, from the covariance.
    """
    usable = np.flatnonzero(np.isfinite(diffusion.coefficient))
    if not len(usable):
        return NOTHING
    weights = diffusion.steps[usable]
    length = int(np.median(weights)) + 1
    chosen = displacements.select(usable).at(log_spaced_lags(length // 4))
    lags = chosen.lags
    coefficient = float(np.average(diffusion.coefficient[usable], weights=weights))
    s = diffusion.noise_variance[usable] - exposure / 3 * diffusion.coefficient[usable]
    scatter = displacement_covariance(
        length, lags, coefficient, float(np.average(s, weights=weights))
    )

    def fit(kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        total = chosen.total[kept].sum(axis=0)
        pairs = chosen.pairs[kept].sum(axis=0)
        if len(lags) < 4 or not pairs.all():
            return np.full(3, np.nan), np.full((3, 3), np.nan)
        return _fit(lags, total / pairs / chosen.dimensions, scatter, None)

    everything = np.ones(len(usable), bool)
    best, covariance = fit(everything)
    groups = min(len(usable), _GROUPS)
    if groups > 2:
        member = np.arange(len(usable)) % groups
        left = np.array([fit(member != group)[0] for group in range(groups)])
        spread = (groups - 1) / groups * ((left - left.mean(axis=0)) ** 2).sum(axis=0)
        errors = np.sqrt(spread)
    else:
        errors = np.sqrt(np.diag(covariance) / chosen.dimensions / len(usable))
    return PowerLaw(
        float(best[0]), float(best[1]), float(errors[1]), float(best[2]), float(errors[2])
    )


def track_exponents(
    displacements: SquaredDisplacements,
    diffusion: Diffusion,
    common: PowerLaw,
    *,
    exposure: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit K and α of every track, with the s of the ensemble.

    Returns
    -------
    exponent, error : (n,) array
        NaN for tracks that are too short (under 17 positions) or do not move. The error is
        that of free diffusion, plus what the error of s brings.
    """
    displacements = displacements.at(log_spaced_lags(int(displacements.lags.max(initial=1))))
    n, d = len(displacements.tracks), displacements.dimensions
    exponent, error = np.full(n, np.nan), np.full(n, np.nan)
    s = diffusion.noise_variance - exposure / 3 * diffusion.coefficient
    for i in np.flatnonzero(np.isfinite(diffusion.coefficient) & np.isfinite(common.offset)):
        length = int(diffusion.steps[i]) + 1
        usable = (displacements.pairs[i] > 0) & (displacements.lags <= length // 4)
        lags = displacements.lags[usable]
        if len(lags) < 4 or diffusion.coefficient[i] <= 0:
            continue
        pairs = displacements.pairs[i, usable]
        mean = displacements.total[i, usable] / pairs / d
        scatter = displacement_covariance(length, lags, diffusion.coefficient[i], s[i])
        scatter = scatter * thinning(length, lags, pairs)
        best, covariance = _fit(lags, mean, scatter, common.offset)
        if best[0] <= 0:
            continue
        moved, _ = _fit(lags, mean, scatter, common.offset + common.offset_error)
        exponent[i] = best[1]
        error[i] = np.sqrt(covariance[1, 1] / d + (moved[1] - best[1]) ** 2)
    return exponent, error


def _fit(
    lags: np.ndarray, mean: np.ndarray, scatter: np.ndarray, offset: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (K, α, s) and their covariance; s is kept when given.

    For a given α the model is linear in K and s, so only α is searched for.
    """
    from scipy.linalg import solve_triangular
    from scipy.optimize import minimize_scalar

    root = np.linalg.cholesky(scatter)
    target = mean if offset is None else mean - 2 * offset
    white_target = solve_triangular(root, target, lower=True)
    white_constant = solve_triangular(root, np.full(len(lags), 2.0), lower=True)
    log_lags = np.log(lags)
    inverse = solve_triangular(root, np.eye(len(lags)), lower=True)

    def linear(alpha: float) -> tuple[np.ndarray, np.ndarray]:
        power = inverse @ (2 * np.exp(alpha * log_lags))
        # By hand, because a call of lstsq costs more than all else in this search, and threads
        # that call it without pause let no other one work.
        if offset is not None:
            values = np.array([power @ white_target / (power @ power)])
            return values, values[0] * power - white_target
        # The part of the power law that a constant cannot make.
        constant = white_constant / np.sqrt(white_constant @ white_constant)
        rest = power - (constant @ power) * constant
        first = rest @ white_target / (rest @ rest)
        second = constant @ (white_target - first * power)
        values = np.array([first, second * constant[0] / white_constant[0]])
        return values, first * power + second * constant - white_target

    alpha = float(
        minimize_scalar(
            lambda trial: float(np.sum(linear(trial)[1] ** 2)),
            bounds=_ALPHA,
            method="bounded",
            options={"xatol": 1e-4},
        ).x
    )
    values, _ = linear(alpha)
    prefactor = float(values[0])
    s = float(values[1]) if offset is None else offset
    power = 2 * np.exp(alpha * log_lags)
    slopes = [inverse @ power, inverse @ (prefactor * power * log_lags)]
    if offset is None:
        slopes.append(white_constant)
    jacobian = np.stack(slopes, axis=1)
    covariance = np.full((3, 3), np.nan)
    try:
        found = np.linalg.inv(jacobian.T @ jacobian)
    except np.linalg.LinAlgError:
        return np.array([prefactor, np.nan, s]), covariance
    covariance[: len(found), : len(found)] = found
    return np.array([prefactor, alpha, s]), covariance
