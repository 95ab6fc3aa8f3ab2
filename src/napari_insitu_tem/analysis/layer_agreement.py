"""How well particles in layers agree with a ground truth, layer by layer and in any layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.agreement import match_instances

__all__ = ["LayerScore", "layer_score", "without_border"]


@dataclass(frozen=True)
class LayerScore:
    """Counts of one or more frames; scores of several frames can be added up.

    Parameters
    ----------
    true, found : int
        Particles there are, and that were found.
    matched : int
        Pairs with enough overlap of which both are in the same layer.
    matched_anywhere : int
        Pairs with enough overlap, whichever layers they are in.
    """

    true: int = 0
    found: int = 0
    matched: int = 0
    matched_anywhere: int = 0

    def __add__(self, other: LayerScore) -> LayerScore:
        return LayerScore(
            self.true + other.true,
            self.found + other.found,
            self.matched + other.matched,
            self.matched_anywhere + other.matched_anywhere,
        )

    @property
    def f1(self) -> float:
        """F1 of particles in the right layer; 1 when there is nothing, and nothing was found."""
        return self._f1(self.matched)

    @property
    def f1_anywhere(self) -> float:
        """F1 of particles, whichever layer they were found in."""
        return self._f1(self.matched_anywhere)

    def _f1(self, matched: int) -> float:
        total = self.true + self.found
        return 2 * matched / total if total else 1.0


def layer_score(truth: np.ndarray, found: np.ndarray, *, threshold: float = 0.5) -> LayerScore:
    """Score the layers of one frame.

    Parameters
    ----------
    truth : (n_layers, y, x) integer array
        True particles of every layer; 0 is background.
    found : (m_layers, y, x) integer array
        What was found. With fewer layers than the truth (one, where overlaps were not taken
        apart), only the score in any layer says something.
    threshold : float
        Lowest intersection over union of a pair; see `agreement.match_instances`.
    """
    from scipy.optimize import linear_sum_assignment

    matched = sum(
        len(match_instances(one, other, threshold=threshold))
        for one, other in zip(truth, found, strict=False)
    )
    pairs: list[tuple[tuple[int, int], tuple[int, int], float]] = []
    for a, one in enumerate(truth):
        for b, other in enumerate(found):
            matches = match_instances(one, other, threshold=threshold)
            pairs += [((a, t), (b, f), iou) for t, f, iou in matches]
    anywhere = 0
    if pairs:
        rows = {key: n for n, key in enumerate(dict.fromkeys(pair[0] for pair in pairs))}
        columns = {key: n for n, key in enumerate(dict.fromkeys(pair[1] for pair in pairs))}
        worth = np.zeros((len(rows), len(columns)))
        for one, other, iou in pairs:
            worth[rows[one], columns[other]] = 1 + iou
        chosen = linear_sum_assignment(worth, maximize=True)
        anywhere = int(np.count_nonzero(worth[chosen]))
    return LayerScore(_count(truth), _count(found), matched, anywhere)


def without_border(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out what the border of the frame cuts, in the truth and in what was found.

    Found particles that touch the border go as well, and those of which more than half lies
    on true ones that were left out.

    Parameters
    ----------
    truth, found : (n_layers, y, x) integer arrays
        Particles of every layer; 0 is background.

    Returns
    -------
    truth, found : (n_layers, y, x) integer arrays
        New ones.
    """
    inside = np.stack([_without(layer, _at_border(layer)) for layer in truth])
    left_out = ((truth > 0) & (inside == 0)).any(axis=0)
    kept = []
    for layer in found:
        area = np.bincount(layer.ravel())
        lost = np.bincount(layer.ravel(), left_out.ravel(), minlength=len(area))
        mostly = np.flatnonzero(lost > 0.5 * area)
        kept.append(_without(layer, np.union1d(_at_border(layer), mostly)))
    return inside, np.stack(kept)


def _at_border(layer: np.ndarray) -> np.ndarray:
    return np.unique(np.concatenate([layer[0], layer[-1], layer[:, 0], layer[:, -1]]))


def _without(layer: np.ndarray, labels: np.ndarray) -> np.ndarray:
    result: np.ndarray = np.where(np.isin(layer, labels), 0, layer)
    return result


def _count(labels: np.ndarray) -> int:
    return sum(len(np.setdiff1d(layer, [0])) for layer in labels)
