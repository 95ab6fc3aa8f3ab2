"""Change points of a track over time: when a movie begins to behave differently.

The best division of the track into stretches of constant level, by least squares with a penalty
for each change (optimal partitioning, Jackson et al., IEEE Signal Process. Lett. 12, 105, 2005).
The noise is found from the track itself; where neighbouring values depend on each other, the
penalty grows accordingly (Romano et al., J. Am. Stat. Assoc. 117, 2147, 2022, treat this in full).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Change", "change_points", "first_onset"]

#: Frames around each for the level that noise is measured against.
_AROUND = 10
_MOST_CORRELATED = 0.8


@dataclass(frozen=True)
class Change:
    """A change of level.

    Parameters
    ----------
    frame : int
        The first of the new level.
    before, after : float
        Levels.
    size : float
        Their difference in standard deviations of the noise; negative for a fall.
    """

    frame: int
    before: float
    after: float
    size: float


def change_points(
    track: np.ndarray, *, penalty: float = 3.0, shortest: int = 4, least: float = 1.0
) -> list[Change]:
    """Find where a track changes its level.

    Parameters
    ----------
    track : (n,) array
        One value a frame; NaN (before the first forecast) is left out.
    penalty : float
        Of a change, in units of the noise's variance times log(n), further multiplied where
        neighbouring values are correlated. Larger ones give fewer alarms.
    shortest : int
        Frames that a level lasts at least.
    least : float
        Smallest change that is told, in standard deviations of the noise.

    Returns
    -------
    list of Change
        In time; empty where nothing changes or the track is too short.
    """
    track = np.asarray(track, float)
    known = np.flatnonzero(np.isfinite(track))
    values = track[known]
    if len(values) < 2 * shortest + 2:
        return []
    noise, correlation = _noise(values)
    if noise <= 0:
        return []
    more = (1 + correlation) / (1 - correlation)
    cost = 2 * penalty * more * np.log(len(values)) * noise**2
    bounds = [0, *_partition(values, cost, shortest), len(values)]
    levels = [float(values[a:b].mean()) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]
    found = [
        Change(int(known[place]), before, after, (after - before) / noise)
        for place, before, after in zip(bounds[1:-1], levels[:-1], levels[1:], strict=True)
    ]
    return [change for change in found if abs(change.size) >= least]


def first_onset(track: np.ndarray, **options: float) -> int | None:
    """Return the first frame at which the level of a track rises, or None; see `change_points`."""
    for change in change_points(track, **options):  # type: ignore[arg-type]
        if change.size > 0:
            return change.frame
    return None


def _noise(values: np.ndarray) -> tuple[float, float]:
    """Return the noise's standard deviation and the correlation of neighbouring values.

    Both against a running median, so that a change of level is no noise.
    """
    from scipy.ndimage import median_filter

    rest = values - median_filter(values, 2 * _AROUND + 1, mode="nearest")
    noise = 1.4826 * float(np.median(np.abs(rest - np.median(rest))))
    if noise <= 0:
        noise = float(rest.std())
    if noise <= 0:
        return 0.0, 0.0
    clipped = np.clip(rest, -3 * noise, 3 * noise)
    power = float(np.mean(clipped**2))
    neighbours = float(np.mean(clipped[1:] * clipped[:-1])) / power if power > 0 else 0.0
    return noise, float(np.clip(neighbours, 0, _MOST_CORRELATED))


def _partition(values: np.ndarray, penalty: float, shortest: int) -> list[int]:
    """Return where the best division into stretches of constant level has its changes."""
    count = len(values)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    squares = np.concatenate([[0.0], np.cumsum(values**2)])
    best = np.full(count + 1, np.inf)
    best[0] = -penalty
    came_from = np.zeros(count + 1, int)
    for end in range(shortest, count + 1):
        starts = np.arange(0, end - shortest + 1)
        total = sums[end] - sums[starts]
        cost = squares[end] - squares[starts] - total**2 / (end - starts)
        whole = best[starts] + cost + penalty
        place = int(np.argmin(whole))
        best[end], came_from[end] = whole[place], starts[place]
    changes, end = [], count
    while came_from[end] > 0:
        end = int(came_from[end])
        changes.append(end)
    return changes[::-1]
