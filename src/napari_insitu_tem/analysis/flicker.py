"""Flicker of masks: touching particles joined, or one particle broken, for a few frames.

A segmentation that looks at one frame at a time joins touching particles now and then. The
tracks know better: a particle that is missing between two frames, where a neighbour's mask
has the area of both, is under that mask. The mask is then cut between the expected places.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from napari_insitu_tem.analysis.events import Event
from napari_insitu_tem.analysis.field import Detections

__all__ = ["Repairs", "cut_mask", "find_repairs", "join_flicker"]

_WINDOW = 5
Seed = tuple[int, float, float, float]


@dataclass
class Repairs:
    """What to change in the masks.

    Parameters
    ----------
    cut : dict of int to list of (row, y, x, radius)
        Row of a mask that covers several particles, to one (any) row of the track of each,
        its (drift-free) place and equivalent radius.
    join : dict of int to int
        Row of a fragment, to the row whose mask it belongs to.
    """

    cut: dict[int, list[Seed]] = field(default_factory=dict)
    join: dict[int, int] = field(default_factory=dict)


def join_flicker(found: Detections, merges: list[Event], splits: list[Event], longest: int) -> int:
    """Give particles that parted again within `longest` frames their old tracks back.

    Every particle after the split takes the track of the one before the merge that it is
    nearest to (all together, in squared distance). `found.track` is changed.

    Returns
    -------
    int
        How many merges were flicker.
    """
    from scipy.optimize import linear_sum_assignment

    joined = 0
    for merge in merges:
        middle = found.track[merge.one]
        for split in splits:
            if found.track[split.one] != middle or not (0 < split.frame - merge.frame <= longest):
                continue
            if len(split.several) != len(merge.several):
                continue
            before, after = found.position[list(merge.several)], found.position[list(split.several)]
            cost = ((before[:, None] - after[None]) ** 2).sum(-1)
            rows, columns = linear_sum_assignment(cost)
            old = [int(found.track[row]) for row in merge.several]
            tails = [
                np.flatnonzero((found.track == found.track[row]) & (found.frame >= split.frame))
                for row in split.several
            ]
            for i, j in zip(rows, columns, strict=True):
                found.track[tails[j]] = old[i]
            joined += 1
            break
    return joined


def find_repairs(found: Detections, *, longest: int, tolerance: float = 0.25) -> Repairs:
    """Find masks to cut and fragments to join; tracks swapped while joined are swapped back.

    Parameters
    ----------
    found : Detections
        Linked particles; `track` and `fused` are changed.
    longest : int
        Frames that a flicker lasts at most.
    tolerance : float
        Relative deviation of the areas that is allowed.
    """
    repairs = Repairs()
    gaps = _gaps(found, longest)
    for start, stop in gaps:
        _swap_back(found, start, stop, tolerance)
    wanted: dict[int, list[tuple[int, int]]] = {}
    for start, stop in _gaps(found, longest):
        for frame in range(found.frame[start] + 1, found.frame[stop]):
            place = _between(found, start, stop, frame)
            if (row := _cover(found, frame, place, int(found.track[start]))) is not None:
                wanted.setdefault(row, []).append((start, stop))
    for row, lost in wanted.items():
        if (seeds := _seeds(found, row, lost, tolerance)) is not None:
            repairs.cut[row] = seeds
            found.fused[row] = True
            if all(seed[0] != row for seed in seeds):
                found.track[row] = -1  # a track that only lasted while others were joined
    _find_fragments(found, repairs, longest, tolerance)
    return repairs


def _gaps(found: Detections, longest: int) -> list[tuple[int, int]]:
    """Rows before and after every gap in a track, by frame."""
    gaps = []
    for rows in found.tracks().values():
        missing = np.diff(found.frame[rows]) - 1
        for place in np.flatnonzero((missing > 0) & (missing <= longest)):
            gaps.append((int(rows[place]), int(rows[place + 1])))
    return sorted(gaps, key=lambda gap: found.frame[gap[0]])


def _between(found: Detections, start: int, stop: int, frame: int) -> np.ndarray:
    part = (frame - found.frame[start]) / (found.frame[stop] - found.frame[start])
    return np.asarray((1 - part) * found.position[start] + part * found.position[stop])


def _cover(found: Detections, frame: int, place: np.ndarray, track: int) -> int | None:
    """Row of the mask that reaches over a place, or None."""
    rows = found.rows_at(frame)
    rows = rows[found.track[rows] != track]
    if not len(rows):
        return None
    share = np.hypot(*(found.position[rows] - place).T) / found.reach[rows]
    best = int(np.argmin(share))
    return int(rows[best]) if share[best] <= 1 else None


def _nearby(found: Detections, track: int, first: int, last: int) -> np.ndarray:
    """Whole (not fused) rows of a track within a few frames of a stretch, but not in it."""
    low = found.starts[max(0, first - _WINDOW)]
    high = found.starts[min(found.n_frames, last + _WINDOW + 1)]
    rows = low + np.flatnonzero(found.track[low:high] == track)
    outside = (found.frame[rows] < first) | (found.frame[rows] > last)
    return np.asarray(rows[outside & ~found.fused[rows]])


def _own(found: Detections, row: int, lost: list[tuple[int, int]]) -> np.ndarray:
    first = min(int(found.frame[start]) for start, _ in lost) + 1
    last = max(int(found.frame[stop]) for _, stop in lost) - 1
    return _nearby(found, int(found.track[row]), first, last)


def _explained(
    found: Detections, row: int, lost: list[tuple[int, int]], own: np.ndarray, tolerance: float
) -> bool:
    """Whether a mask has the area of its own particle and the lost ones together."""
    missing = sum((found.area[start] + found.area[stop]) / 2 for start, stop in lost)
    mine = float(np.median(found.area[own])) if len(own) else 0.0
    total = mine + missing
    return bool(
        abs(found.area[row] - total) <= tolerance * total
        and found.area[row] > mine + 0.5 * missing
        and (len(own) > 0 or len(lost) > 1)
    )


def _seeds(
    found: Detections, row: int, lost: list[tuple[int, int]], tolerance: float
) -> list[Seed] | None:
    """Tracks and places under a mask; None when its area says that it is one particle."""
    own = _own(found, row, lost)
    if not _explained(found, row, lost, own, tolerance):
        return None
    frame = int(found.frame[row])
    seeds = []
    moment = found.area[row] * found.position[row]
    rest = found.area[row]
    for start, stop in lost:
        place = _between(found, start, stop, frame)
        size = (found.area[start] + found.area[stop]) / 2
        seeds.append(_seed(start, place, size))
        moment, rest = moment - size * place, rest - size
    if len(own):
        before, after = own[found.frame[own] < frame], own[found.frame[own] > frame]
        if len(before) and len(after):
            place = _between(found, int(before[-1]), int(after[0]), frame)
        else:
            place = moment / max(rest, 1.0)
        seeds.append(_seed(row, place, float(np.median(found.area[own]))))
    return seeds


def _seed(row: int, place: np.ndarray, area: float) -> Seed:
    return row, float(place[0]), float(place[1]), float(np.sqrt(area / np.pi))


def _swap_back(found: Detections, start: int, stop: int, tolerance: float) -> None:
    """Swap two tracks after they were under one mask, if that makes shorter steps."""
    frame = (int(found.frame[start]) + int(found.frame[stop])) // 2
    lost = int(found.track[start])
    if found.track[stop] != lost:
        return
    row = _cover(found, frame, _between(found, start, stop, frame), lost)
    if row is None:
        return
    own = _own(found, row, [(start, stop)])
    if not _explained(found, row, [(start, stop)], own, tolerance):
        return
    other = int(found.track[row])
    before = own[found.frame[own] <= found.frame[start]]
    after = own[found.frame[own] >= found.frame[stop]]
    if not len(before) or not len(after):
        return
    a, b = found.position[[start, before[-1]]], found.position[[stop, after[0]]]
    if ((a - b) ** 2).sum() <= ((a - b[::-1]) ** 2).sum():
        return
    low = found.starts[found.frame[stop]]
    tail = found.track[low:]
    mine, theirs = tail == lost, tail == other
    tail[mine], tail[theirs] = other, lost


def _find_fragments(found: Detections, repairs: Repairs, longest: int, tolerance: float) -> None:
    """Find short tracks that are pieces broken off a neighbour's mask."""
    for rows in found.tracks().values():
        first, last = int(found.frame[rows[0]]), int(found.frame[rows[-1]])
        if last - first >= longest:
            continue
        owners = [_whole(found, int(row), first, last, tolerance) for row in rows]
        if all(owner is not None for owner in owners):
            for row, owner in zip(rows, owners, strict=True):
                if owner is not None:
                    repairs.join[int(row)] = owner
            found.track[rows] = -1


