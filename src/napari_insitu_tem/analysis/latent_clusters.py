"""Windows that move alike: clusters of latent trajectories."""

from __future__ import annotations

import warnings

import numpy as np

__all__ = ["cluster_trajectories"]

#: Times that trajectories are reduced to, and principal components that are compared.
_TIMES, _COMPONENTS, _TRIES = 24, 8, 8


def cluster_trajectories(
    series: np.ndarray,
    count: int,
    *,
    counts: np.ndarray,
    latents: np.ndarray,
    seed: int = 0,
) -> np.ndarray:
    """Return which windows change alike, by k-means of their trajectories in latent space.

    What counts is how far each latent has gone, by when, from where it began, and not to which
    side: windows of one lattice begin at different phases of it. Times are averaged down to 24,
    and trajectories reduced to 8 principal components, which keeps what many windows have in
    common and little of their noise.

    Parameters
    ----------
    series : (t, n, latents) array
        Latents over time of n windows.
    count : int
        How many clusters; there are fewer where windows are fewer.
    counts : (n,) bool array
        Which windows count; the others get cluster 0.
    latents : (k,) int array
        Which latents are compared; the fewer, the faster.
    seed : int
        Of the first centres.

    Returns
    -------
    (n,) uint8 array
        1 for the cluster whose windows change most, and so on; 0 for windows that do not count.
    """
    labels = np.zeros(series.shape[1], np.uint8)
    count = min(count, int(counts.sum()))
    if count < 1 or len(series) < 2:
        return labels
    features = _trajectories(series, counts, latents)
    if count == 1:
        labels[counts] = 1
        return labels
    found = _best_of(_reduced(features), count, seed)
    changes = np.einsum("nf,nf->n", features, features)
    mean = [changes[found == number].mean() if (found == number).any() else -1.0
            for number in range(count)]  # fmt: skip
    rank = np.empty(count, np.uint8)
    rank[np.argsort(mean)[::-1]] = np.arange(1, count + 1)
    labels[counts] = rank[found]
    return labels


def _trajectories(series: np.ndarray, counts: np.ndarray, latents: np.ndarray) -> np.ndarray:
    """Return (windows, times · latents): how far each latent is from where it began."""
    edges = np.unique(np.linspace(0, len(series), min(_TIMES, len(series)) + 1).astype(int))
    binned = np.stack(
        [
            np.asarray(series[low:high][:, counts][..., latents], np.float32).mean(axis=0)
            for low, high in zip(edges[:-1], edges[1:], strict=True)
        ],
        axis=1,
    )
    return np.abs(binned - binned[:, :1]).reshape(len(binned), -1)


def _reduced(features: np.ndarray) -> np.ndarray:
    centred = features - features.mean(axis=0)
    # The eigenvectors of the smaller of the two products.
    if centred.shape[1] <= centred.shape[0]:
        _, vectors = np.linalg.eigh(centred.T @ centred)
        return centred @ vectors[:, -_COMPONENTS:]
    values, vectors = np.linalg.eigh(centred @ centred.T)
    return vectors[:, -_COMPONENTS:] * np.sqrt(np.maximum(values[-_COMPONENTS:], 0))


def _best_of(points: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the labels of the tightest of a few runs."""
    if not np.ptp(points, axis=0).any():
        return np.zeros(len(points), int)
    from scipy.cluster.vq import kmeans2

    rng = np.random.default_rng(seed)
    runs = []
    for _ in range(_TRIES):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a cluster may come out empty
            centres, labels = kmeans2(points, count, minit="++", rng=rng)
        runs.append((float(((points - centres[labels]) ** 2).sum()), labels))
    return min(runs, key=lambda run: run[0])[1]
