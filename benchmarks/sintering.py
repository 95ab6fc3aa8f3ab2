"""Segmentation of a real recording with default settings, by the network and classically.

Peers in the same run, on the same frames: Gaussian + Otsu + watershed from scikit-image, once
with a smoothing and seed distance that suit these particles, once with unsuited ones.

Where outlines lie: how deep the frame is on an outline, from 0 (the background around the
particle) to 1 (its middle), by the particle's size. Half-way up is where the network has learnt
to draw outlines; the recording's labels are one threshold for all particles.

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


def depth_on_outlines(images, truth, labels) -> dict[str, list[float]]:
    """Return the depth of the frame on the outlines of the particles that are in the labels."""
    from scipy import ndimage
    from skimage.measure import regionprops

    depths: dict[str, list[float]] = {"under 45 px": [], "45 to 70 px": [], "over 70 px": []}
    for image, true, label in zip(images.astype(float), truth, labels, strict=True):
        for particle in regionprops(true):
            numbers, counts = np.unique(label[true == particle.label], return_counts=True)
            number, width = numbers[np.argmax(counts)], particle.equivalent_diameter_area
            top, left, bottom, right = particle.bbox
            rows, columns = slice(top - 14, bottom + 14), slice(left - 14, right + 14)
            inside = min(top, left) >= 14 and bottom + 14 <= image.shape[0]
            if not number or width < 15 or not inside or right + 14 > image.shape[1]:
                continue
            mask = label[rows, columns] == number
            other = (true[rows, columns] > 0) & (true[rows, columns] != particle.label)
            far = ndimage.distance_transform_edt(~mask) - ndimage.distance_transform_edt(mask)
            window = image[rows, columns]
            if not (far < -0.2 * width).any():
                continue
            middle, around = window[far < -0.2 * width].mean(), window[(far > 7) & ~other].mean()
            outline = window[(np.abs(far) <= 1) & ~other].mean()
            size = list(depths)[int(width >= 45) + int(width >= 70)]
            depths[size].append((around - outline) / (around - middle))
    return depths


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
    outlines = {"the recording's labels": truth} | {n: each[0] for n, each in found.items()}
    depths = {n: depth_on_outlines(images, truth, each) for n, each in outlines.items()}
    print_table(
        "How deep the frame is on the outlines (mean)",
        ["outlines", *next(iter(depths.values()))],
        [
            [name, *(f"{np.nanmean(values):.2f}" for values in each.values())]
            for name, each in depths.items()
        ],
    )
    print(
        f"\nTarget: F1 ≥ 0.96 {verdict(float(rows[0][1]), 0.96, at_least=True)}, "
        f"IoU ≥ 0.98 {verdict(float(rows[0][3]), 0.98, at_least=True)}"
    )


if __name__ == "__main__":
    main()
