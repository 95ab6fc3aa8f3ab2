"""One diffusing nanorod at very low signal-to-noise, in liquid (liquid-rod).

Frames are summed (`denoise`, its frame-summing method with its default length), or denoised by what
is learnt from the movie, segmented and tracked with default settings. Peer in the same run, on the
same summed frames: background subtraction, Gaussian and a robust threshold, with a smoothing
matched to the rod and with a small one.

    python benchmarks/liquid_rod.py [--picture FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from _measure import job, print_table, recordings, timed, verdict

from napari_insitu_tem import Movie
from napari_insitu_tem.analysis.identity import angle_errors
from napari_insitu_tem.tasks.registry import get_task

REACH = 25.0  # px


def read(folder) -> tuple[np.ndarray, list[np.ndarray]]:
    import imageio.v3 as iio

    frames = [iio.imread(path) for path in sorted((folder / "frames").iterdir())]
    frames = [frame if frame.ndim == 2 else frame[..., 0] for frame in frames]
    masks = [iio.imread(path) for path in sorted((folder / "masks").iterdir())]
    return np.stack(frames), [np.asarray(mask)[..., :3].max(axis=-1) > 0 for mask in masks]


def poses(labels: np.ndarray) -> list[tuple[float, float, float]]:
    """Centroid (y, x) and angle (degrees, counter-clockwise on the screen) of every particle."""
    from skimage.measure import regionprops

    return [
        (*part.centroid, (np.degrees(part.orientation) + 90) % 180) for part in regionprops(labels)
    ]


def gaussian_threshold(movie: Movie, sigma: float) -> list[np.ndarray]:
    """Flatten, smooth, and take what is five robust standard deviations darker than the rest."""
    from scipy import ndimage
    from skimage.filters import gaussian

    found = []
    for frame in movie.iter_frames():
        frame = frame.astype(np.float32)
        smooth = gaussian(frame, sigma) - gaussian(frame, 60)
        spread = 1.4826 * np.median(np.abs(smooth - np.median(smooth)))
        inside = smooth < np.median(smooth) - 5 * spread
        labels = ndimage.label(inside)[0]
        areas = np.bincount(labels.ravel())
        areas[0] = 0
        labels[areas[labels] < 200] = 0
        found.append(labels)
    return found


def score(truth, found) -> list:
    """Share of frames found, median error, angle error, false particles a frame."""
    errors, angles, false = [], [], []
    for true, particles in zip(truth, found, strict=True):
        distances = [np.hypot(p[0] - true[0], p[1] - true[1]) for p in particles]
        hit = int(np.argmin(distances)) if distances else None
        near = hit is not None and distances[hit] <= REACH
        false.append(len(particles) - near)
        if near:
            errors.append(distances[hit])
            angles.append(float(angle_errors(particles[hit][2], true[2], 2)))
    share = len(errors) / len(truth)
    if not errors:
        return [share, float("nan"), float("nan"), float(np.mean(false))]
    return [share, float(np.median(errors)), float(np.median(np.abs(angles))),
            float(np.mean(false))]  # fmt: skip


def grey(frame: np.ndarray) -> np.ndarray:
    low, high = np.percentile(frame, (0.5, 99.5))
    return (255 * np.clip((frame - low) / (high - low), 0, 1)).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, help="write a frame, raw and learnt, side by side")
    arguments = parser.parse_args()
    images, masks = read(recordings("liquid-rod"))
    truth = [poses(mask.astype(int))[0] for mask in masks]
    movie = Movie(images, name="liquid-rod")
    denoise, segment, track = (get_task(name) for name in ("denoise", "segment", "track"))
    settings = denoise.settings_type(**SUMMING)
    summed, seconds_sum = timed(lambda: denoise(movie, settings, job()))
    masks_found, seconds = timed(lambda: segment(summed, None, job()))
    tracking = track(masks_found, None, job())
    rows = []
    ours = [poses(masks_found.frame(i)) for i in range(len(images))]
    rows.append(["ours: summed, defaults", *score(truth, ours), len(images) / seconds])
    tracked = [poses(tracking.segmentation.frame(i)) for i in range(len(images))]
    rows.append(["ours, tracked", *score(truth, tracked), float("nan")])
    for sigma, how in ((12.0, "matched"), (3.0, "small")):
        labels, seconds = timed(lambda sigma=sigma: gaussian_threshold(summed, sigma))
        found = [poses(frame) for frame in labels]
        name = f"Gaussian ({sigma:g} px, {how}) + threshold"
        rows.append([name, *score(truth, found), len(images) / seconds])
    best = max(rows[2][1], rows[3][1]) or 1.0
    learnt, seconds_learn = timed(lambda: denoise(movie, denoise.settings_type(**LEARNING), job()))
    for how, chosen in (("defaults", {}), ("classical", {"model": "classical"})):
        defaults = segment.settings_type(**chosen)
        labels, seconds = timed(lambda chosen=defaults: segment(learnt, chosen, job()))
        found = [poses(labels.frame(i)) for i in range(len(images))]
        name = f"ours: learnt from the movie, {how}"
        rows.append([name, *score(truth, found), len(images) / seconds])
    by_learning = rows[-2]
    if arguments.picture is not None:
        import imageio.v3 as iio

        pair = [grey(images[20]), grey(np.asarray(learnt.frame(20)))]
        iio.imwrite(arguments.picture, np.hstack(pair)[::2, ::2], quality=85)
    print_table(
        f"liquid-rod, 50 frames of 1024² (summing alone: {len(images) / seconds_sum:.1f} frames/s; "
        f"learning and denoising: {seconds_learn / 60:.1f} min)",
        ["method", "found", "median error (px)", "median angle error (°)", "false a frame",
         "frames/s", "found / better peer"],
        [[*row, row[1] / best] for row in rows],
    )  # fmt: skip
    share, error, _, false = rows[0][1:5]
    print(
        f"\nTarget: found ≥ 75 % {verdict(share, 0.75, at_least=True)}, "
        f"error ≤ 15 px {verdict(error, 15, at_least=False)}, "
        f"false ≤ 1 a frame {verdict(false, 1, at_least=False)}"
    )
    share, error, angle, false = by_learning[1:5]
    print(
        f"Learnt: found ≥ 95 % {verdict(share, 0.95, at_least=True)}, "
        f"error ≤ 8 px {verdict(error, 8, at_least=False)}; angle error {angle:.1f}°"
    )
    lengths = tracking.particles.groupby("track").size()
    print(f"Tracks: {len(lengths)}, the longest in {lengths.max()} of {len(images)} frames")


SUMMING = {"method": "sum of last frames"}
LEARNING = {"method": "learn from this movie"}

if __name__ == "__main__":
    main()
