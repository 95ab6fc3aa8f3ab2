"""Which frames of which particles pass a threshold, and what another threshold would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["interpretable_frames", "threshold_effect"]

_STEPS = 50


def interpretable_frames(table: pd.DataFrame, threshold: float) -> dict[int, np.ndarray]:
    """Return the frames in which the atomic columns of every particle can be read.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a particle and frame, with ``particle``, ``frame`` and ``evenness``.
    threshold : float
        Evenness from which on a particle counts as seen along a zone axis.

    Returns
    -------
    dict of int to (n,) int array
        Frames of every particle, in order; empty for those that never pass.
    """
    passing = table[table["evenness"] >= threshold]
    return {
        int(particle): np.sort(passing.loc[passing["particle"] == particle, "frame"].to_numpy(int))
        for particle in sorted(set(table["particle"]))
    }


def threshold_effect(table: pd.DataFrame) -> pd.DataFrame:
    """Return what every threshold from 0 to 1 would keep.

    Parameters
    ----------
    table : pandas.DataFrame
        As `interpretable_frames` takes it.

    Returns
    -------
    pandas.DataFrame
        ``threshold``; ``images_kept``, a particle in a frame being one image, and
        ``share_kept`` of all of them; ``particles_kept``, of which one image at least is;
        ``frames_kept``, in which one particle at least is. No rows where there is no particle.
    """
    import pandas as pd

    columns = ["threshold", "images_kept", "share_kept", "particles_kept", "frames_kept"]
    if not len(table):
        return pd.DataFrame(columns=columns)
    values = table["evenness"].to_numpy(float)
    best_of_particles = table.groupby("particle")["evenness"].max().to_numpy(float)
    best_of_frames = table.groupby("frame")["evenness"].max().to_numpy(float)
    thresholds = np.linspace(0, 1, _STEPS + 1)
    counts = [
        [int(np.count_nonzero(best >= threshold)) for threshold in thresholds]
        for best in (values, best_of_particles, best_of_frames)
    ]
    images, particles, frames = counts
    shares = np.array(images) / len(table)
    return pd.DataFrame(
        dict(zip(columns, (thresholds, images, shares, particles, frames), strict=True))
    )
