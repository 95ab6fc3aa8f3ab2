"""Flicker of masks: touching particles joined, or one particle broken, for a few frames.

A segmentation looks at one frame at a time and joins touching particles, or breaks one, now
and then. The frames around know better: a mask that has the area and the centre of mass of two
or more particles seen shortly before, and of as many seen shortly after, is those particles.
They are put in its place before linking, and the mask is cut between them in the end. A
particle that was broken is found in the same way, with masks and particles exchanged.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Mended", "cut_mask", "mend"]

_MOST_PARTS = 4
_NEAREST = 6
_END = 2
"""Frames at either end of a movie in which joined masks are judged from one side."""


@dataclass(frozen=True, eq=False)
class Mended:
    """Detections after mending; n masks have become m particles.

    Parameters
    ----------
    source : (m,) int array
        Row of the mask of every particle (of a broken one: of its largest piece).
    position, area, reach : (m, 2), (m,), (m,) arrays
        Of the particles; `reach` is half the longest extent.
    pieces : dict of int to int
        Row of a broken-off piece, to the row of the largest piece of the same particle.
    cut : frozenset of int
        Rows of masks that stand for several particles.
    """

    source: np.ndarray
    position: np.ndarray
    area: np.ndarray
    reach: np.ndarray
    pieces: dict[int, int]
    cut: frozenset[int]


@dataclass(frozen=True, eq=False)
class _Masks:
    """All masks, sorted by frame."""

    position: np.ndarray
    area: np.ndarray
    reach: np.ndarray
    starts: np.ndarray
    step: float
    tolerance: float

    def near(self, frame: int, row: int) -> np.ndarray:
        """Rows of a frame that lie under the outline of a mask in another frame."""
        rows = np.arange(self.starts[frame], self.starts[frame + 1])
        away = np.hypot(*(self.position[rows] - self.position[row]).T)
        inside = away <= self.reach[row] + self.step
        order = np.argsort(away[inside])[:_NEAREST]
        return np.asarray(rows[inside][order])

    def parts(self, one: int, rows: np.ndarray) -> list[tuple[float, tuple[int, ...]]]:
        """Find sets of rows with the area and the centre of `one`, and how badly they fit."""
        area, allowed = self.area[one], 0.1 * self.reach[one] + self.step
        found = []
        for size in range(2, min(_MOST_PARTS, len(rows)) + 1):
            for several in itertools.combinations(rows.tolist(), size):
                areas = self.area[list(several)]
                misfit = abs(areas.sum() - area)
                if misfit > self.tolerance * area or misfit > 0.5 * abs(areas.max() - area):
                    continue
                centre = areas @ self.position[list(several)] / areas.sum()
                away = float(np.hypot(*(centre - self.position[one])))
                if away <= allowed:
                    cost = misfit / (self.tolerance * area) + away / allowed
                    found.append((float(cost), several))
        return found


def mend(
    position: np.ndarray,
    area: np.ndarray,
    reach: np.ndarray,
    starts: np.ndarray,
    *,
    longest: int,
    step: float,
    tolerance: float = 0.2,
    check: Callable[[], None] = lambda: None,
) -> Mended:
    """Find masks of several particles, and particles of several masks.

    Parameters
    ----------
    position, area, reach : (n, 2), (n,), (n,) arrays
        Masks of all frames, sorted by frame: (y, x) without common drift, area, and half the
        longest extent.
    starts : (t + 1,) int array
        First row of every frame.
    longest : int
        Frames that a flicker lasts at most.
    step : float
        Pixels that a particle moves from frame to frame.
    tolerance : float
        Relative deviation of the areas that is allowed.
    check : callable
        Called frame by frame; may raise to stop.
    """
    masks = _Masks(position, area, reach, np.asarray(starts), step, tolerance)
    n_frames = len(starts) - 1
    cuts: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    pieces: dict[int, int] = {}
    # For joined masks, any mask may be evidence; for broken ones, only those found to be one.
    whole = np.ones(len(area), bool)
    for frame in range(n_frames) if longest else ():
        check()
        for row in _suspects(masks, frame, n_frames, longest):
            if _mostly_whole(masks, whole, int(row), frame, n_frames, longest):
                continue
            if (parts := _joined(masks, int(row), frame, n_frames, longest)) is not None:
                cuts[int(row)] = parts
    whole[list(cuts)] = False
    for frame in range(1, n_frames - 1) if longest else ():
        check()
        for several in _broken(masks, whole, frame, n_frames, longest):
            if not any(row in pieces or row in pieces.values() for row in several):
                largest = max(several, key=lambda row: area[row])
                pieces.update((row, largest) for row in several if row != largest)
    return _assemble(masks, cuts, pieces)


def _suspects(masks: _Masks, frame: int, n_frames: int, longest: int) -> np.ndarray:
    """Masks that have at least two masks of a frame before or after under their outline."""
    rows = np.arange(masks.starts[frame], masks.starts[frame + 1])
    doubtful = np.zeros(len(rows), bool)
    for other in range(max(0, frame - longest), min(n_frames, frame + longest + 1)):
        if other != frame:
            theirs = slice(masks.starts[other], masks.starts[other + 1])
            doubtful |= _count_under(masks, rows, masks.position[theirs]) > 1
    return rows[doubtful]


def _count_under(masks: _Masks, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
    from scipy.spatial import cKDTree

    if not len(rows) or not len(places):
        return np.zeros(len(rows), int)
    found = cKDTree(places).query_ball_point(
        masks.position[rows], masks.reach[rows] + masks.step, return_length=True
    )
    return np.asarray(found)


def _around(frame: int, n_frames: int, longest: int) -> Iterator[tuple[int, int]]:
    """Pairs of frames before and after, the closest first, with at most `longest` between."""
    for span in range(2, longest + 2):
        for before in range(1, span):
            if frame - before >= 0 and frame - before + span < n_frames:
                yield frame - before, frame - before + span


def _joined(
    masks: _Masks, row: int, frame: int, n_frames: int, longest: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """Places and areas of the particles under one mask; None when it is one particle."""
    known: dict[int, list[tuple[float, tuple[int, ...]]]] = {}
    for before, after in _around(frame, n_frames, longest):
        for other in (before, after):
            if other not in known:
                known[other] = masks.parts(row, masks.near(other, row))
        choices = itertools.product(known[before], known[after])
        for (_, first), (_, last) in sorted(choices, key=lambda pair: pair[0][0] + pair[1][0]):
            if len(first) == len(last) and (pairs := _paired(masks, first, last)) is not None:
                share = (frame - before) / (after - before)
                place = (1 - share) * masks.position[list(first)] + share * masks.position[pairs]
                return _under(masks, row, place, (masks.area[list(first)] + masks.area[pairs]) / 2)
    # In the first and last frames of a movie one side must do; nothing lasts long enough there
    # to be a merge or a split.
    ends = (range(frame + 1, _END + 1), range(n_frames - 1 - _END, frame)[::-1])
    for other in (t for end in ends for t in end if 0 <= t < n_frames):
        if found := masks.parts(row, masks.near(other, row)):
            several = list(min(found)[1])
            return _under(masks, row, masks.position[several], masks.area[several])
    return None


def _under(
    masks: _Masks, row: int, place: np.ndarray, areas: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shift places so that their centre is the mask's: only how they lie about it is a guess."""
    return place + masks.position[row] - areas @ place / areas.sum(), areas


