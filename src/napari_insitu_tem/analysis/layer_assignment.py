"""Which particle belongs to which layer, when overlapping ones cannot be in the same.

Each particle has evidence for every layer, and each pair of overlapping particles a penalty for
being in the same one: a Potts model on the graph of overlaps. With two layers it is the colouring
of a graph with two colours where some edges may have to be broken. It is solved by letting the
surest particle choose first and its neighbours follow, and by improving that until nothing does.
"""

from __future__ import annotations

import heapq
from itertools import permutations

import numpy as np

__all__ = ["assign_layers"]

_SWEEPS = 30
#: More layers than this have too many orders to try them all.
_MOST_PERMUTED = 5


def assign_layers(
    evidence: np.ndarray, pairs: np.ndarray, penalty: np.ndarray, *, start: np.ndarray | None = None
) -> np.ndarray:
    """Give every particle a layer.

    What is made large is the sum of the evidence for the chosen layers, less the penalties of
    pairs in the same layer. The result is a maximum that neither moving one particle nor
    exchanging the layers of a whole cluster improves; for clusters without rings it is the best.

    Parameters
    ----------
    evidence : (n, n_layers) array
        How much speaks for each layer, in any unit.
    pairs : (m, 2) int array
        Particles that overlap.
    penalty : (m,) array
        What it costs, in the unit of the evidence, if both are in one layer.
    start : (n,) int array, optional
        Layers to prefer where all else is equal.

    Returns
    -------
    (n,) int array
        Layer of every particle, from 0.
    """
    count, n_layers = evidence.shape
    gain = np.array(evidence, float)
    if start is not None and count:
        gain[np.arange(count), start] += 1e-9
    if n_layers < 2 or not count:
        return np.zeros(count, int)
    neighbours: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for (one, other), cost in zip(pairs.tolist(), np.asarray(penalty, float), strict=True):
        if one != other:
            neighbours[one].append((other, float(cost)))
            neighbours[other].append((one, float(cost)))
    chosen = _surest_first(gain, neighbours)
    _improve(chosen, gain, neighbours)
    for cluster in _clusters(neighbours):
        if len(cluster) > 1 and n_layers <= _MOST_PERMUTED:
            _exchange(chosen, gain, np.array(cluster))
    _improve(chosen, gain, neighbours)
    return chosen


def _surest_first(gain: np.ndarray, neighbours: list[list[tuple[int, float]]]) -> np.ndarray:
    count = len(gain)
    now = gain.copy()  # less what the neighbours that have chosen cost
    chosen = np.full(count, -1)

    def sureness(particle: int) -> float:
        best, second = np.partition(now[particle], -2)[[-1, -2]]
        return float(best - second)

    heap = [(-sureness(particle), particle) for particle in range(count)]
    heapq.heapify(heap)
    while heap:
        sure, particle = heapq.heappop(heap)
        if chosen[particle] >= 0:
            continue
        current = -sureness(particle)
        if current > sure + 1e-12:  # a neighbour has chosen meanwhile
            heapq.heappush(heap, (current, particle))
            continue
        chosen[particle] = int(np.argmax(now[particle]))
        for other, cost in neighbours[particle]:
            if chosen[other] < 0:
                now[other, chosen[particle]] -= cost
                heapq.heappush(heap, (-sureness(other), other))
    return chosen


def _improve(
    chosen: np.ndarray, gain: np.ndarray, neighbours: list[list[tuple[int, float]]]
) -> None:
    """Move single particles for as long as that is better."""
    for _ in range(_SWEEPS):
        moved = False
        for particle, others in enumerate(neighbours):
            if not others:
                continue
            value = gain[particle].copy()
            for other, cost in others:
                value[chosen[other]] -= cost
            best = int(np.argmax(value))
            if value[best] > value[chosen[particle]] + 1e-12:
                chosen[particle] = best
                moved = True
        if not moved:
            return


def _clusters(neighbours: list[list[tuple[int, float]]]) -> list[list[int]]:
    seen, clusters = [False] * len(neighbours), []
    for first in range(len(neighbours)):
        if seen[first]:
            continue
        seen[first], cluster = True, [first]
        for particle in cluster:  # grows while it is walked through
            for other, _ in neighbours[particle]:
                if not seen[other]:
                    seen[other] = True
                    cluster.append(other)
        clusters.append(cluster)
    return clusters


def _exchange(chosen: np.ndarray, gain: np.ndarray, cluster: np.ndarray) -> None:
    """Exchange the layers of a whole cluster, which leaves its penalties, if that is better."""
    now = chosen[cluster]
    orders = [np.array(order) for order in permutations(range(gain.shape[1]))]
    value = [float(gain[cluster, order[now]].sum()) for order in orders]
    chosen[cluster] = orders[int(np.argmax(value))][now]