def _whole(found: Detections, piece: int, first: int, last: int, tolerance: float) -> int | None:
    """Row of the particle that a piece was broken off, or None."""
    rows = found.rows_at(int(found.frame[piece]))
    rows = rows[(found.track[rows] != found.track[piece]) & (found.track[rows] >= 0)]
    away = np.hypot(*(found.position[rows] - found.position[piece]).T)
    for row in rows[away <= found.reach[rows] + found.reach[piece] + 1.5]:
        own = _nearby(found, int(found.track[row]), first, last)
        if not len(own):
            continue
        area = float(np.median(found.area[own]))
        together = found.area[row] + found.area[piece]
        if (
            abs(together - area) <= tolerance * area
            and found.area[row] < area - 0.5 * found.area[piece]
        ):
            return int(row)
    return None


def cut_mask(labels: np.ndarray, label: int, seeds: list[Seed]) -> np.ndarray:
    """Cut one mask between several places.

    Every pixel goes to the place for which squared distance minus squared radius is least, so
    that cuts are straight and pass where circles of those radii would touch.

    Parameters
    ----------
    labels : (y, x) int array
        Masks, not modified.
    label : int
        Which one to cut.
    seeds : list of (value, y, x, radius)
        New value, place and radius of every part, in the pixels of the frame.

    Returns
    -------
    (p, 3) int array
        Row, column and new value of every pixel of the mask.
    """
    y, x = np.nonzero(labels == label)
    power = [(y - sy) ** 2 + (x - sx) ** 2 - radius**2 for _, sy, sx, radius in seeds]
    values = np.array([seed[0] for seed in seeds])
    return np.column_stack((y, x, values[np.argmin(power, axis=0)]))
