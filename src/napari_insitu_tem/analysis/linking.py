"""Linking: which particle of one frame is which in the next. One interface, two libraries.

- *trackpy* (Crocker & Grier, J. Colloid Interface Sci. 179, 298, 1996): the assignment that
  minimises the sum of squared displacements. Its sub-networks, which trackpy solves by trying
  all combinations and gives up above 30 particles, are solved here as linear assignments with
  the same costs: exactly, however dense the field.
- *laptrack* (Fukai & Kawaguchi, Bioinformatics 39, btac799, 2023, after Jaqaman et al., Nat.
  Methods 5, 695, 2008): linear assignment from frame to frame and then between pieces of
  tracks, with gaps closed and merges and splits as candidates.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from napari_insitu_tem.job import Job
from napari_insitu_tem.loading import collector_at_rest

__all__ = ["LINKERS", "Linker", "Links"]

Node = tuple[int, int]
_ESTABLISHED = 3
"""Frames after which a track is no longer taken for noise."""
_TRACKPY = threading.Lock()
"""trackpy numbers its tracks by a counter of the class: one linking at a time."""


@dataclass(frozen=True)
class Links:
    """Result of linking.

    Parameters
    ----------
    tracks : list of (n,) int arrays
        For every frame the track (from 0) of every particle.
    merges, splits : frozenset of ((frame, index), (frame, index)) or None
        Edges between the end of one track and the middle of another that the linker proposes;
        None when it proposes none of its own and every place is worth a look.
    """

    tracks: list[np.ndarray]
    merges: frozenset[tuple[Node, Node]] | None = None
    splits: frozenset[tuple[Node, Node]] | None = field(default=None)


class Linker(Protocol):
    """What links positions: `LINKERS` holds them by name."""

    def __call__(
        self, positions: list[np.ndarray], *, search_range: float, memory: int, job: Job
    ) -> Links:
        """Link.

        Parameters
        ----------
        positions : list of (n, 2) arrays
            (y, x) in every frame, without common drift.
        search_range : float
            Farthest step from one frame to the next, in pixels.
        memory : int
            Frames that a particle may be missing.
        job : Job
            Progress and cancel.
        """
        ...


def link_with_trackpy(
    positions: list[np.ndarray], *, search_range: float, memory: int, job: Job
) -> Links:
    """Link by trackpy, frame by frame."""
    with collector_at_rest():
        from trackpy.linking.linking import link_iter

    if not positions:
        return Links([])
    with _TRACKPY:
        steps = link_iter(
            iter(enumerate(positions)),
            search_range,
            memory=memory,
            link_strategy=_assign_subnet,
            neighbor_strategy="KDTree",
        )
        tracks = [
            np.asarray(numbers, np.int64)
            for _, numbers in job.track(_quietly(steps), "Linking", len(positions))
        ]
    return Links(tracks)


def _quietly(steps: Iterator[Any]) -> Iterator[Any]:
    """Silence trackpy's line a frame while it works."""
    import logging

    logger = logging.getLogger("trackpy.linking.linking")
    disabled, logger.disabled = logger.disabled, True
    try:
        yield from steps
    finally:
        logger.disabled = disabled


def _assign_subnet(
    sources: set[Any], destinations: set[Any], search_range: float, **unused: Any
) -> tuple[list[Any], list[Any]]:
    """Solve one of trackpy's sub-networks as a linear assignment.

    The costs are trackpy's own: the squared distance of a link, the squared search range for
    a particle that is lost; a new particle costs nothing. One thing differs: losing a particle
    that was there in the last frame costs up to twice as much as losing one that was missing
    already, so that what is remembered of noise never takes a track from the particle beside it.
    """
    if len(sources) == 1 and len(destinations) == 1:
        (point,) = sources
        point.track.length = getattr(point.track, "length", 1) + 1
        return list(sources), list(destinations)
    if not sources or not destinations:
        return [*sources, *[None] * len(destinations)], [*[None] * len(sources), *destinations]
    from scipy.optimize import linear_sum_assignment

    old, new = list(sources), list(destinations)
    column = {id(point): index for index, point in enumerate(new)}
    squared_range = search_range**2
    cost = np.full((len(old), len(new) + len(old)), 4 * squared_range * (len(old) + 1))
    worth = [_worth(point, new[0].t) for point in old]
    cost[:, len(new) :] = np.array(worth)[:, None] * squared_range
    for index, point in enumerate(old):
        for candidate, distance in point.forward_cands:
            if candidate is not None:
                cost[index, column[id(candidate)]] = distance**2
    rows, columns = linear_sum_assignment(cost)
    pairs = [(old[i], new[j] if j < len(new) else None) for i, j in zip(rows, columns, strict=True)]
    for before, after in pairs:
        if after is not None:
            before.track.length = getattr(before.track, "length", 1) + 1
    taken = {id(point) for _, point in pairs if point is not None}
    pairs += [(None, point) for point in new if id(point) not in taken]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _worth(point: Any, now: int) -> float:
    """Say what losing a particle costs: more if it was there just now, and for long."""
    if point.t < now - 1:
        return 1.0
    return 1.5 if getattr(point.track, "length", 1) < _ESTABLISHED else 2.0