def _paired(masks: _Masks, first: Sequence[int], last: Sequence[int]) -> list[int] | None:
    """Return the last rows in the order of the first; None when their areas do not agree."""
    from scipy.optimize import linear_sum_assignment

    a, b = list(first), list(last)
    cost = ((masks.position[a][:, None] - masks.position[b][None]) ** 2).sum(-1)
    pairs = [b[j] for j in linear_sum_assignment(cost)[1]]
    larger = np.maximum(masks.area[a], masks.area[pairs])
    alike = np.abs(masks.area[a] - masks.area[pairs]) <= 1.5 * masks.tolerance * larger
    return pairs if alike.all() else None


def _broken(
    masks: _Masks, whole: np.ndarray, frame: int, n_frames: int, longest: int
) -> Iterator[tuple[int, ...]]:
    """Find sets of masks of a frame that are pieces of one particle seen before and after."""
    rows = np.arange(masks.starts[frame], masks.starts[frame + 1])
    rows = rows[whole[rows]]
    here = masks.position[rows]
    known: dict[int, list[tuple[int, tuple[int, ...]]]] = {}
    for earlier, later in _around(frame, n_frames, longest):
        if earlier not in known:
            wholes = np.arange(masks.starts[earlier], masks.starts[earlier + 1])
            wholes = wholes[whole[wholes]]
            wholes = wholes[_count_under(masks, wholes, here) > 1]
            known[earlier] = [
                (int(one), several)
                for one in wholes
                for _, several in masks.parts(one, np.intersect1d(masks.near(frame, one), rows))
            ]
        for one, several in known[earlier]:
            under = np.array(several)
            if any(
                several in (found for _, found in masks.parts(int(row), under))
                for row in masks.near(later, one)
                if whole[row]
            ) and _mostly_whole(masks, whole, one, frame, n_frames, longest):
                yield several


def _mostly_whole(
    masks: _Masks, whole: np.ndarray, one: int, frame: int, n_frames: int, longest: int
) -> bool:
    """Whether a particle is there as one mask in most frames around, and not in pieces."""
    span = 2 * longest + 1
    first = max(0, min(frame - longest, n_frames - span))
    frames = range(first, min(n_frames, first + span))
    seen = 0
    for other in frames:
        rows = masks.near(other, one)
        alike = np.abs(masks.area[rows] - masks.area[one]) <= masks.tolerance * masks.area[one]
        seen += bool(np.any(alike & whole[rows]))
    return seen > len(frames) / 2


def _assemble(
    masks: _Masks, cuts: dict[int, tuple[np.ndarray, np.ndarray]], pieces: dict[int, int]
) -> Mended:
    n = len(masks.area)
    position, area, reach = masks.position.copy(), masks.area.astype(float), masks.reach.copy()
    moment = position * area[:, None]
    for piece, largest in pieces.items():
        moment[largest] += moment[piece]
        area[largest] += area[piece]
    for largest in set(pieces.values()):
        position[largest] = moment[largest] / area[largest]
        reach[largest] *= np.sqrt(area[largest] / masks.area[largest])
    parts = [
        (np.array([row]), position[row : row + 1], area[row : row + 1], reach[row : row + 1])
        if row not in cuts
        else (
            np.full(len(cuts[row][1]), row),
            *cuts[row],
            masks.reach[row] * np.sqrt(cuts[row][1] / area[row]),
        )
        for row in range(n)
        if row not in pieces
    ]
    if not parts:
        empty = np.zeros(0)
        return Mended(empty.astype(int), np.zeros((0, 2)), empty, empty, {}, frozenset())
    source, places, areas, reaches = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Mended(source, places, areas, reaches, pieces, frozenset(cuts))


def cut_mask(
    labels: np.ndarray, label: int, seeds: list[tuple[int, float, float, float]]
) -> np.ndarray:
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
