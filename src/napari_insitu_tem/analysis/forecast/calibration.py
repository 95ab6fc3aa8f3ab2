"""Whether a forecast knows how far it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEVELS", "coverage_table", "rank_correlation", "spread_factors"]

#: Nominal intervals that are looked at.
LEVELS = (0.5, 0.68, 0.8, 0.9, 0.95)
#: The interval that spreads are scaled to hold.
_CALIBRATED = 0.9
#: Pixels that ranks are taken of; more say no more.
_ENOUGH = 400_000


def spread_factors(errors: np.ndarray, spreads: np.ndarray) -> np.ndarray:
    """Return by how much spreads must be multiplied so that 90 % intervals hold 90 %.

    One number a step; conformal calibration (Vovk et al.; Angelopoulos and Bates, 2021) with
    the scaled error as its score. To be found on clips that are not tested on.

    Parameters
    ----------
    errors, spreads : (clips, steps, y, x) arrays
        Of what came against what was foreseen; standard deviations.

    Returns
    -------
    (steps,) array
        1 where there are no clips.
    """
    if not len(errors):
        return np.ones(errors.shape[1])
    score = np.abs(errors) / np.maximum(spreads, 1e-12)
    held = np.quantile(score, _CALIBRATED, axis=(0, 2, 3))
    return np.asarray(held) / _deviations(_CALIBRATED)


def coverage_table(
    errors: np.ndarray, spreads: np.ndarray, *, levels: Sequence[float] = LEVELS
) -> pd.DataFrame:
    """Return which part of the pixels lies in intervals that should hold a nominal part.

    Parameters
    ----------
    errors, spreads : (clips, steps, y, x) arrays
        As for `spread_factors`; intervals are those of a Gaussian.
    levels : sequence of float
        Nominal parts.

    Returns
    -------
    pandas.DataFrame
        One row a step (0: all together) and level: ``nominal``, ``covered``.
    """
    import pandas as pd

    score = np.abs(errors) / np.maximum(spreads, 1e-12)
    rows = []
    for level in levels:
        inside = score <= _deviations(level)
        parts = [inside.mean(), *inside.mean(axis=(0, 2, 3))]
        rows += [
            {"step": step, "nominal": level, "covered": float(part)}
            for step, part in enumerate(parts)
        ]
    return pd.DataFrame(rows)


def rank_correlation(errors: np.ndarray, spreads: np.ndarray) -> dict[str, float]:
    """Return how error and spread agree, by Spearman's rank correlation.

    A single error is one draw of what the spread describes: even of a perfect spread, errors
    of single pixels correlate little with it where it varies little. The map of errors over
    all clips does not have this limit.

    Parameters
    ----------
    errors, spreads : (clips, steps, y, x) arrays
        As for `spread_factors`.

    Returns
    -------
    dict
        ``pixels``: of single errors; ``attainable``: what it would be, were the spread exact
        (errors drawn from it); ``maps``: of root-mean-square error and spread over the clips,
        pixel by pixel, mean over the steps.
    """
    from scipy.stats import spearmanr

    size, spread = np.abs(errors).ravel(), np.asarray(spreads).ravel()
    every = max(1, size.size // _ENOUGH)
    size, spread = size[::every], spread[::every]
    drawn = np.abs(np.random.default_rng(0).normal(size=spread.shape)) * spread
    flat = np.ptp(spread) <= 0
    maps = []
    for step in range(errors.shape[1]):
        rms, expected = (
            np.sqrt(np.mean(np.asarray(each[:, step], float) ** 2, axis=0)).ravel()
            for each in (errors, spreads)
        )
        maps.append(0.0 if np.ptp(expected) <= 0 else float(spearmanr(rms, expected).statistic))
    return {
        "pixels": 0.0 if flat else float(spearmanr(size, spread).statistic),
        "attainable": 0.0 if flat else float(spearmanr(drawn, spread).statistic),
        "maps": float(np.mean(maps)),
    }


def _deviations(level: float) -> float:
    """Return how many standard deviations hold a part of a Gaussian."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))
