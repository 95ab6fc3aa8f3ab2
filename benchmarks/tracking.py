"""Time of measuring and linking, beside scikit-image and trackpy called directly.

    python benchmarks/tracking.py

Three tables on a simulated movie of drifting, touching nanocubes with its true masks: shapes
(against `regionprops_table` with the same properties), linking of the same positions (against
`trackpy.link_df` with the same range and memory, and laptrack), and the whole task. Times are
the best of three, in milliseconds a frame; the ratio is ours over theirs.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from napari_insitu_tem import Job, Segmentation
from napari_insitu_tem.analysis.linking import LINKERS
from napari_insitu_tem.analysis.orientation import SYMMETRIES
from napari_insitu_tem.analysis.shape import describe
from napari_insitu_tem.simulate.particles import ParticleMovieSettings, simulate_particles
from napari_insitu_tem.tasks.track import TrackSettings, track

PROPERTIES = (
    "label", "centroid", "area", "equivalent_diameter_area", "perimeter_crofton",
    "axis_major_length", "axis_minor_length", "solidity", "orientation", "mean_intensity",
)  # fmt: skip
FEWEST = ("label", "centroid", "area", "mean_intensity")


def best(function: Callable[[], Any], repeats: int = 3) -> float:
    """Seconds of the fastest run."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def row(name: str, ours: float, theirs: float, frames: int) -> None:
    """Print one line of a table."""
    ours, theirs = 1000 * ours / frames, 1000 * theirs / frames
    print(f"{name:<44} {ours:9.2f} {theirs:9.2f} {ours / theirs:7.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--particles", type=int, default=200)
    parser.add_argument("--side", type=int, default=640)
    options = parser.parse_args()

    import pandas as pd
    import trackpy
    from skimage.measure import regionprops_table

    trackpy.quiet()
    logging.disable(logging.INFO)
    quiet = Job(on_progress=lambda _: None, on_log=lambda _: None, workers=1)
    settings = ParticleMovieSettings(
        n_frames=options.frames, particles=options.particles,
        height=options.side, width=options.side, drift=0.3,
    )  # fmt: skip
    simulated = simulate_particles(settings, quiet)
    frames = options.frames
    some = range(0, frames, max(1, frames // 5))
    pairs = [(np.asarray(simulated.labels[t]), simulated.movie.frame(t)) for t in some]

    print(f"{options.particles} nanocubes, {frames} frames of {options.side}²")
    print(f"{'ms per frame':<44} {'ours':>9} {'theirs':>9} {'ratio':>7}")

    def with_skimage(properties: tuple[str, ...]) -> Callable[[], Any]:
        return lambda: [regionprops_table(a, b, properties=properties) for a, b in pairs]

    ours = best(lambda: [describe(a, b, symmetries=SYMMETRIES) for a, b in pairs])
    row(
        "shapes / regionprops_table, same properties",
        ours,
        best(with_skimage(PROPERTIES)),
        len(pairs),
    )
    row(
        "shapes / regionprops_table, position and area",
        ours,
        best(with_skimage(FEWEST)),
        len(pairs),
    )

    poses = simulated.poses
    places = [g[["y", "x"]].to_numpy() for _, g in poses.groupby("frame")]
    table = pd.concat(
        [pd.DataFrame(p, columns=["y", "x"]).assign(frame=t) for t, p in enumerate(places)]
    )
    reach = 14.0
    linked = best(lambda: LINKERS["trackpy"](places, search_range=reach, memory=5, job=quiet))
    row("linking / trackpy.link", linked, best(
        lambda: trackpy.link(table, reach, memory=5, adaptive_stop=1, adaptive_step=0.9)
    ), frames)  # fmt: skip
    slow = best(lambda: LINKERS["laptrack"](places, search_range=reach, memory=5, job=quiet), 1)
    row("linking: trackpy / laptrack (both ours)", linked, slow, frames)

    segmentation = Segmentation(simulated.labels, simulated.movie)
    whole = best(lambda: track(segmentation, TrackSettings(), quiet), 2)

    def by_hand() -> Any:
        tables = []
        for t in range(frames):
            found = regionprops_table(
                np.asarray(simulated.labels[t]), simulated.movie.frame(t), properties=PROPERTIES
            )
            tables.append(pd.DataFrame(found).assign(frame=t))
        together = pd.concat(tables).rename(columns={"centroid-0": "y", "centroid-1": "x"})
        return trackpy.link(together, reach, memory=5, adaptive_stop=1, adaptive_step=0.9)

    row("whole task / regionprops_table + trackpy.link", whole, best(by_hand, 1), frames)


if __name__ == "__main__":
    main()
