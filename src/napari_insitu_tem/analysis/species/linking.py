"""Vacancies that are seen in several series, under one number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

__all__ = ["link_sites"]


def link_sites(places: Sequence[np.ndarray], *, reach: float) -> list[np.ndarray]:
    """Give places numbers, the same place the same one in all series.

    Parameters
    ----------
    places : sequence of (n, 2) arrays
        Of every series, with drift taken out, px.
    reach : float
        Places nearer than this, px, are the same.

    Returns
    -------
    list of (n,) int arrays
        Numbers from 1. A place that was not seen in some series keeps its number after it.
    """
    known = np.zeros((0, 2))
    found = []
    for here in places:
        numbers = np.zeros(len(here), int)
        if len(known) and len(here):
            distance, which = cKDTree(known).query(here)
            taken: set[int] = set()
            for at in np.argsort(distance):
                if distance[at] < reach and int(which[at]) not in taken:
                    taken.add(int(which[at]))
                    numbers[at] = which[at] + 1
        new = numbers == 0
        numbers[new] = len(known) + 1 + np.arange(int(new.sum()))
        known = np.concatenate([known, np.asarray(here).reshape(-1, 2)[new]])
        found.append(numbers)
    return found
