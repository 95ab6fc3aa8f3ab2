"""Displacements of tracked particles: mean-squared displacement and common drift.

Everything here works on the rows of a table of tracks, so a track may have gaps: a pair of
positions counts for the lag that lies between their frames, whatever is missing in between.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SquaredDisplacements", "Walks", "common_drift", "log_spaced_lags", "without_drift"]


@dataclass(frozen=True, eq=False)
class Walks:
    """Coordinates of many tracks, in rows sorted by track and frame.

    Parameters
    ----------
    tracks : (n,) array
        The tracks' numbers, ascending.
    index : (rows,) array
        Which of `tracks` a row belongs to.
    frame : (rows,) array
        Its frame.
    values : (rows, d) array
        Its coordinates: (y, x) in pixels, or an unwrapped angle in degrees.
    """

    tracks: np.ndarray
    index: np.ndarray
    frame: np.ndarray
    values: np.ndarray

    @classmethod
    def from_table(cls, table: pd.DataFrame, columns: Sequence[str] = ("y", "x")) -> Walks:
        """Take the named columns; rows without a value (no orientation, say) are left out."""
        values = table[list(columns)].to_numpy(float)
        track, frame = table["track"].to_numpy(int), table["frame"].to_numpy(int)
        tracks = np.unique(track)
        order = np.lexsort((frame, track))
        order = order[np.isfinite(values[order]).all(axis=1)]
        return cls(tracks, np.searchsorted(tracks, track[order]), frame[order], values[order])

    @property
    def dimensions(self) -> int:
        """Number of coordinates."""
        return self.values.shape[1]

    @property
    def lengths(self) -> np.ndarray:
        """Rows of every track."""
        return np.bincount(self.index, minlength=len(self.tracks))

    def chunks(self, size: int) -> Iterator[Walks]:
        """Yield the walks of `size` tracks at a time."""
        for start in range(0, len(self.tracks), size):
            stop = min(start + size, len(self.tracks))
            rows = slice(*np.searchsorted(self.index, (start, stop)))
            yield Walks(
                self.tracks[start:stop],
                self.index[rows] - start,
                self.frame[rows],
                self.values[rows],
            )

    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Return, for every row but the last, the way to the next row and whether it is a step.

        A step joins neighbouring frames of one track; where `is_step` is false, the way
        crosses a gap or goes from one track to another.
        """
        ways = np.diff(self.values, axis=0)
        is_step = (np.diff(self.index) == 0) & (np.diff(self.frame) == 1)
        return ways, is_step


