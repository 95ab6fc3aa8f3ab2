"""Segmentation of simulated liquid-cell frames after Yao et al.: foreground IoU and F1.

The frames hold about ten fast, blurred particles that do not count. The shipped network has seen
neither these frames nor this simulator.

    python benchmarks/liquid_cell.py
"""

from __future__ import annotations

import numpy as np
from _measure import job, print_table, verdict

from napari_insitu_tem import Movie
from napari_insitu_tem.analysis.agreement import agreement_table
from napari_insitu_tem.simulate.liquid_cell import LiquidCellSettings, draw_liquid_cell
from napari_insitu_tem.tasks.segment import SegmentSettings, segment

FRAMES, SEED = 40, 2024


def gaussian_otsu(image: np.ndarray, sigma: float) -> np.ndarray:
    from skimage.filters import gaussian, threshold_otsu
    from skimage.measure import label

    smooth = gaussian(image, sigma)
    return label(smooth < threshold_otsu(smooth))


def main() -> None:
    settings = LiquidCellSettings()
    frames = [draw_liquid_cell(settings, np.random.default_rng((SEED, i))) for i in range(FRAMES)]
    truth = [frame.labels for frame in frames]
    found = {}
    for way in ("particles", "classical"):
        # Every frame is a movie of its own: no two show the same particles.
        found[f"ours, {way}"] = [
            segment(Movie(frame.image[None]), SegmentSettings(model=way), job()).frame(0)
            for frame in frames
        ]
    for sigma in (1, 2, 3, 5):
        found[f"Gaussian ({sigma} px) + Otsu"] = [
            gaussian_otsu(frame.image, sigma) for frame in frames
        ]
    rows, best = [], 0.0
    for name, labels in found.items():
        table = agreement_table(truth, labels)
        iou, f1 = table["foreground_iou"].mean(), table["f1"].mean()
        best = max(best, iou) if name.startswith("Gaussian") else best
        rows.append([name, f"{iou:.3f}", f"{table['foreground_iou'].min():.3f}", f"{f1:.3f}", iou])
    for row in rows:
        row[-1] = f"{row[-1] / best:.2f}"
    print_table(
        f"Liquid cell, {FRAMES} frames of 512²",
        ["method", "mean IoU", "lowest", "mean F1@0.5", "IoU / best Otsu"],
        rows,
    )
    print(f"\nTarget: IoU ≥ 0.90 {verdict(float(rows[0][1]), 0.9, at_least=True)}")


if __name__ == "__main__":
    main()
