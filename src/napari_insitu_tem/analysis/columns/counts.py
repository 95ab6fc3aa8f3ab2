"""Counts: how many columns there are in every frame, with a standard deviation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["count_columns"]


def count_columns(
    probability: np.ndarray, surface: np.ndarray, particle: np.ndarray
) -> pd.DataFrame:
    """Count the occupied sites of every frame and particle.

    The count is the expected number, the sum of the probabilities p, and its variance the sum
    of p (1 − p): what the movie leaves open about single sites. Errors that all sites share,
    such as a contrast that makes every column look empty, are not in it.

    Parameters
    ----------
    probability : (t, s) array
        Of being occupied.
    surface : (s,) bool array
        Whether the site lies at a surface.
    particle : (s,) int array
        The particle of every site; one table row each.

    Returns
    -------
    pandas.DataFrame
        ``frame``, ``particle``, ``columns``, ``columns_error``, and the same of the
        ``surface_`` and ``bulk_`` sites.
    """
    import pandas as pd

    tables = []
    for number in np.unique(particle):
        own = particle == number
        table = pd.DataFrame({"frame": np.arange(len(probability)), "particle": int(number)})
        for prefix, which in (
            ("", own),
            ("surface_", own & surface),
            ("bulk_", own & ~surface),
        ):
            chance = probability[:, which].astype(float)
            table[f"{prefix}columns"] = chance.sum(1)
            table[f"{prefix}columns_error"] = np.sqrt((chance * (1 - chance)).sum(1))
        tables.append(table)
    if not tables:
        return pd.DataFrame(columns=["frame", "particle", "columns", "columns_error"])
    table = pd.concat(tables, ignore_index=True)
    return table.sort_values(["frame", "particle"], ignore_index=True)
