"""How well label images agree with a ground truth: instance F1, precision, recall, IoU."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["agreement_table", "foreground_iou", "instance_scores", "match_instances"]


def _overlaps(truth: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the IoU of every overlapping pair as (truth index, found index, IoU)."""
    truth_values, truth_index = np.unique(truth, return_inverse=True)
    found_values, found_index = np.unique(found, return_inverse=True)
    code = truth_index.ravel() * len(found_values) + found_index.ravel()
    pairs, counts = np.unique(code, return_counts=True)
    rows, columns = np.divmod(pairs, len(found_values))
    truth_areas = np.bincount(truth_index.ravel(), minlength=len(truth_values))
    found_areas = np.bincount(found_index.ravel(), minlength=len(found_values))
    iou = counts / (truth_areas[rows] + found_areas[columns] - counts)
    both = (truth_values[rows] != 0) & (found_values[columns] != 0)
    return truth_values[rows[both]], found_values[columns[both]], iou[both]


def match_instances(
    truth: np.ndarray, found: np.ndarray, *, threshold: float = 0.5
) -> list[tuple[int, int, float]]:
    """Pair particles one to one so that the most pairs reach the threshold.

    Parameters
    ----------
    truth, found : (y, x) integer arrays
        Label images; 0 is background.
    threshold : float
        Lowest intersection over union of a pair.

    Returns
    -------
    list of (truth label, found label, IoU)
        Every label occurs at most once.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns, iou = _overlaps(np.asarray(truth), np.asarray(found))
    keep = iou >= threshold
    rows, columns, iou = rows[keep], columns[keep], iou[keep]
    if rows.size == 0:
        return []
    row_values, row_index = np.unique(rows, return_inverse=True)
    column_values, column_index = np.unique(columns, return_inverse=True)
    score = np.zeros((len(row_values), len(column_values)))
    score[row_index, column_index] = 1 + iou
    chosen = linear_sum_assignment(score, maximize=True)
    return [
        (int(row_values[i]), int(column_values[j]), float(score[i, j] - 1))
        for i, j in zip(*chosen, strict=True)
        if score[i, j] > 0
    ]


def foreground_iou(truth: np.ndarray, found: np.ndarray) -> float:
    """Return the intersection over union of the two foregrounds; 1 when both are empty."""
    inside, proposed = np.asarray(truth) != 0, np.asarray(found) != 0
    union = np.count_nonzero(inside | proposed)
    return np.count_nonzero(inside & proposed) / union if union else 1.0


def instance_scores(
    truth: np.ndarray, found: np.ndarray, *, threshold: float = 0.5
) -> dict[str, float]:
    """Score one label image against its ground truth.

    A found particle is right when it and a true one are matched one to one with an
    intersection over union of at least `threshold` (Kirillov et al., CVPR 2019, use the
    same matching).

    Returns
    -------
    dict
        ``true_particles``, ``found_particles``, ``matched``, ``precision``, ``recall``,
        ``f1`` (1 when there is nothing to find and nothing was found), ``matched_iou`` (mean
        over the matched pairs) and ``foreground_iou``.
    """
    truth, found = np.asarray(truth), np.asarray(found)
    if truth.shape != found.shape:
        raise ValueError(f"The masks differ in shape: {truth.shape} and {found.shape}.")
    pairs = match_instances(truth, found, threshold=threshold)
    n_true = len(np.setdiff1d(np.unique(truth), [0]))
    n_found = len(np.setdiff1d(np.unique(found), [0]))
    matched = len(pairs)
    return {
        "true_particles": n_true,
        "found_particles": n_found,
        "matched": matched,
        "precision": matched / n_found if n_found else float(n_true == 0),
        "recall": matched / n_true if n_true else float(n_found == 0),
        "f1": 2 * matched / (n_true + n_found) if n_true + n_found else 1.0,
        "matched_iou": float(np.mean([iou for _, _, iou in pairs])) if pairs else 0.0,
        "foreground_iou": foreground_iou(truth, found),
    }


def agreement_table(
    truth: Iterable[np.ndarray], found: Iterable[np.ndarray], *, threshold: float = 0.5
) -> pd.DataFrame:
    """Score every frame; one row a frame with the columns of `instance_scores`."""
    import pandas as pd

    rows = [
        {"frame": frame, **instance_scores(one, other, threshold=threshold)}
        for frame, (one, other) in enumerate(zip(truth, found, strict=True))
    ]
    return pd.DataFrame(rows)
