"""Sites where the lattice goes on: places that a finder hardly ever finds, but columns take.

A column that stands alone outside of a crystal is missed far more often than one inside it, and a
site that is never found cannot be hopped to.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from napari_insitu_tem.analysis.columns.sites import Sites

__all__ = ["continued_places", "with_continued"]

_TRUSTED = 0.1
"""Share of the best site's frames in which a site is found, for others to follow from it."""
_APART = 0.55
"""How far places are from sites and each other, in the closest columns' distance."""
_NEIGHBOUR = 1.25
"""Farthest neighbour that is reflected, in neighbour distances."""
_AGREE = 0.25
"""How closely reflections agree that mean the same site, in neighbour distances."""


def with_continued(sites: Sites, unit: float, closest: float, barred: np.ndarray) -> Sites:
    """Return sites, and places where their lattice goes on, as sites that were never seen.

    Parameters
    ----------
    sites : Sites
        One or more.
    unit : float
        Distance of neighbours, px.
    closest : float
        Distance of the columns that are closest to each other, px.
    barred : (n, 2) array
        Places (y, x), px, that are known to be none.
    """
    trusted = sites.seen >= _TRUSTED * sites.seen.max()
    more = continued_places(sites.positions[trusted], unit, _APART * closest)
    others = np.concatenate([sites.positions, barred])
    more = more[cKDTree(others).query(more)[0] >= _APART * closest]
    positions = np.concatenate([sites.positions, more])
    seen = np.append(sites.seen, np.zeros(len(more), int))
    order = np.lexsort((positions[:, 1], np.round(positions[:, 0] / closest)))
    return Sites(positions[order], seen[order])


def continued_places(sites: np.ndarray, unit: float, apart: float) -> np.ndarray:
    """Return places (n, 2) next to sites, where the lattice around these goes on.

    A neighbour of a site, reflected through it, is where its lattice goes on. The places that
    most neighbours point at come first, and bar others that are too close.

    Parameters
    ----------
    sites : (s, 2) array
        y, x, px.
    unit : float
        Distance of neighbours, px.
    apart : float
        The places are at least so far from sites and each other, px.
    """
    none = np.zeros((0, 2))
    if len(sites) < 2:
        return none
    pairs = cKDTree(sites).query_pairs(_NEIGHBOUR * unit, output_type="ndarray")
    of, through = np.concatenate([pairs, pairs[:, ::-1]]).T
    ahead = 2 * sites[through] - sites[of]
    ahead = ahead[cKDTree(sites).query(ahead)[0] >= apart]
    if not len(ahead):
        return none
    alike = cKDTree(ahead).query_ball_point(ahead, _AGREE * unit)
    found, free = [], np.ones(len(ahead), bool)
    for row in np.argsort([-len(rows) for rows in alike], kind="stable"):
        if free[row]:
            place = ahead[alike[row]].mean(0)
            found.append(place)
            free &= np.hypot(*(ahead - place).T) >= apart
    places = np.array(found)
    return places[cKDTree(sites).query(places)[0] >= apart]