class _Watched(list[np.ndarray]):
    """Positions that ask whether to stop whenever the linker takes the next frame of them."""

    check: Callable[[], None]

    def __getitem__(self, index: Any) -> Any:
        self.check()
        item = super().__getitem__(index)
        if isinstance(index, slice):
            item = _Watched(item)
            item.check = self.check
        return item

    def __iter__(self) -> Iterator[np.ndarray]:
        for item in super().__iter__():
            self.check()
            yield item


def link_with_laptrack(
    positions: list[np.ndarray], *, search_range: float, memory: int, job: Job
) -> Links:
    """Link by laptrack, with merges and splits as candidates."""
    with collector_at_rest():
        from laptrack import LapTrack
    from scipy.spatial.distance import sqeuclidean

    if not any(len(frame) for frame in positions):
        return Links([np.zeros(len(frame), np.int64) for frame in positions])

    def distance(a: np.ndarray, b: np.ndarray) -> float:
        job.check()
        return float(sqeuclidean(a, b))

    watched = _Watched(np.reshape(frame, (-1, 2)) for frame in positions)
    watched.check = job.check
    cutoff = search_range**2
    tracker = LapTrack(
        cutoff=cutoff,
        gap_closing_metric=distance,
        gap_closing_cutoff=cutoff if memory else False,
        gap_closing_max_frame_count=memory + 1,
        splitting_metric=distance,
        splitting_cutoff=2 * cutoff,
        merging_metric=distance,
        merging_cutoff=2 * cutoff,
    )
    job.log("Linking with laptrack")
    tree = tracker.predict(watched)
    return _read_tree(tree, positions)


def _read_tree(tree: Any, positions: list[np.ndarray]) -> Links:
    """Cut laptrack's graph into tracks without branches, and list the branching edges."""
    merges: set[tuple[Node, Node]] = set()
    splits: set[tuple[Node, Node]] = set()
    previous: dict[Node, Node] = {}
    for node in tree.nodes:
        parents = list(tree.predecessors(node))
        if len(parents) > 1:
            # The parent that came straight goes on; the others merge into the particle.
            parents.sort(key=lambda parent: _distance(parent, node, positions))
            merges.update((parent, node) for parent in parents[1:])
        if parents:
            previous[node] = parents[0]
    children: dict[Node, list[Node]] = {}
    for node, parent in previous.items():
        children.setdefault(parent, []).append(node)
    for parent, nodes in children.items():
        nodes.sort(key=lambda node: _distance(parent, node, positions))
        for node in nodes[1:]:
            splits.add((parent, node))
            del previous[node]
    numbers = [np.full(len(frame), -1, np.int64) for frame in positions]
    count = 0
    for frame, index in sorted(tree.nodes):
        if (frame, index) in previous:
            before, where = previous[frame, index]
            numbers[frame][index] = numbers[before][where]
        else:
            numbers[frame][index] = count
            count += 1
    return Links(numbers, frozenset(merges), frozenset(splits))


def _distance(a: Node, b: Node, positions: list[np.ndarray]) -> float:
    return float(((positions[a[0]][a[1]] - positions[b[0]][b[1]]) ** 2).sum())


#: The linkers by the name they have in the settings.
LINKERS: dict[str, Linker] = {"trackpy": link_with_trackpy, "laptrack": link_with_laptrack}
