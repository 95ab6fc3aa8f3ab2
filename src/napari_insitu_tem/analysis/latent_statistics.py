"""What latent variables do over time, window by window (Wang et al. 2023, Figure 1d)."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

__all__ = [
    "ACTIVE",
    "SeriesStatistics",
    "active_first",
    "active_latents",
    "running_mean",
    "series_statistics",
    "spearman_against_time",
]

#: A latent whose mean varies by more than this over the data takes part (Burda et al., ICLR
#: 2016); those that do not are held at zero by the Kullback-Leibler term.
ACTIVE = 0.01


@dataclass(frozen=True, eq=False)
class SeriesStatistics:
    """Statistics of many series over time; arrays of one shape, a value a series.

    Parameters
    ----------
    mean : array
        Over time.
    variance : array
        Over time, of the population (divided by n).
    spearman : array
        Spearman's ρ of the values against time, -1 … 1; 0 for a constant series.
    rate : array
        Root mean square of the change from one frame to the next.
    """

    mean: np.ndarray
    variance: np.ndarray
    spearman: np.ndarray
    rate: np.ndarray

    @property
    def time_correlated_variance(self) -> np.ndarray:
        """(ρ · variance)²: large where values change much, and in one direction."""
        return (self.spearman * self.variance) ** 2

    @property
    def slow_variance(self) -> np.ndarray:
        """The variance less that of noise that frames do not share, at least 0.

        Such noise has half the mean square of the change from frame to frame (von Neumann,
        1941), so what is left varies over more than a frame or two, in whatever direction.
        """
        return np.maximum(self.variance - self.rate**2 / 2, 0)

    def reshaped(self, shape: tuple[int, ...]) -> SeriesStatistics:
        """Return them in another shape."""
        return SeriesStatistics(*(getattr(self, part.name).reshape(shape) for part in fields(self)))


def series_statistics(series: np.ndarray) -> SeriesStatistics:
    """Return the statistics of series.

    Parameters
    ----------
    series : (t, n) array
        Values over time, evenly spaced.

    Returns
    -------
    SeriesStatistics
        Of shape (n,), float32.
    """
    values = np.ascontiguousarray(np.asarray(series, np.float32).T)
    mean = values.mean(axis=1)
    # Small, fast changes of a large mean need a centre; twice the memory is a block's only.
    centred = values - mean[:, None]
    variance = np.einsum("nt,nt->n", centred, centred) / values.shape[1]
    steps = np.diff(values, axis=1)
    squares = np.einsum("nt,nt->n", steps, steps) / max(1, steps.shape[1])
    return SeriesStatistics(mean, variance, spearman_against_time(values), np.sqrt(squares))


def spearman_against_time(values: np.ndarray) -> np.ndarray:
    """Return Spearman's ρ of every series against time.

    Without ties it is 1 - 6 Σ (rank - time)² / (t (t² - 1)). Value and time are packed into one
    64-bit integer, so one sort gives the order of times, and shows ties; series with ties take
    the usual way.

    Parameters
    ----------
    values : (n, t) float32 array
        A series a row; finite.

    Returns
    -------
    (n,) float32 array
        -1 … 1; 0 where a series is constant or shorter than two.
    """
    count = values.shape[1]
    if count < 2:
        return np.zeros(len(values), np.float32)
    bits = (np.ascontiguousarray(values, np.float32) + np.float32(0)).view(np.int32)
    # As integers, negative floats run backwards; this turns them round.
    keys = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    keys <<= 32
    keys |= np.arange(count)
    keys.sort(axis=1)
    order = (keys & 0xFFFFFFFF).astype(np.float64)
    centre = np.arange(count) - (count - 1) / 2
    found = order @ centre * (12 / (count * (count**2 - 1.0)))
    keys >>= 32
    tied = (keys[:, 1:] == keys[:, :-1]).any(axis=1)
    if tied.any():
        found[tied] = _spearman_with_ties(values[tied], centre)
    return found.astype(np.float32)


def _spearman_with_ties(values: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Return the correlation of mean ranks with time."""
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    size = np.sqrt((ranks**2).sum(axis=1) * (centre**2).sum())
    return np.divide(ranks @ centre, size, out=np.zeros(len(values)), where=size > 0)


def active_latents(variance: np.ndarray) -> np.ndarray:
    """Return which latents take part, by the variance of their mean over the training set.

    Parameters
    ----------
    variance : (latents,) array
        Of the mean.

    Returns
    -------
    (latents,) bool array
        Those above `ACTIVE`.
    """
    return np.asarray(variance) > ACTIVE


def active_first(variance: np.ndarray) -> np.ndarray:
    """Return the active latents, that of the largest training variance first.

    All of them where none is, as in a network that was hardly trained.

    Parameters
    ----------
    variance : (latents,) array
        Of the mean over the training set, ascending.
    """
    active = np.flatnonzero(active_latents(variance))[::-1]
    return active if len(active) else np.arange(len(variance))[::-1]


def running_mean(values: np.ndarray, frames: int) -> np.ndarray:
    """Return the mean over `frames` around every time; at the ends, over those there are.

    Parameters
    ----------
    values : (t, …) array
        Series along the first axis.
    frames : int
        How many; an even number is taken as the next odd one.
    """
    half = frames // 2
    total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, 0, np.float64)])
    at = np.arange(len(values))
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    lengths = (high - low).reshape(-1, *(1,) * (values.ndim - 1))
    return (total[high] - total[low]) / lengths
