"""Measure against trackpy: displacements, diffusion under noise and blur, g(r) in a window.

Run ``python benchmarks/measure.py``. The walks are simulated with the camera's exposure
(motion blur) and localisation error; the truth is known.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _measure import print_table

from napari_insitu_tem.analysis.diffusion import covariance_estimate, least_squares_estimate
from napari_insitu_tem.analysis.dynamics import SquaredDisplacements, Walks
from napari_insitu_tem.analysis.spatial import PairDistribution

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from walks import brownian, table_of  # noqa: E402


def best_of(function: Callable[[], Any], times: int = 3) -> tuple[Any, float]:
    """Return the result and the shortest processor time, which other programs do not change."""
    seconds = []
    for _ in range(times):
        start = time.process_time()
        result = function()
        seconds.append(time.process_time() - start)
    return result, min(seconds)


def displacements() -> None:
    import trackpy

    rows, lags = [], np.arange(1, 51)
    for tracks, frames in ((200, 200), (1000, 200), (50, 2000)):
        rng = np.random.default_rng(0)
        table = table_of(brownian(rng, tracks=tracks, frames=frames, noise=0.3, substeps=4))
        peer_table = table.rename(columns={"track": "particle"})
        ours, our_seconds = best_of(
            lambda table=table: SquaredDisplacements.of(Walks.from_table(table), lags)
        )
        peer, peer_seconds = best_of(
            lambda peer_table=peer_table: trackpy.emsd(peer_table, 1, 1, max_lagtime=50), 1
        )
        difference = np.abs(ours.ensemble()[0] / peer.to_numpy() - 1).max()
        rows.append(
            (f"{tracks} x {frames}", f"{difference:.1e}", f"{our_seconds:.3f}",
             f"{peer_seconds:.3f}", f"{our_seconds / peer_seconds:.3f}")
        )  # fmt: skip
    print_table(
        "Mean-squared displacement, 50 lags (ours: of every track and of all)",
        ("tracks x frames", "largest difference", "ours (s)", "trackpy.emsd (s)", "ratio"),
        rows,
    )


def diffusion() -> None:
    import trackpy

    rows = []
    for true, noise in ((1.0, 0.0), (1.0, 0.5), (0.1, 0.5), (0.01, 0.3)):
        errors: dict[str, list[float]] = {"line": [], "power": [], "cov": [], "lsq": []}
        spread: dict[str, list[float]] = {"cov": [], "lsq": []}
        for seed in range(3):
            rng = np.random.default_rng(seed)
            table = table_of(brownian(rng, diffusion=true, noise=noise))
            peer = trackpy.emsd(table.rename(columns={"track": "particle"}), 1, 1, max_lagtime=20)
            lag, msd = peer.index.to_numpy(), peer.to_numpy()
            errors["line"].append((lag @ msd) / (lag @ lag) / 4)
            errors["power"].append(trackpy.utils.fit_powerlaw(peer, plot=False)["A"].iloc[0] / 4)
            walks = Walks.from_table(table)
            for name, estimate in (("cov", covariance_estimate), ("lsq", least_squares_estimate)):
                found = estimate(walks)
                errors[name].append(found.ensemble()[0])
                spread[name].append(float(np.std(found.coefficient)))
        relative = [f"{100 * (np.mean(values) / true - 1):+.1f} %" for values in errors.values()]
        each = [f"{100 * np.mean(values) / true:.0f} %" for values in spread.values()]
        rows.append((true, noise, *relative, *each))
    print_table(
        "Diffusion coefficient, 200 tracks x 200 frames, full exposure: error of the mean of "
        "all tracks, and scatter of single tracks",
        ("D (px²/frame)", "noise (px)", "trackpy, line", "trackpy, power law",
         "ours, covariance", "ours, least squares", "one track, covariance",
         "one track, least squares"),
        rows,
    )  # fmt: skip


def pair_distribution() -> None:
    import pandas as pd
    import trackpy

    rng = np.random.default_rng(0)
    frames = [rng.uniform(0, 512, (300, 2)) for _ in range(30)]
    edges = np.arange(0, 201, 5.0)

    def ours() -> np.ndarray:
        pairs = PairDistribution(edges, (512, 512))
        for positions in frames:
            pairs.add(positions)
        return pairs.g

    def peer() -> np.ndarray:
        found = [
            trackpy.static.pair_correlation_2d(
                pd.DataFrame(positions, columns=["y", "x"]), cutoff=200, dr=5
            )[1]
            for positions in frames
        ]
        return np.mean(found, axis=0)

    mine, our_seconds = best_of(ours)
    theirs, peer_seconds = best_of(peer, 1)
    print_table(
        "g(r) of an ideal gas, 300 particles in 512 x 512 px, 30 frames: should be 1",
        ("", "ours", "trackpy", "ratio"),
        [
            ("mean of g(r) - 1", f"{mine.mean() - 1:+.4f}", f"{theirs.mean() - 1:+.4f}", ""),
            ("largest |g(r) - 1|, r > 10 px", f"{np.abs(mine[2:] - 1).max():.3f}",
             f"{np.abs(theirs[2:] - 1).max():.3f}", ""),
            ("processor time (s)", f"{our_seconds:.3f}", f"{peer_seconds:.3f}",
             f"{our_seconds / peer_seconds:.3f}"),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    displacements()
    diffusion()
    pair_distribution()
