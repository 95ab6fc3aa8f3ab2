"""How well tracks keep the identity of particles, against a known truth.

IDF1 is that of Ristani et al. (ECCV Workshops 2016, "Performance measures and a data set for
multi-target, multi-camera tracking"): true identities and tracks are paired one to one so
that as many detections as possible agree; it is the share of those among all detections, in
the truth and found, as an F1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "EventScore",
    "IdentityScore",
    "angle_errors",
    "graph_events",
    "score_events",
    "score_identity",
]


@dataclass(frozen=True)
class IdentityScore:
    """Agreement of tracks with the truth.

    Parameters
    ----------
    idf1 : float
        Identity F1, 0 to 1.
    switches : int
        How often the track on a true particle changes.
    detection_f1 : float
        F1 of the detections alone: what `idf1` could be at best.
    centroid_rmse : float
        Root mean square distance of matched centroids, in pixels.
    orientation_rmse : float
        Root mean square error of the orientation modulo the symmetry, in degrees; NaN when
        there is none to compare.
    pairs : pandas.DataFrame
        Matched rows: ``frame``, ``particle``, ``track``, ``distance``, ``turn`` (degrees).
    """

    idf1: float
    switches: int
    detection_f1: float
    centroid_rmse: float
    orientation_rmse: float
    pairs: pd.DataFrame


@dataclass(frozen=True)
class EventScore:
    """Agreement of merges and splits: counts and their F1."""

    found: int
    true: int
    matched: int

    @property
    def f1(self) -> float:
        """F1; 1 when there is nothing to find and nothing was found."""
        total = self.found + self.true
        return 2 * self.matched / total if total else 1.0


def angle_errors(found: np.ndarray, true: np.ndarray, symmetry: np.ndarray | float) -> np.ndarray:
    """Differences of angles modulo 360/k, from −180/k to 180/k degrees."""
    period = 360 / np.asarray(symmetry, float)
    return np.mod(np.asarray(found) - np.asarray(true) + period / 2, period) - period / 2


def score_identity(
    truth: pd.DataFrame, particles: pd.DataFrame, *, reach: float | None = None
) -> IdentityScore:
    """Compare tracks with the truth.

    Parameters
    ----------
    truth : pandas.DataFrame
        ``frame, particle, y, x`` and, if known, ``orientation`` (deg), ``symmetry``, ``area``.
    particles : pandas.DataFrame
        Table of a `Tracking`.
    reach : float, optional
        Farthest distance of a match in pixels. Otherwise that at which two discs of the median
        true area overlap with an IoU of one half, as is usual for detections (0.53 radii): one
        mask over two touching particles is neither of them.

    Returns
    -------
    IdentityScore
        Detections are matched frame by frame, one to one, with the least sum of distances.
    """
    import pandas as pd
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    if reach is None:
        reach = 0.53 * float(np.sqrt(truth["area"].median() / np.pi)) if "area" in truth else 5.0
    truth_rows: Any = truth.groupby("frame").indices
    found_rows: Any = particles.groupby("frame").indices
    true_at, found_at = truth[["y", "x"]].to_numpy(float), particles[["y", "x"]].to_numpy(float)
    matches = []
    for frame in sorted(set(truth_rows) & set(found_rows)):
        a, b = truth_rows[frame], found_rows[frame]
        distance = cdist(true_at[a], found_at[b])
        i, j = linear_sum_assignment(np.minimum(distance, 10 * reach))
        good = distance[i, j] <= reach
        matches.append(np.column_stack((a[i[good]], b[j[good]])))
    matched = np.concatenate([*matches, np.zeros((0, 2), int)]).astype(int)
    a, b = matched.T
    pairs = pd.DataFrame(
        {
            "frame": truth["frame"].to_numpy()[a],
            "particle": truth["particle"].to_numpy()[a],
            "track": particles["track"].to_numpy()[b],
            "distance": np.hypot(*(true_at[a] - found_at[b]).T),
        }
    )
    pairs["turn"] = np.nan
    if "orientation" in truth and "orientation" in particles:
        folds = truth["symmetry"].to_numpy(float)[a] if "symmetry" in truth else 2.0
        with np.errstate(divide="ignore", invalid="ignore"):
            pairs["turn"] = angle_errors(
                particles["orientation"].to_numpy(float)[b],
                truth["orientation"].to_numpy(float)[a],
                folds,
            )
    total = len(truth) + len(particles)
    counts = pd.crosstab(pairs["particle"], pairs["track"]).to_numpy()
    agreed = int(counts[linear_sum_assignment(-counts)].sum()) if counts.size else 0
    ordered = pairs.sort_values(["particle", "frame"])
    same = ordered["particle"].to_numpy()[1:] == ordered["particle"].to_numpy()[:-1]
    changed = ordered["track"].to_numpy()[1:] != ordered["track"].to_numpy()[:-1]
    turns = pairs["turn"].to_numpy()
    turns = turns[np.isfinite(turns)]
    return IdentityScore(
        idf1=2 * agreed / total if total else 1.0,
        switches=int((same & changed).sum()),
        detection_f1=2 * len(pairs) / total if total else 1.0,
        centroid_rmse=_rms(pairs["distance"].to_numpy()),
        orientation_rmse=_rms(turns),
        pairs=pairs,
    )


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2))) if len(values) else float("nan")


def graph_events(particles: pd.DataFrame, graph: Mapping[int, Iterable[int]]) -> list[dict]:
    """List merges and splits of a graph: frame, kind, and where (y, x) it happened.

    Parameters
    ----------
    particles : pandas.DataFrame
        Table of a `Tracking`.
    graph : dict of int to list of int
        Its graph.
    """
    first = particles.loc[particles.groupby("track")["frame"].idxmin()].set_index("track")
    last = particles.loc[particles.groupby("track")["frame"].idxmax()].set_index("track")
    events: list[dict[str, Any]] = []
    families: dict[int, list[int]] = {}
    for child, parents in graph.items():
        parents = list(parents)
        if len(parents) > 1:
            here: Any = first.loc[child]
            events.append({"frame": int(here["frame"]), "kind": "merge", "at": _at(here)})
        else:
            families.setdefault(parents[0], []).append(child)
    for parent, children in families.items():
        frame = int(first.loc[children, "frame"].to_numpy().min())
        events.append({"frame": frame, "kind": "split", "at": _at(last.loc[parent])})
    return sorted(events, key=lambda event: event["frame"])


def _at(row: Any) -> tuple[float, float]:
    return float(row["y"]), float(row["x"])


def score_events(
    found: list[dict], true: list[dict], *, frames: int = 3, reach: float = 20.0
) -> EventScore:
    """Compare merges and splits: same kind, near in time and place.

    Parameters
    ----------
    found, true : list of dict
        ``frame``, ``kind`` and ``at`` (y, x) of every event; see `graph_events`.
    frames : int
        Frames that an event may be early or late.
    reach : float
        Pixels that it may be away.
    """
    from scipy.optimize import linear_sum_assignment

    if not found or not true:
        return EventScore(len(found), len(true), 0)
    fits = np.array([[_fits(f, t, frames, reach) for t in true] for f in found])
    rows, columns = linear_sum_assignment(~fits)
    return EventScore(len(found), len(true), int(fits[rows, columns].sum()))


def _fits(found: dict, true: dict, frames: int, reach: float) -> bool:
    return bool(
        found["kind"] == true["kind"]
        and abs(found["frame"] - true["frame"]) <= frames
        and np.hypot(found["at"][0] - true["at"][0], found["at"][1] - true["at"][1]) <= reach
    )
