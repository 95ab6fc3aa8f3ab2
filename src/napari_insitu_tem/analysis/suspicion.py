"""Suspicion: which frames of a segmentation to look at first, and why.

A mask that is wrong in one frame mostly shows as a sudden change: of the number of particles,
of the area they cover, of one particle's area. What counts as sudden is learned from the
recording itself with the median absolute deviation, so that noisy recordings do not light up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Suspicion", "label_areas", "rank_suspicious", "sudden_changes"]

#: Below this many robust standard deviations nothing is called sudden.
_SUDDEN = 5.0

#: A particle that appears with less than this share of the usual area is a crumb.
_TINY = 0.2


@dataclass(frozen=True)
class Suspicion:
    """One frame worth looking at.

    Parameters
    ----------
    frame : int
        Which frame.
    score : float
        How unusual it is, in robust standard deviations.
    reason : str
        Why, in words.
    label : int, optional
        The particle that it is about, if it is about one.
    """

    frame: int
    score: float
    reason: str
    label: int | None = None


def label_areas(labels: np.ndarray) -> dict[int, int]:
    """Return the area in pixels of every label of a (y, x) label image."""
    largest = int(labels.max(initial=0))
    if largest <= 4 * labels.size:
        counts = np.bincount(labels.ravel(), minlength=largest + 1)
        return {int(label): int(counts[label]) for label in np.flatnonzero(counts) if label}
    values, counts = np.unique(labels, return_counts=True)
    return {int(v): int(n) for v, n in zip(values, counts, strict=True) if v}


def sudden_changes(values: np.ndarray, *, relative_floor: float, floor: float) -> np.ndarray:
    """Score how suddenly a series changes at each step, in robust standard deviations.

    A value is compared with the median of the (up to three) values before it *and* with the
    last one, and the smaller change counts: a frame that is wrong alone is found once, not
    again when things are back to normal.

    Parameters
    ----------
    values : (n,) array
        The series; may hold NaN where it is not known.
    relative_floor, floor : float
        The least standard deviation, as a share of the median value and absolutely: on a
        series that hardly moves, a small change is not sudden.

    Returns
    -------
    (n,) array
        Signed scores; 0 where nothing can be said.
    """
    values = np.asarray(values, float)
    scores = np.zeros(len(values))
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 3:
        return scores
    series = values[known]
    steps = np.diff(series)
    spread = 1.4826 * np.median(np.abs(steps - np.median(steps)))
    spread = max(spread, relative_floor * abs(np.median(series)), floor)
    for position in range(1, len(series)):
        earlier = np.median(series[max(0, position - 3) : position])
        change = series[position] - earlier
        step = series[position] - series[position - 1]
        if change * step > 0:
            scores[known[position]] = min(change, step, key=abs) / spread
    if abs(scores[known[1]]) and len(series) > 3:
        # A wrong first frame shows as a change at the second; the third knows which was wrong.
        rest = np.median(series[1:4])
        if abs(series[0] - rest) > abs(series[1] - rest):
            scores[known[0]], scores[known[1]] = -scores[known[1]], 0.0
    return scores


def rank_suspicious(
    areas: Sequence[Mapping[int, int]], *, tracked: bool = False
) -> list[Suspicion]:
    """Rank the frames that look wrong, the worst first.

    Parameters
    ----------
    areas : sequence of mapping
        For every frame, label to area in pixels; see `label_areas`.
    tracked : bool
        Whether a label is the same particle in every frame; then each particle's area is
        followed too.

    Returns
    -------
    list of Suspicion
        At most one a frame; further reasons are appended to the first.
    """
    found: dict[int, list[Suspicion]] = {}

    def suspect(frame: int, score: float, reason: str, label: int | None = None) -> None:
        found.setdefault(frame, []).append(Suspicion(frame, abs(score), reason, label))

    counts = np.array([len(frame) for frame in areas], float)
    totals = np.array([sum(frame.values()) for frame in areas], float)
    count_scores = sudden_changes(counts, relative_floor=0.02, floor=0.2)
    total_scores = sudden_changes(totals, relative_floor=0.02, floor=1.0)
    for frame in _sudden(count_scores):
        was = _reference(counts, frame)
        suspect(frame, count_scores[frame], f"{counts[frame]:.0f} particles instead of {was:.0f}")
    for frame in _sudden(total_scores):
        suspect(frame, total_scores[frame], "the area of all particles" + _jump(totals, frame))
    if tracked:
        for label in sorted({label for frame in areas for label in frame}):
            series = np.array([frame.get(label, np.nan) for frame in areas], float)
            scores = sudden_changes(series, relative_floor=0.05, floor=2.0)
            for frame in _sudden(scores):
                suspect(
                    frame, scores[frame], f"particle {label}" + _jump(series, frame), int(label)
                )
    _suspect_crumbs(areas, suspect, tracked=tracked)

    ranked = []
    for reasons in found.values():
        reasons.sort(key=lambda reason: -reason.score)
        words = "; ".join(reason.reason for reason in reasons[:3])
        if len(reasons) > 3:
            words += f"; and {len(reasons) - 3} more"
        labels = [reason.label for reason in reasons if reason.label is not None]
        ranked.append(
            Suspicion(
                int(reasons[0].frame),
                float(reasons[0].score),
                words[0].upper() + words[1:],
                labels[0] if labels else None,
            )
        )
    return sorted(ranked, key=lambda suspicion: (-suspicion.score, suspicion.frame))


def _sudden(scores: np.ndarray) -> list[int]:
    return np.flatnonzero(np.abs(scores) >= _SUDDEN).tolist()


def _suspect_crumbs(
    areas: Sequence[Mapping[int, int]], suspect: Callable[..., None], *, tracked: bool
) -> None:
    """Suspect new particles much smaller than is usual (by the spread of log areas)."""
    every = np.array([area for frame in areas for area in frame.values()], float)
    if len(every) < 5:
        return
    logs = np.log(every)
    usual = np.median(logs)
    spread = max(1.4826 * np.median(np.abs(logs - usual)), 0.1)
    limit = min(np.log(_TINY) + usual, usual - 3 * spread)
    tiny = [{label: a for label, a in frame.items() if np.log(a) < limit} for frame in areas]
    for frame in range(1, len(areas)):
        if tracked:
            new = [label for label in tiny[frame] if label not in areas[frame - 1]]
        else:  # labels mean nothing from frame to frame; only their number can be compared
            surplus = len(tiny[frame]) - len(tiny[frame - 1])
            new = sorted(tiny[frame], key=lambda label: tiny[frame][label])[: max(0, surplus)]
        if not new:
            continue
        smallest = min(new, key=lambda label: tiny[frame][label])
        score = _SUDDEN * max(1.0, (usual - np.log(tiny[frame][smallest])) / (3 * spread))
        words = "a tiny new particle" if len(new) == 1 else f"{len(new)} tiny new particles"
        suspect(
            frame,
            min(score, 3 * _SUDDEN),
            f"{words} ({tiny[frame][smallest]} px², usual is {np.exp(usual):.0f})",
            int(smallest),
        )


def _reference(series: np.ndarray, frame: int) -> float:
    if frame == 0:
        return float(np.nanmedian(series[1:4]))
    before = series[:frame][np.isfinite(series[:frame])]
    return float(np.median(before[-3:]))


def _jump(series: np.ndarray, frame: int) -> str:
    was = _reference(series, frame)
    if was == 0:
        return " appears"
    change = series[frame] / was - 1
    return f" {'grows' if change > 0 else 'shrinks'} by {abs(change):.0%} at once"
