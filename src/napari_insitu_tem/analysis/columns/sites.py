"""Sites: the places at which columns were found again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

__all__ = ["Sites", "assign", "find_sites", "surface_sites"]

_RADIUS = 0.3
"""How far detections of one site scatter at most, in neighbour distances."""
_APART = 0.55
"""Sites closer than this, in neighbour distances, are one."""
_SHELL = 1.25
_WINDOW, _SEEN = 3, 2
"""A site was seen in so many of so many consecutive frames, for a column may stay no longer.
A site that false detections make has levels of its own, and stays empty."""


@dataclass(frozen=True, eq=False)
class Sites:
    """Where columns can be.

    Parameters
    ----------
    positions : (s, 2) array
        y, x, px, with the shared motion taken off.
    seen : (s,) int array
        Frames in which a column was found there.
    """

    positions: np.ndarray
    seen: np.ndarray

    def __len__(self) -> int:
        """Return the number of sites."""
        return len(self.positions)


def find_sites(points: Sequence[np.ndarray], spacing: float) -> Sites:
    """Find the sites as clusters of all detections of a movie.

    Parameters
    ----------
    points : sequence of (n, 2) arrays
        Columns of every frame (y, x), px, with the shared motion taken off.
    spacing : float
        Distance of neighbouring columns, px.

    Returns
    -------
    Sites
        Sorted from top to bottom and left to right.
    """
    frame = np.repeat(np.arange(len(points)), [len(each) for each in points])
    everything = np.concatenate([*points, np.zeros((0, 2))])
    if not len(everything):
        return Sites(np.zeros((0, 2)), np.zeros(0, int))
    tree = cKDTree(everything)
    centres = _peaks(everything, spacing)
    for _ in range(3):
        members = tree.query_ball_point(centres, _RADIUS * spacing)
        centres = np.array(
            [
                everything[rows].mean(0) if rows else centre
                for rows, centre in zip(members, centres, strict=True)
            ]
        ).reshape(-1, 2)
    members = tree.query_ball_point(centres, _RADIUS * spacing)
    frames = [np.unique(frame[rows]) for rows in members]
    seen = np.array([len(each) for each in frames], int)
    lasting = np.array([_lasting(each, len(points)) for each in frames], bool)
    keep = _apart(centres, np.where(lasting, seen, 0), _APART * spacing)
    keep = keep[np.lexsort((centres[keep, 1], np.round(centres[keep, 0] / spacing)))]
    return Sites(centres[keep], seen[keep])


def assign(points: np.ndarray, sites: np.ndarray, spacing: float) -> np.ndarray:
    """Return the site (n,) of every column of a frame, −1 for those at none; each at most once."""
    which = np.full(len(points), -1)
    if not len(points) or not len(sites):
        return which
    distance, nearest = cKDTree(sites).query(points)
    taken: set[int] = set()
    for row in np.argsort(distance):
        if distance[row] <= 1.2 * _RADIUS * spacing and int(nearest[row]) not in taken:
            which[row] = nearest[row]
            taken.add(int(nearest[row]))
    return which


def surface_sites(sites: np.ndarray, crystal: np.ndarray, spacing: float) -> np.ndarray:
    """Return which sites (s,) lie at a surface: where a neighbour is missing.

    The full number of neighbours is what a tenth of the crystal's sites have or exceed.

    Parameters
    ----------
    sites : (s, 2) array
        y, x, px.
    crystal : (s,) bool array
        Sites that count as neighbours: those that are mostly occupied. Those taken now and then,
        by an adatom say, lie outside the crystal.
    spacing : float
        Distance of neighbouring columns, px; neighbours are within 1.25 times that.
    """
    rows = np.flatnonzero(crystal)
    if len(rows) < 4:
        return np.ones(len(sites), bool)
    near = cKDTree(sites[rows]).query_ball_point(sites, _SHELL * spacing, return_length=True)
    near = near - crystal
    full = np.quantile(near[rows], 0.9, method="lower")
    return np.asarray(near < full)


def _peaks(points: np.ndarray, spacing: float) -> np.ndarray:
    """Return maxima of the density of detections."""
    step = spacing / 8
    low = points.min(0) - spacing
    cells = np.round((points - low) / step).astype(int)
    shape = cells.max(0) + 9
    density = np.zeros(shape, np.float32)
    np.add.at(density, tuple(cells.T), 1)
    density = ndimage.gaussian_filter(density, 1.2)
    highest = density == ndimage.maximum_filter(density, 5)
    # One detection alone has a peak of 1 / (2 π 1.2²) = 0.11.
    return np.argwhere(highest & (density > 0.15)) * step + low


def _lasting(frames: np.ndarray, n_frames: int) -> bool:
    """Say whether a site was seen often enough within a few frames."""
    needed = min(_SEEN, max(1, (n_frames + 1) // 2))
    if len(frames) < needed:
        return False
    return bool(np.any(frames[needed - 1 :] - frames[: len(frames) - needed + 1] < _WINDOW))


def _apart(centres: np.ndarray, seen: np.ndarray, distance: float) -> np.ndarray:
    """Return the rows of those seen most often among all that are too close."""
    kept: list[int] = []
    tree = cKDTree(centres)
    barred = seen == 0
    for row in np.argsort(-seen, kind="stable"):
        if barred[row]:
            continue
        kept.append(int(row))
        barred[tree.query_ball_point(centres[row], distance)] = True
    return np.array(kept, int)
