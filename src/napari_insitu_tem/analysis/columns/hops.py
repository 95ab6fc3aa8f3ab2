"""Events: when a site is left or taken, and which of them are one atom that hops.

A column that vanishes at one site while one appears close by, at the same time within a frame
or two, has hopped. Pairs are chosen together (linear assignment), each event at most once, by
how much likelier the pair is as a hop than as two events that happen to be near.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

__all__ = ["FARTHEST_HOP", "Change", "Hop", "find_changes", "pair_hops"]

_AROUND = 6
"""Frames before and after a change over which its probability is told."""
_APART = 6
"""Frames by which leaving and taking may seem to differ in one hop."""
_COMMON = 3.0
"""How much commoner hops are than columns that come or go near by (natural logarithm)."""
_SHORT, _ALONE = 5.0, 15.0
"""Evidence (natural logarithm) for a stay or an absence, and for one that belongs to no hop."""
_TARGETS = 6
"""Sites to which a column may hop."""
FARTHEST_HOP = 2.6
"""Longest hop, in neighbour distances."""
_TYPICAL, _SPREAD = 1.3, 0.7
"""Length of a hop and its scatter, in neighbour distances."""


@dataclass(frozen=True)
class Change:
    """A site is taken or left.

    Parameters
    ----------
    site : int
        Index of the site.
    frame : int
        First frame of the new state.
    taken : bool
        True when a column appears, False when it disappears.
    confidence : float
        Probability of the state before times that of the state after.
    """

    site: int
    frame: int
    taken: bool
    confidence: float


@dataclass(frozen=True)
class Hop:
    """A column that disappears at one site and appears at another."""

    left: Change
    taken: Change
    frame: int

    @property
    def confidence(self) -> float:
        """The smaller confidence of both changes."""
        return min(self.left.confidence, self.taken.confidence)


def find_changes(probability: np.ndarray) -> list[Change]:
    """Find when sites change.

    Parameters
    ----------
    probability : (t, s) array
        Of being occupied.

    Returns
    -------
    list of Change
        Sorted by frame; those of a site take turns, however sure they are.
    """
    full = probability > 0.5
    flips = np.argwhere(np.diff(full.astype(np.int8), axis=0))
    found = []
    for before, site in flips:
        frame, course = int(before) + 1, probability[:, site]
        taken = bool(full[frame, site])
        after = _longest_stay(full[:, site], frame)
        earlier = _longest_stay(full[::-1, site], len(full) - frame)
        new = course[frame : frame + min(_AROUND, after)]
        old = course[max(0, frame - min(_AROUND, earlier)) : frame]
        sure = float(new.max() * (1 - old.min()) if taken else (1 - new.min()) * old.max())
        found.append(Change(int(site), frame, taken, sure))
    return sorted(found, key=lambda change: (change.frame, change.site))


def pair_hops(
    changes: list[Change], favour: np.ndarray, sites: np.ndarray, spacing: float
) -> tuple[list[Hop], list[Change]]:
    """Pair leaving and taking to hops.

    A pair gains what a hop of its length is likelier than two events by chance, and loses what
    the frames speak against both changes happening at once.

    Parameters
    ----------
    changes : list of Change
        Of all sites.
    favour : (t, s) array
        How much every frame speaks for "full" at every site (natural logarithm).
    sites : (s, 2) array
        y, x, px.
    spacing : float
        Distance of neighbouring columns, px.

    Returns
    -------
    hops : list of Hop
        Sorted by frame.
    alone : list of Change
        What is left.
    """
    changes = _without_flicker(changes, favour, _SHORT)
    left = [change for change in changes if not change.taken]
    taken = [change for change in changes if change.taken]
    gain = np.zeros((len(left), len(taken)))
    when = np.zeros((len(left), len(taken)), int)
    # Chance: events lie evenly over frames and sites; a hop's target is one of a few sites.
    rate = max(len(changes) / 2 / max(favour.size, 1), 1e-6) * _TARGETS
    free = _free_frames(changes, len(favour))
    for row, before in enumerate(left):
        for column, after in enumerate(taken):
            length = np.hypot(*(sites[before.site] - sites[after.site])) / max(spacing, 1e-9)
            if not 0.1 < length <= FARTHEST_HOP or abs(after.frame - before.frame) > _APART:
                continue
            when[row, column], loss = _at_once(before, after, favour, (free[before], free[after]))
            likely = _COMMON - 0.5 * (max(length - _TYPICAL, 0) / _SPREAD) ** 2
            by_chance = np.log(rate * (2 * abs(after.frame - before.frame) + 1))
            gain[row, column] = likely - by_chance - loss
    rows, columns = linear_sum_assignment(-np.maximum(gain, 0))
    hops: list[Hop] = []
    used: set[Change] = set()
    for row, column in zip(rows, columns, strict=True):
        if gain[row, column] > 0:
            hops.append(Hop(left[row], taken[column], int(when[row, column])))
            used |= {left[row], taken[column]}
    hops.sort(key=lambda each: each.frame)
    alone = [each for each in changes if each not in used]
    return hops, _without_flicker(alone, favour, _ALONE, used)


def _without_flicker(
    changes: list[Change], favour: np.ndarray, least: float, hopped: Set[Change] = frozenset()
) -> list[Change]:
    """Return changes without stays (or absences) for which the frames speak too little.

    Every stay, also one that lasts from the movie's start or to its end, needs the evidence
    `least`. Changes in `hopped` have been explained and stay.
    """
    of_site: dict[int, list[Change]] = {}
    for change in [*changes, *hopped]:
        of_site.setdefault(change.site, []).append(change)
    kept: list[Change] = []
    for site, course in of_site.items():
        course.sort(key=lambda change: change.frame)
        sums = np.append(0, np.cumsum(favour[:, site], dtype=float))
        while course:
            frames = [0, *(change.frame for change in course), len(favour)]
            full = [not course[0].taken, *(change.taken for change in course)]
            ends = [course[max(index - 1, 0) : index + 1] for index in range(len(full))]
            evidence = [
                np.inf
                if any(change in hopped for change in end)
                else (1 if state else -1) * (sums[stop] - sums[start])
                for start, stop, state, end in zip(frames, frames[1:], full, ends, strict=False)
            ]
            weakest = int(np.argmin(evidence))
            if evidence[weakest] >= least:
                break
            course = [change for change in course if change not in ends[weakest]]
        kept += [change for change in course if change not in hopped]
    return sorted(kept, key=lambda change: (change.frame, change.site))


def _at_once(
    left: Change, taken: Change, favour: np.ndarray, around: tuple[range, range]
) -> tuple[int, float]:
    """Return the frame at which both changes fit best, and what is lost by one frame for both.

    `around` are the frames at which either change can be without meeting another of its site.
    """
    first = max(around[0].start, around[1].start)
    last = min(around[0].stop, around[1].stop)
    if first >= last:
        return left.frame, np.inf
    low, high = min(first, left.frame, taken.frame), max(last, left.frame, taken.frame)

    def of(change: Change) -> np.ndarray:
        """Return how well a change at every frame from `low` to `high` fits."""
        sums = np.append(0, np.cumsum(favour[low:high, change.site], dtype=float))
        return -sums if change.taken else sums

    one, other = of(left), of(taken)
    both = (one + other)[first - low : last - low]
    best = int(np.argmax(both))
    separate = one[left.frame - low] + other[taken.frame - low]
    return first + best, max(0.0, float(separate - both[best]))


def _free_frames(changes: list[Change], n_frames: int) -> dict[Change, range]:
    """Return the frames at which every change can be without meeting another of its site."""
    of_site: dict[int, list[Change]] = {}
    for change in changes:
        of_site.setdefault(change.site, []).append(change)
    free = {}
    for course in of_site.values():
        course = sorted(course, key=lambda change: change.frame)
        frames = [0, *(change.frame for change in course), n_frames]
        for index, change in enumerate(course, start=1):
            start = max(frames[index - 1] + 1, change.frame - _AROUND, 1)
            stop = min(frames[index + 1], change.frame + _AROUND + 1)
            free[change] = range(start, max(stop, start + 1))
    return free


def _longest_stay(full: np.ndarray, start: int) -> int:
    """Return for how many frames the state at `start` lasts from there on."""
    later = np.flatnonzero(full[start:] != full[start])
    return int(later[0]) if len(later) else len(full) - start
