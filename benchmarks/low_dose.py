"""Target 4 of issue 4: the real low-dose frames of Katsuno et al., and what the panel says of them.

Two frames of one view are taken as a movie, so that the noise is known from their difference; the
frame of a liquid cell stands alone, and is judged by the camera that Detector fits to it, too.
*Variance* is that of the residual over the noise's (1 is ideal), *correlation* the largest between
pixels of it, *structure* and *invented* are parts of the frame.

    python benchmarks/low_dose.py [--picture FILE]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from _measure import job, print_table, recordings

from napari_insitu_tem import Movie
from napari_insitu_tem.results import Compared
from napari_insitu_tem.tasks.denoise import DenoiseSettings, denoise
from napari_insitu_tem.tasks.detector import DetectorFitSettings, detector
from napari_insitu_tem.tasks.quality import QualitySettings, quality

MOVIES = (("train-0001", "train-0002"), ("val-0001", "val-0002"), ("liquid-cell-sample",))
WAYS = {
    "total variation": DenoiseSettings(),
    "`refine`": DenoiseSettings(method="network", model="refine"),
}
MIDDLE = (slice(96, 416), slice(96, 416))  # of what is pictured
MEASURES = ("residual_variance_of_expected", "largest_correlation", "structure_fraction",
            "invented_fraction")  # fmt: skip


def grey(frame: np.ndarray, low: float, high: float) -> np.ndarray:
    darkest, brightest = np.percentile(frame, (low, high))
    scaled = (frame - darkest) / (brightest - darkest)
    return (255 * np.clip(scaled, 0, 1)).astype(np.uint8)


def camera_of(movie: Movie) -> str:
    """Return the camera that is fitted to the vacuum in a movie, as a file."""
    found = detector(movie, DetectorFitSettings(), job())
    path = Path(tempfile.mkdtemp()) / "camera.json"
    path.write_text(found.camera("low-dose").to_json(), encoding="utf-8")
    return str(path)


def main() -> None:
    import imageio.v3 as iio
    import tifffile

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, help="write raw and denoised frames side by side")
    arguments = parser.parse_args()
    folder = recordings("low-dose")
    rows, shown = [], []
    for names in MOVIES:
        frames = [np.squeeze(tifffile.imread(folder / f"{name}.tif")) for name in names]
        movie = Movie(np.stack(frames))
        pictures = [grey(movie.frame(0), 1, 99)[MIDDLE]]
        cameras = [None, camera_of(movie)] if len(names) == 1 else [None]
        for way, settings in WAYS.items():
            denoised = denoise(movie, settings, job())
            for camera in cameras:
                found = quality(Compared(denoised, movie), QualitySettings(camera=camera), job())
                doubts = ", ".join(verdict.about for verdict in found.doubts) or "none"
                by = "differences" if len(names) > 1 else "camera" if camera else "one frame"
                for name, (_, frame) in zip(names, found.frames.iterrows(), strict=True):
                    values = (f"{frame[measure]:.3f}" for measure in MEASURES)
                    rows.append([name, way, by, *values, doubts])
            pictures.append(grey(denoised.frame(0), 0.5, 99.5)[MIDDLE])
        shown.append(np.hstack(pictures))
    print_table(
        "The panel's figures",
        ["frame", "denoised by", "noise known by", "variance", "correlation", "structure",
         "invented", "doubts"],
        rows,
    )  # fmt: skip
    if arguments.picture is not None:
        iio.imwrite(arguments.picture, np.vstack(shown), quality=75)


if __name__ == "__main__":
    main()