@dataclass(frozen=True, eq=False)
class SquaredDisplacements:
    """Sums of squared displacements, by track and lag.

    Parameters
    ----------
    tracks : (n,) array
        The tracks' numbers.
    lags : (l,) array
        Lags in frames, from 1.
    total : (n, l) array
        Sum of |r(t + lag) − r(t)|² over all pairs of a track.
    pairs : (n, l) array
        Number of these pairs.
    dimensions : int
        Number of coordinates in r.
    """

    tracks: np.ndarray
    lags: np.ndarray
    total: np.ndarray
    pairs: np.ndarray
    dimensions: int

    @classmethod
    def of(cls, walks: Walks, lags: np.ndarray) -> SquaredDisplacements:
        """Sum over all pairs of positions that are one of the `lags` apart, gaps or not."""
        n, lags = len(walks.tracks), np.unique(np.asarray(lags, int))
        total, pairs = np.zeros((len(lags), n)), np.zeros((len(lags), n))
        # One ascending key a row; a lag never leads from one track's keys into the next one's.
        width = int(walks.frame.max(initial=0)) + int(lags.max(initial=0)) + 1
        key = walks.index * np.int64(width) + walks.frame
        gapless = bool((np.diff(walks.frame)[np.diff(walks.index) == 0] == 1).all())
        columns = np.ascontiguousarray(walks.values.T)
        for row, lag in enumerate(lags):
            if gapless:  # the row that is `lag` on is that many rows on
                now = np.flatnonzero(walks.index[lag:] == walks.index[:-lag])
                later = now + lag
            else:
                found = np.searchsorted(key, key + lag)
                now = np.flatnonzero(key[np.minimum(found, len(key) - 1)] == key + lag)
                later = found[now]
            square = sum((column[later] - column[now]) ** 2 for column in columns)
            total[row] = np.bincount(walks.index[now], square, minlength=n)
            pairs[row] = np.bincount(walks.index[now], minlength=n)
        return cls(walks.tracks, lags, total.T, pairs.T, walks.dimensions)

    @classmethod
    def concatenate(cls, parts: Sequence[SquaredDisplacements]) -> SquaredDisplacements:
        """Join those of different tracks at the same lags."""
        return cls(
            np.concatenate([part.tracks for part in parts]),
            parts[0].lags,
            np.concatenate([part.total for part in parts]),
            np.concatenate([part.pairs for part in parts]),
            parts[0].dimensions,
        )

    @property
    def mean(self) -> np.ndarray:
        """Mean-squared displacement of every track, (n, l); NaN where there is no pair."""
        return np.divide(
            self.total, self.pairs, out=np.full_like(self.total, np.nan), where=self.pairs > 0
        )

    def ensemble(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean over all pairs of all tracks, and its standard error, by lag.

        The error is that between tracks, which are independent of each other (pairs within a
        track overlap and are not). It is NaN where a single track reaches.
        """
        weight = self.pairs.sum(axis=0)
        mean = _divide(self.total.sum(axis=0), weight)
        deviation = np.where(self.pairs > 0, self.total - self.pairs * mean, 0.0)
        n = (self.pairs > 0).sum(axis=0)
        correction = np.where(n > 1, n / np.maximum(n - 1, 1), np.nan)
        return mean, _divide(np.sqrt((deviation**2).sum(axis=0) * correction), weight)

    def select(self, chosen: np.ndarray | slice) -> SquaredDisplacements:
        """Return only some tracks (a mask or positions in `tracks`)."""
        return SquaredDisplacements(
            self.tracks[chosen], self.lags, self.total[chosen], self.pairs[chosen], self.dimensions
        )

    def scaled(self, factor: float) -> SquaredDisplacements:
        """Return them with every square multiplied."""
        return dataclasses.replace(self, total=self.total * factor)

    def at(self, lags: np.ndarray) -> SquaredDisplacements:
        """Return only those lags that are among `lags`."""
        chosen = np.isin(self.lags, lags)
        return SquaredDisplacements(
            self.tracks,
            self.lags[chosen],
            self.total[:, chosen],
            self.pairs[:, chosen],
            self.dimensions,
        )


def log_spaced_lags(max_lag: int) -> np.ndarray:
    """Return whole lags from 1 to `max_lag`, each about √2 times the one before.

    The points of a mean-squared displacement scatter together, so that more of them hold
    hardly more knowledge.
    """
    powers = np.arange(2 * np.log2(max(max_lag, 1)) + 1)
    lags = np.unique((2 ** (powers / 2)).round().astype(int))
    return lags[lags <= max(max_lag, 1)]


def common_drift(walks: Walks, n_frames: int) -> tuple[np.ndarray, float]:
    """Return what all particles have in common: the drift that is left of the stage.

    Parameters
    ----------
    walks : Walks
        Positions.
    n_frames : int
        Length of the movie.

    Returns
    -------
    drift : (n_frames, d) array
        Way since frame 0: sum of the mean steps of all particles.
    lost : float
        The share of independent motion that subtracting it takes away, the mean of 1/n over
        the n particles of every step; quadratic quantities have to be divided by 1 − `lost`.
    """
    ways, is_step = walks.steps()
    to = walks.frame[1:][is_step]
    particles = np.bincount(to, minlength=n_frames)
    mean = np.stack(
        [
            _divide(np.bincount(to, ways[is_step, axis], minlength=n_frames), particles, 0.0)
            for axis in range(walks.dimensions)
        ],
        axis=1,
    )
    # A lone particle's own way cannot be told from drift: leave it alone.
    mean[particles < 2] = 0.0
    share = np.where(particles[to] < 2, 0.0, 1.0 / np.maximum(particles[to], 1))
    return np.cumsum(mean, axis=0), float(share.mean()) if len(share) else 0.0


def without_drift(walks: Walks, drift: np.ndarray) -> Walks:
    """Return the walks relative to a drift, (frames, d)."""
    return Walks(walks.tracks, walks.index, walks.frame, walks.values - drift[walks.frame])


def _divide(numerator: np.ndarray, denominator: np.ndarray, empty: float = np.nan) -> np.ndarray:
    out = np.full(np.shape(numerator), empty, float)
    return np.divide(numerator, denominator, out=out, where=denominator > 0)
