"""How tracked particles move and turn: diffusion, exponents and the curves behind them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_insitu_tem.analysis.anomalous import PowerLaw, ensemble_power_law, track_exponents
from napari_insitu_tem.analysis.diffusion import (
    Diffusion,
    covariance_estimate,
    least_squares_estimate,
)
from napari_insitu_tem.analysis.dynamics import (
    SquaredDisplacements,
    Walks,
    common_drift,
    log_spaced_lags,
    without_drift,
)
from napari_insitu_tem.job import Job

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Motion", "dynamics"]

_CHUNK = 100
#: Tracks whose exponents are fitted between two reports: a few ms.
_FITS = 20
_DENSE_LAGS = 30
_ESTIMATORS = {"covariance": covariance_estimate, "least_squares": least_squares_estimate}


@dataclass(frozen=True, eq=False)
class Motion:
    """What `dynamics` finds: columns of the track table by name, and curves."""

    walks: Walks
    columns: dict[str, np.ndarray]
    curves: dict[str, pd.DataFrame]


def dynamics(
    particles: pd.DataFrame,
    n_frames: int,
    *,
    estimator: Literal["least_squares", "covariance"],
    exposure: float,
    min_steps: int,
    longest_lag: int | None,
    remove_drift: bool,
    job: Job,
) -> Motion:
    """Measure how the particles move and turn."""
    import pandas as pd

    walks, lost = Walks.from_table(particles), 0.0
    if remove_drift and len(walks.index):
        drift, lost = common_drift(walks, n_frames)
        walks = without_drift(walks, drift)
    span = int(np.ptp(walks.frame)) if len(walks.frame) else 0
    longest = longest_lag or max(span // 4, min(span, 4), 1)
    estimate = functools.partial(_ESTIMATORS[estimator], exposure=exposure, min_steps=min_steps)
    moving = _Brownian.of(walks, estimate, longest, lost, exposure, job)
    columns = {
        "diffusion": moving.diffusion.coefficient,
        "diffusion_error": moving.diffusion.error,
        "localisation_noise": moving.diffusion.noise,
        "exponent": moving.exponents[0],
        "exponent_error": moving.exponents[1],
    }
    ensemble: dict[str, float] = {"tracks": int(np.isfinite(moving.diffusion.coefficient).sum())}
    ensemble |= moving.summary("diffusion", "localisation_noise")
    ensemble |= {"exponent": moving.law.exponent, "exponent_error": moving.law.exponent_error}
    squared = moving.displacements.at(log_spaced_lags(longest))
    filled = squared.pairs > 0
    track, lag = np.nonzero(filled)
    curves = {
        "msd": moving.curve("msd"),
        "track_msd": pd.DataFrame(
            {
                "track": squared.tracks[track],
                "lag": squared.lags[lag],
                "msd": squared.mean[filled],
                "pairs": squared.pairs[filled].astype(int),
            }
        ),
    }
    if "orientation" in particles and particles["orientation"].notna().any():
        turns = Walks.from_table(particles, ["orientation"])
        turning = _Brownian.of(turns, estimate, longest, 0.0, exposure, job)
        curves["msad"] = turning.curve("msad")
        columns |= {
            "rotational_diffusion": turning.diffusion.coefficient,
            "rotational_diffusion_error": turning.diffusion.error,
            "angular_noise": turning.diffusion.noise,
        }
        ensemble |= turning.summary("rotational_diffusion", "angular_noise")
    curves["ensemble"] = pd.DataFrame([ensemble])
    return Motion(walks, columns, curves)


@dataclass(frozen=True, eq=False)
class _Brownian:
    """Diffusion and mean-squared displacement of one set of coordinates."""

    displacements: SquaredDisplacements
    diffusion: Diffusion
    law: PowerLaw
    line: PowerLaw
    exponents: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(
        cls,
        walks: Walks,
        estimate: Callable[[Walks], Diffusion],
        longest: int,
        lost: float,
        exposure: float,
        job: Job,
    ) -> _Brownian:
        lags = np.union1d(np.arange(1, min(longest, _DENSE_LAGS) + 1), log_spaced_lags(longest))
        squared, found = [], []
        total = -(-len(walks.tracks) // _CHUNK)
        for chunk in job.track(walks.chunks(_CHUNK), "Measuring motion", total):
            squared.append(SquaredDisplacements.of(chunk, lags))
            found.append(estimate(chunk))
        if not found:
            squared = [SquaredDisplacements.of(walks, lags)]
            found = [estimate(walks)]
        kept = 1.0 - lost
        displacements = SquaredDisplacements.concatenate(squared).scaled(1 / kept)
        diffusion = Diffusion.concatenate(found).scaled(1 / kept)
        law = ensemble_power_law(displacements, diffusion, exposure=exposure)
        line = law
        if not np.isfinite(law.exponent):  # too short for an exponent: the line of D itself
            mean, noise = diffusion.ensemble()[0], diffusion.ensemble_noise()
            unknown = float("nan")
            line = PowerLaw(mean, 1.0, unknown, noise**2 - exposure / 3 * mean, unknown)
        exponents = [np.zeros((2, 0))]
        starts = range(0, len(walks.tracks), _FITS)
        for start in job.track(starts, "Measuring exponents", len(starts)):
            part = slice(start, start + _FITS)
            chosen = displacements.select(part), diffusion.select(part)
            exponents.append(np.stack(track_exponents(*chosen, law, exposure=exposure)))
        exponent, error = np.concatenate(exponents, axis=1)
        return cls(displacements, diffusion, law, line, (exponent, error))

    def curve(self, name: str) -> pd.DataFrame:
        """Return lag, mean-squared displacement with error, the fit, tracks and pairs."""
        import pandas as pd

        mean, error = self.displacements.ensemble()
        pairs = self.displacements.pairs
        table = pd.DataFrame(
            {
                "lag": self.displacements.lags,
                name: mean,
                f"{name}_error": error,
                f"{name}_fit": self.line(self.displacements.lags, self.displacements.dimensions),
                "tracks": (pairs > 0).sum(axis=0),
                "pairs": pairs.sum(axis=0).astype(int),
            }
        )
        return table[table["pairs"] > 0].reset_index(drop=True)

    def summary(self, name: str, noise: str) -> dict[str, float]:
        """Return the quantities of all tracks together, by column name."""
        value, error = self.diffusion.ensemble()
        return {name: value, f"{name}_error": error, noise: self.diffusion.ensemble_noise()}
