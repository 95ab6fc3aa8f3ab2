"""Rates: events per site and frame, with the exact interval of a Poisson count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["event_rates", "poisson_interval"]


def poisson_interval(count: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a Poisson mean (Garwood, Biometrika 28, 437, 1936).

    Parameters
    ----------
    count : int
        Events that were seen.
    confidence : float
        Probability that the interval holds the mean (at least).
    """
    tail = (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * count) / 2) if count else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * count + 2) / 2)


def event_rates(events: pd.DataFrame, surface: np.ndarray, n_frames: int) -> pd.DataFrame:
    """Return rates by kind of event, for all sites and for surface and bulk apart.

    Parameters
    ----------
    events : pandas.DataFrame
        With ``kind`` and ``surface`` (of the site that is taken or left; of a hop, either).
    surface : (s,) bool array
        Of every site.
    n_frames : int
        Frames of the movie; a change needs two.

    Returns
    -------
    pandas.DataFrame
        ``kind``, ``where``, ``sites``, ``events``, ``event_rate`` (per site and frame) with
        ``event_rate_low`` and ``event_rate_high``, 95 %.
    """
    import pandas as pd

    rows = []
    for kind in ("hop", "appear", "disappear"):
        of_kind = events[events["kind"] == kind]
        for where, sites, number in (
            ("all", len(surface), len(of_kind)),
            ("surface", int(surface.sum()), int(of_kind["surface"].sum())),
            ("bulk", int((~surface).sum()), int((~of_kind["surface"].astype(bool)).sum())),
        ):
            chances = sites * (n_frames - 1)
            if chances <= 0:
                continue
            low, high = poisson_interval(number)
            rates = [value / chances for value in (number, low, high)]
            rows.append((kind, where, sites, number, *rates))
    names = ["kind", "where", "sites", "events"]
    names += ["event_rate", "event_rate_low", "event_rate_high"]
    return pd.DataFrame(rows, columns=names)
