"""Merges and splits, told from flicker by the conservation of area.

When two particles become one, the area of the one is the sum of the two and its centre is
their common centre of mass. A particle that merely vanishes beside another, or masks of
touching particles that are joined for a frame or two, do not pass as a merge. Splits are
merges seen backwards in time.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_insitu_tem.analysis.field import Detections

__all__ = ["Event", "cut_at_events", "find_merges", "find_splits"]

_WINDOW = 5
"""Frames before and after over which an area is the median."""


@dataclass(frozen=True)
class Event:
    """Several particles become one (or, of a split, one becomes several).

    Parameters
    ----------
    frame : int
        First frame after the change.
    one : int
        Row of the one particle, in the frame on its side of the change.
    several : tuple of int
        Rows of the several, in the last (merge) or first (split) frame of each.
    """

    frame: int
    one: int
    several: tuple[int, ...]


def find_merges(
    field: Detections,
    *,
    tolerance: float = 0.2,
    step: float = 2.0,
    persistence: int = 3,
    candidates: Iterable[tuple[int, int]] | None = None,
    check: Callable[[], None] = lambda: None,
) -> list[Event]:
    """Find where particles became one.

    Parameters
    ----------
    field : Detections
        Linked particles.
    tolerance : float
        Relative deviation of the merged area from the sum that is allowed.
    step : float
        Pixels that a particle typically moves from frame to frame.
    persistence : int
        Frames that every particle must have lasted before, and the one must last after.
    candidates : iterable of (int, int), optional
        Pairs (last row of a track, row that it may have merged into) from a linker; every
        track's end is tried against all particles within reach otherwise.
    check : callable
        Called frame by frame; may raise to stop.

    Returns
    -------
    list of Event
        Sorted by frame; `Event.several` holds the row of the one's own track first where that
        goes on through the merge.
    """
    tracks = field.tracks()
    allowed = None if candidates is None else set(candidates)
    last = {t: int(rows[-1]) for t, rows in tracks.items()}
    ends: dict[int, list[int]] = {}
    for row in last.values():
        ends.setdefault(int(field.frame[row]), []).append(row)
    events: dict[int, tuple[float, Event]] = {}
    for frame in range(1, field.n_frames):
        check()
        # A mask may be missing in the frame of the contact: look one frame further back.
        ended = ends.get(frame - 1, []) + ends.get(frame - 2, [])
        if not ended:
            continue
        here = field.rows_at(frame)
        for one in here[field.track[here] >= 0]:
            found = _parents(field, tracks, int(one), ended, tolerance, step, persistence, allowed)
            if found is None:
                continue
            cost, several = found
            key = next(row for row in several if row in ended)
            if key not in events or cost < events[key][0]:
                events[key] = (cost, Event(frame, int(one), several))
    claimed: set[int] = set()
    result = []
    for _, event in sorted(events.values(), key=lambda pair: pair[0]):
        if claimed.isdisjoint(event.several):
            claimed.update(event.several)
            result.append(event)
    return sorted(result, key=lambda event: event.frame)


def _parents(
    field: Detections,
    tracks: dict[int, np.ndarray],
    one: int,
    ended: list[int],
    tolerance: float,
    step: float,
    persistence: int,
    allowed: set[tuple[int, int]] | None,
) -> tuple[float, tuple[int, ...]] | None:
    """Rows of the particles that became `one`, with how badly they fit; None if none did."""
    gap = np.hypot(*(field.position[ended] - field.position[one]).T)
    near = [row for row, d in zip(ended, gap, strict=True) if d <= field.reach[one] + 2 * step]
    if allowed is not None:
        near = [row for row in near if (row, one) in allowed]
    rows = tracks[int(field.track[one])]
    place = int(np.searchsorted(rows, one))
    after = rows[place : place + _WINDOW]
    own = rows[max(0, place - _WINDOW) : place]
    own = own[field.frame[own] >= field.frame[one] - _WINDOW]
    if not near or len(after) < persistence:
        return None
    if len(own):
        choices: Iterable[tuple[int, ...]] = [(int(own[-1]), row) for row in near]
    elif len(near) > 1:
        near = sorted(near, key=lambda row: -field.area[row])[:4]
        choices = itertools.chain(itertools.combinations(near, 2), itertools.combinations(near, 3))
    else:
        return None
    merged = _area(field, after)
    best: tuple[float, tuple[int, ...]] | None = None
    for several in choices:
        if (cost := _misfit(field, tracks, several, one, merged, step, persistence)) is None:
            continue
        if cost <= tolerance and (best is None or cost < best[0]):
            best = (cost, several)
    return best


def _misfit(
    field: Detections,
    tracks: dict[int, np.ndarray],
    several: tuple[int, ...],
    one: int,
    merged: float,
    step: float,
    persistence: int,
) -> float | None:
    """Relative error of area, or None when the several cannot have become the one."""
    areas, scatter = [], []
    for row in several:
        rows = tracks[int(field.track[row])]
        before = rows[rows <= row][-_WINDOW:]
        if len(before) < persistence:
            return None
        areas.append(_area(field, before))
        scatter.append(np.ptp(field.area[before]) / 2 if len(before) > 1 else 0.0)
    total = sum(areas)
    # The step in area must stand out of the largest one's own fluctuation.
    smallest, largest = int(np.argmin(areas)), int(np.argmax(areas))
    if areas[smallest] < 2 * scatter[largest] or merged - areas[largest] < 0.5 * (
        total - areas[largest]
    ):
        return None
    centre = np.average(field.position[list(several)], axis=0, weights=areas)
    away = float(np.hypot(*(centre - field.position[one])))
    if away > 0.3 * field.reach[one] + 2 * step:
        return None
    return abs(merged - total) / total


def _area(field: Detections, rows: np.ndarray) -> float:
    return float(np.median(field.area[rows]))


def find_splits(
    field: Detections, *, candidates: Iterable[tuple[int, int]] | None = None, **options: Any
) -> list[Event]:
    """Find where one particle became several: merges of the movie run backwards.

    Parameters and result are those of `find_merges`; candidates are pairs (row before, first
    row of the new track).
    """
    flip = len(field.frame) - 1
    if candidates is not None:
        candidates = [(flip - new, flip - old) for old, new in candidates]
    backwards = find_merges(field.reversed(), candidates=candidates, **options)
    events = []
    for event in backwards:
        several = tuple(flip - row for row in event.several)
        events.append(Event(field.n_frames - event.frame, flip - event.one, several))
    return sorted(events, key=lambda event: event.frame)


def cut_at_events(
    field: Detections, merges: list[Event], splits: list[Event]
) -> tuple[np.ndarray, dict[int, list[int]]]:
    """Give every particle between two events a track of its own, and name the parents.

    Returns
    -------
    track : (n,) int array
        New track of every row.
    graph : dict of int to list of int
        Track to its parents.
    """
    cuts: dict[int, set[int]] = {}
    for event in (*merges, *splits):
        for row in (event.one, *event.several):
            cuts.setdefault(int(field.track[row]), set()).add(event.frame)
    track = field.track.copy()
    fresh = int(track.max(initial=0)) + 1
    rows_of = field.tracks()
    for number, frames in cuts.items():
        rows = rows_of[number]
        piece = np.searchsorted(sorted(frames), field.frame[rows], side="right")
        for part in np.unique(piece)[1:]:
            track[rows[piece == part]] = fresh
            fresh += 1
    graph: dict[int, list[int]] = {}
    for event in merges:
        graph[int(track[event.one])] = sorted({int(track[row]) for row in event.several})
    for event in splits:
        for row in event.several:
            graph.setdefault(int(track[row]), []).append(int(track[event.one]))
    return track, graph
