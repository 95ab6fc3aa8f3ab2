"""Motion that all columns of a movie share: a shift and a small turn of every frame.

Columns are followed as sites of one crystal, so what moves all of them alike (drift of the
stage, a particle that turns a little) is taken off first and never becomes an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from napari_insitu_tem.analysis.motion import common_shift

__all__ = ["Motion", "follow", "refine"]

_REACH = 0.35
"""Farthest mismatch of a column and its site, in neighbour distances."""
_REMEMBERED = 8
"""Frames that the next one is compared with."""
_FEW = 0.6
"""Share of matched columns below which the crystal has jumped. By chance it is 0.4: on a lattice,
a jump by about one neighbour distance looks like none, and none is what is more likely."""
_FOR_A_SHIFT, _FOR_A_TURN = 4, 12
"""Columns needed to say how a frame lies."""


@dataclass(frozen=True, eq=False)
class Motion:
    """How every frame lies against the sites.

    Parameters
    ----------
    shift : (t, 2) array
        Displacement (y, x) of the columns' common centre, px.
    turn : (t,) array
        Rotation about that centre, radians; from +y towards +x.
    centre : (2,) array
        The centre, px.
    known : (t,) bool array
        Whether enough columns were matched; others hold the value of the frame before.
    """

    shift: np.ndarray
    turn: np.ndarray
    centre: np.ndarray
    known: np.ndarray

    def to_sites(self, frame: int, points: np.ndarray) -> np.ndarray:
        """Return where points (n, 2) of a frame lie among the sites."""
        arms = points - self.centre - self.shift[frame]
        return arms @ _rotation(-self.turn[frame]).T + self.centre

    def to_frame(self, frame: int, points: np.ndarray) -> np.ndarray:
        """Return where sites (n, 2) lie in a frame."""
        arms = points - self.centre
        return arms @ _rotation(self.turn[frame]).T + self.centre + self.shift[frame]


def follow(positions: Sequence[np.ndarray], spacing: float) -> Motion:
    """Follow the columns' common motion from frame to frame.

    Parameters
    ----------
    positions : sequence of (n, 2) arrays
        Columns (y, x) found in every frame, px.
    spacing : float
        Distance of neighbouring columns, px. Between frames the crystal must move less than
        half of it, or be recognised by its outline.

    Returns
    -------
    Motion
        Shifts only; `refine` adds turns.
    """
    n_frames = len(positions)
    shift, known = np.zeros((n_frames, 2)), np.zeros(n_frames, bool)
    remembered: list[np.ndarray] = []
    now = np.zeros(2)
    before: np.ndarray | None = None
    for frame, found in enumerate(positions):
        if not remembered:
            known[frame] = len(found) >= _FOR_A_SHIFT
        else:
            cloud = np.concatenate(remembered)
            guess = now
            if before is not None and len(found) and _matched(found - now, cloud, spacing) < _FEW:
                guess = now + common_shift(before, found)
            now, known[frame] = _matched_shift(found, cloud, guess, spacing)
        shift[frame] = now
        if known[frame]:
            before = found
            remembered = [*remembered[-_REMEMBERED + 1 :], found - now]
    points = [found for found in positions if len(found)]
    centre = np.mean(np.concatenate(points), axis=0) if points else np.zeros(2)
    return Motion(shift, np.zeros(n_frames), centre, known)


def refine(
    motion: Motion, positions: Sequence[np.ndarray], sites: np.ndarray, spacing: float
) -> Motion:
    """Fit shift and turn of every frame against sites.

    Parameters
    ----------
    motion : Motion
        A first estimate.
    positions : sequence of (n, 2) arrays
        Columns found in every frame.
    sites : (s, 2) array
        Where columns can be.
    spacing : float
        Distance of neighbouring columns, px.
    """
    if len(sites) < _FOR_A_SHIFT:
        return motion
    tree = cKDTree(sites)
    shift, turn, known = motion.shift.copy(), motion.turn.copy(), motion.known.copy()
    for frame, found in enumerate(positions):
        at = motion.to_sites(frame, found)
        distance, which = tree.query(at) if len(at) else (np.zeros(0), np.zeros(0, int))
        near = distance < _REACH * spacing
        known[frame] = np.count_nonzero(near) >= _FOR_A_SHIFT
        if not known[frame]:
            continue
        angle, moved = _rigid(sites[which[near]] - motion.centre, found[near] - motion.centre)
        turn[frame], shift[frame] = angle, moved
    return Motion(_carried(shift, known), _carried(turn, known), motion.centre, known)


def _matched(points: np.ndarray, cloud: np.ndarray, spacing: float) -> float:
    """Return the share of points that have a partner."""
    return float(np.mean(cKDTree(cloud).query(points)[0] < _REACH * spacing))


def _matched_shift(
    found: np.ndarray, cloud: np.ndarray, guess: np.ndarray, spacing: float
) -> tuple[np.ndarray, bool]:
    """Return the shift that brings columns onto those of the frames before, by the median."""
    if not len(found):
        return guess, False
    tree = cKDTree(cloud)
    now, enough = guess, False
    for reach in (0.5, _REACH, _REACH):
        distance, which = tree.query(found - now)
        near = distance < reach * spacing
        enough = bool(np.count_nonzero(near) >= _FOR_A_SHIFT)
        if not enough:
            return guess, False
        now = now + np.median((found - now)[near] - cloud[which[near]], axis=0)
    return now, enough


def _rigid(sites: np.ndarray, found: np.ndarray) -> tuple[float, np.ndarray]:
    """Return turn and shift between matched points, outliers left out."""
    angle, moved = 0.0, np.median(found - sites, axis=0)
    if len(sites) < _FOR_A_TURN:
        return angle, moved
    keep = np.ones(len(sites), bool)
    for _ in range(3):
        a, b = sites[keep], found[keep]
        mean_a, mean_b = a.mean(0), b.mean(0)
        arm_a, arm_b = a - mean_a, b - mean_b
        angle = float(
            np.arctan2(
                np.sum(arm_a[:, 0] * arm_b[:, 1] - arm_a[:, 1] * arm_b[:, 0]),
                np.sum(arm_a * arm_b),
            )
        )
        moved = mean_b - mean_a @ _rotation(angle).T
        off = np.hypot(*(found - sites @ _rotation(angle).T - moved).T)
        keep = off <= 3 * max(float(np.median(off)), 1e-6)
        if np.count_nonzero(keep) < _FOR_A_TURN:
            break
    return angle, moved


def _rotation(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def _carried(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return values with those that are not known taken from the frame before (or after)."""
    if not known.any():
        return values
    latest = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    latest[latest < 0] = np.flatnonzero(known)[0]
    return values[latest]
