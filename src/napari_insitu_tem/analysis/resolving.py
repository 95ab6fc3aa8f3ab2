"""From links to tracks: flicker mended, true merges and splits kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from napari_insitu_tem.analysis.events import cut_at_events, find_merges, find_splits
from napari_insitu_tem.analysis.field import Detections
from napari_insitu_tem.analysis.flicker import Repairs, find_repairs, join_flicker
from napari_insitu_tem.analysis.linking import Links, Node

__all__ = ["resolve"]


def resolve(
    found: Detections,
    links: Links,
    *,
    longest: int,
    events: bool,
    tolerance: float,
    search_range: float,
    check: Callable[[], None] = lambda: None,
) -> tuple[Repairs, dict[int, list[int]]]:
    """Mend flicker and find merges and splits.

    Parameters
    ----------
    found : Detections
        Linked particles (tracks from 1); `track` and `fused` are changed.
    links : Links
        The linker's proposals of merges and splits.
    longest : int
        Frames that a flicker lasts at most; 0 mends nothing.
    events : bool
        Whether to cut tracks at merges and splits.
    tolerance : float
        Relative deviation of the areas that is allowed.
    search_range : float
        Farthest step in pixels.
    check : callable
        Called now and then; may raise to stop.

    Returns
    -------
    repairs : Repairs
        What to change in the masks.
    graph : dict of int to list of int
        Track to its parents.
    """
    merging, splitting = _rows(found, links.merges), _rows(found, links.splits)
    step = _typical_step(found, search_range)

    def search() -> tuple[list, list]:
        check()
        merges = find_merges(found, tolerance=tolerance, step=step, candidates=merging)
        check()
        splits = find_splits(found, tolerance=tolerance, step=step, candidates=splitting)
        check()
        return merges, splits

    repairs = Repairs()
    if longest:
        # Every round joins flicker that the one before made visible; a few are enough.
        for _ in range(5):
            merges, splits = search()
            if not join_flicker(found, merges, splits, longest):
                break
        repairs = find_repairs(found, longest=longest, tolerance=tolerance)
    if not events:
        return repairs, {}
    merges, splits = search()
    found.track, graph = cut_at_events(found, merges, splits)
    return repairs, graph


def _rows(
    found: Detections, edges: Iterable[tuple[Node, Node]] | None
) -> list[tuple[int, int]] | None:
    if edges is None:
        return None
    return [
        (int(found.starts[f1]) + i1, int(found.starts[f2]) + i2) for (f1, i1), (f2, i2) in edges
    ]


def _typical_step(found: Detections, search_range: float) -> float:
    """90th percentile of the steps that were linked, in pixels."""
    steps = [
        np.hypot(*np.diff(found.position[rows], axis=0).T)
        for rows in list(found.tracks().values())[:500]
        if len(rows) > 1
    ]
    if not steps:
        return search_range
    return float(min(np.quantile(np.concatenate(steps), 0.9), search_range))
