"""Segmentation of a real recording with default settings, by the network and classically.

Peers in the same run, on the same frames: Gaussian + Otsu + watershed from scikit-image, once
with a smoothing and seed distance that suit these particles, once with unsuited ones.

    python benchmarks/sintering.py
"""

from __future__ import annotations

import re

import numpy as np
from _measure import job, print_table, recordings, timed, verdict

from napari_insitu_tem import Movie
from napari_insitu_tem.analysis.agreement import agreement_table
from napari_insitu_tem.tasks.segment import SegmentSettings, segment


def number(path) -> int:
    return int(re.findall(r"\d+", path.stem)[-1])


def read(folder) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the frames, and their true label images (connected parts of the binary masks)."""
    import imageio.v3 as iio
    from scipy import ndimage

    images = [iio.imread(p)[..., 0] for p in sorted((folder / "images").iterdir(), key=number)]
    masks = [iio.imread(p)[..., 0] > 0 for p in sorted((folder / "labels").iterdir(), key=number)]
    return np.stack(images), [ndimage.label(mask)[0] for mask in masks]


def gaussian_otsu_watershed(image, sigma: float, distance: int, smallest: int) -> np.ndarray:
    from scipy import ndimage
    from skimage.feature import peak_local_max
    from skimage.filters import gaussian, threshold_otsu
    from skimage.segmentation import watershed

    smooth = gaussian(image.astype(float), sigma)
    inside = smooth < threshold_otsu(smooth)
    depth = gaussian(ndimage.distance_transform_edt(inside), 2)
    peaks = peak_local_max(depth, min_distance=distance, labels=ndimage.label(inside)[0])
    seeds = np.zeros(image.shape, int)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = watershed(-depth, seeds, mask=inside)
    areas = np.bincount(labels.ravel())
    labels[areas[labels] < smallest] = 0
    return labels


def main() -> None:
    images, truth = read(recordings("sintering-bf"))
    movie = Movie(images, name="sintering")
    found = {}
    for method in ("particles", "classical"):
        settings = SegmentSettings(model=method)
        ours, seconds = timed(lambda settings=settings: segment(movie, settings, job()))
        found[f"ours, {method}"] = ([ours.frame(i) for i in range(len(images))], seconds)
    for name, arguments in (
        ("Gaussian + Otsu + watershed, tuned", (4.5, 8, 50)),
        ("the same, badly set", (2.0, 5, 20)),
    ):
        found[name] = timed(
            lambda arguments=arguments: [gaussian_otsu_watershed(i, *arguments) for i in images]
        )
    rows = []
    for name, (labels, seconds) in found.items():
        table = agreement_table(truth, labels)
        f1, iou = table["f1"].mean(), table["foreground_iou"].mean()
        rows.append([
            name, f"{f1:.3f}", f"{table['f1'].min():.3f}", f"{iou:.3f}",
            f"{table['foreground_iou'].min():.3f}", f"{len(images) / seconds:.1f}",
            f1,
        ])  # fmt: skip
    best = rows[2][-1]
    for row in rows:
        row[-1] = f"{row[-1] / best:.2f}"
    print_table(
        "sintering-bf, 20 frames of 512²",
        ["method", "mean F1@0.5", "lowest", "mean IoU", "lowest", "frames/s", "F1 / tuned peer"],
        rows,
    )
    print(
        f"\nTarget: F1 ≥ 0.96 {verdict(float(rows[0][1]), 0.96, at_least=True)}, "
        f"IoU ≥ 0.98 {verdict(float(rows[0][3]), 0.98, at_least=True)}"
    )


if __name__ == "__main__":
    main()
