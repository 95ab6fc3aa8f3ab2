"""Whether another order of a series' images makes better sense to the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from napari_insitu_tem.analysis.species.peaks import find_columns

__all__ = ["Order", "compare_orders", "decisiveness"]

#: Images of which all orders are tried.
_MOST = 4
#: Another order must be so much more decisive to be believed.
_MARGIN = 0.02


@dataclass(frozen=True)
class Order:
    """Which order of images suits a network best.

    Parameters
    ----------
    best : tuple of int
        Positions of the given images, in the best order.
    scores : dict
        Decisiveness of every order, from 0 to 1.
    """

    best: tuple[int, ...]
    scores: dict[tuple[int, ...], float]

    @property
    def suspicious(self) -> bool:
        """Whether another order is clearly better than the one given."""
        given = tuple(range(len(self.best)))
        return self.best != given and self.scores[self.best] > self.scores[given] + _MARGIN


def compare_orders(
    images: Sequence[np.ndarray],
    predict: Callable[[np.ndarray], np.ndarray],
    *,
    bond: float,
    threshold: float,
) -> Order:
    """Run a network on all orders of a series' images, and see how decided it is on each.

    Parameters
    ----------
    images : sequence of (y, x) arrays
        As the network takes them; more than four are compared with their reverse only.
    predict : callable
        From (n, y, x) to maps (3, y, x).
    bond : float
        Distance of neighbouring columns, px.
    threshold : float
        Least height of a column's peak.
    """
    count = len(images)
    given = tuple(range(count))
    orders = list(permutations(given)) if count <= _MOST else [given, given[::-1]]
    scores = {
        order: decisiveness(predict(np.stack([images[at] for at in order])), bond, threshold)
        for order in orders
    }
    return Order(max(scores, key=lambda order: scores[order]), scores)


def decisiveness(maps: np.ndarray, bond: float, threshold: float) -> float:
    """Return how surely maps tell columns and their classes, 0 to 1.

    The mean over all columns of the share of the likeliest class, times how many of the columns
    that there is room for were found.
    """
    columns = find_columns(maps, bond=bond, threshold=threshold)
    if not len(columns):
        return 0.0
    shares = np.clip(columns.masses, 0, None)
    decided = shares.max(axis=1) / np.maximum(shares.sum(axis=1), 1e-12)
    heights = np.clip(columns.masses.sum(axis=1), 0, 1)
    # Two columns to a cell of the honeycomb, whose area is 3√3/2 bonds squared.
    room = 2 * maps[0].size / (1.5 * np.sqrt(3) * bond**2)
    return float(np.sum(decided * heights) / max(room, len(columns)))
