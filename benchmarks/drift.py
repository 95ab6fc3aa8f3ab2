"""Target 4: drift of a textured scene at signal-to-noise 1, over 200 frames.

Signal-to-noise: standard deviation of the scene without noise over that of the noise on one
pixel. Peers in the same run: scikit-image's phase correlation, each frame against the first,
and against the previous one with the shifts added up.

    python benchmarks/drift.py [--snr 1] [--size 256] [--seeds 3]
"""

from __future__ import annotations

import argparse

import numpy as np
from _measure import drift_of, job, print_table, timed, verdict

from napari_insitu_tem.simulate.drift import drifting_scene
from napari_insitu_tem.tasks.registry import get_task


def ours(movie) -> np.ndarray:
    return drift_of(get_task("align")(movie, None, job()))


def against_first(movie) -> np.ndarray:
    from skimage.registration import phase_cross_correlation

    first = movie.frame(0)
    return -np.array(
        [
            phase_cross_correlation(first, frame, upsample_factor=20, normalization=None)[0]
            for frame in movie.data
        ]
    )


def against_previous(movie) -> np.ndarray:
    from skimage.registration import phase_cross_correlation

    steps = [np.zeros(2)]
    for before, after in zip(movie.data[:-1], movie.data[1:], strict=True):
        steps.append(
            -phase_cross_correlation(before, after, upsample_factor=20, normalization=None)[0]
        )
    return np.cumsum(steps, axis=0)


def error(found: np.ndarray, true: np.ndarray) -> float:
    """Root mean square over frames and both axes, the first frame as origin."""
    return float(np.sqrt(np.mean((found - found[0] - true) ** 2)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snr", type=float, default=1.0)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    rows = []
    for seed in range(arguments.seeds):
        scene = drifting_scene(
            n_frames=arguments.frames,
            shape=(arguments.size, arguments.size),
            signal_to_noise=arguments.snr,
            seed=seed,
        )
        errors, speeds = [], []
        for method in (ours, against_first, against_previous):
            found, seconds = timed(lambda method=method, scene=scene: method(scene.movie))
            errors.append(error(found, scene.drift))
            speeds.append(arguments.frames / seconds)
        span = float(np.ptp(scene.drift, axis=0).max())
        rows.append([
            seed, f"{span:.1f}", *errors, verdict(errors[0], 0.15, at_least=False),
            f"{speeds[0]:.0f}", f"{speeds[1]:.0f}", f"{errors[0] / min(errors[1:]):.2f}",
        ])  # fmt: skip
    print_table(
        f"RMSE of the drift in px, {arguments.frames} frames of {arguments.size}², "
        f"signal-to-noise {arguments.snr:g} (target ≤ 0.15 at 1)",
        ["seed", "span (px)", "ours, defaults", "skimage, first", "skimage, previous", "verdict",
         "frames/s", "skimage frames/s", "error ratio to the better peer"],
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    main()
