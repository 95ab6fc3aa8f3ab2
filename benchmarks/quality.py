"""How far the figures of quality and the regions of heterogeneity can be relied on.

python benchmarks/quality.py measures [--size 192] [--seeds 5]
python benchmarks/quality.py regions [--size 256] [--seeds 3]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from _measure import job, print_table, timed
from scipy import ndimage

from napari_insitu_tem import Movie
from napari_insitu_tem.analysis.quality.structure import local_structure
from napari_insitu_tem.analysis.quality.whiteness import whiteness
from napari_insitu_tem.results import Compared
from napari_insitu_tem.tasks.denoise import DenoiseSettings, denoise
from napari_insitu_tem.tasks.heterogeneity import HeterogeneitySettings, heterogeneity
from napari_insitu_tem.tasks.quality import QualitySettings, quality

DENOISERS: dict[str, dict[str, object]] = {
    "Gaussian, 0.7 px": {"method": "gaussian", "sigma": 0.7, "sigma_time": 0},
    "Gaussian, 1.5 px": {"method": "gaussian", "sigma": 1.5, "sigma_time": 0},
    "Gaussian, 4 px": {"method": "gaussian", "sigma": 4, "sigma_time": 0},
    "total variation": {"method": "total variation"},
    "mean of last 5": {"method": "mean of last frames", "frames": 5},
    "`refine`": {"method": "network", "model": "refine"},
    "learnt in 1 min": {"method": "learn from this movie", "minutes": 1},
}
GRAIN = {"fine": 1.5, "coarse": 4, "stripes": (6, 1.5)}


def scene(size: int) -> np.ndarray:
    """Soft dark discs on a bright ground, in electrons per pixel."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    image = np.full((size, size), 40.0)
    for row, column, radius in rng.uniform((0, 0, 6), (size, size, 18), (12, 3)):
        image[(y - row) ** 2 + (x - column) ** 2 < radius**2] = 18
    return ndimage.gaussian_filter(image, 1.2)


def invents(movie: Movie) -> Movie:
    """Return what a denoiser that is sure of everything makes of a movie: two levels."""
    frames = [
        np.where(ndimage.gaussian_filter(frame, 1.5) < 37, 18.0, 40.0)
        for frame in movie.iter_frames()
    ]
    return movie.replace(data=np.stack(frames).astype(np.float32))


def measures(size: int, seeds: int) -> None:
    """Print the false alarms, and the verdicts on denoisers whose faults are known."""
    rng = np.random.default_rng(1)
    p = np.array([whiteness(rng.normal(size=(size, size))).p_value for _ in range(100 * seeds)])
    marked = [
        local_structure(rng.normal(size=(size, size))).marked.any() for _ in range(30 * seeds)
    ]
    print(f"White noise, {len(p)} frames of {size}²: whiteness p < 0.05 in "
          f"{np.mean(p < 0.05):.1%}, p < 0.01 in {np.mean(p < 0.01):.1%}; structure marked "
          f"in {np.mean(marked):.1%} of {len(marked)}.")  # fmt: skip
    truth = scene(size)
    raw = Movie(rng.poisson(truth, (12, size, size)).astype(np.float32), name="discs")
    reference = Movie(truth[np.newaxis])
    rows = []
    cases: dict[str, Callable[[], Movie]] = {
        "the truth": lambda: raw.replace(data=np.stack([truth] * 12)),
        **{
            name: lambda options=options: denoise(raw, DenoiseSettings(**options), job())
            for name, options in DENOISERS.items()
        },
        "two levels (invents)": lambda: invents(raw),
    }
    for name, make in cases.items():
        denoised = make()
        settings = QualitySettings(frames_seen=None if denoised.provenance else 0)
        found, seconds = timed(
            lambda denoised=denoised, settings=settings: quality(
                Compared(denoised, raw, reference), settings, job()
            )
        )
        frames = found.frames
        mse = np.mean(frames["umse_counts2"].dropna())
        peak = found.figures.set_index("quantity").loc["signal range", "value"]
        late = frames["umse_counts2"].notna()
        true = np.mean((np.asarray(denoised.data, float)[late] - truth) ** 2)
        white = found.whiteness
        rows.append([
            name,
            f"{10 * np.log10(peak**2 / true):.2f}" if true > 0 else "∞",
            f"{10 * np.log10(peak**2 / mse):.2f}" if mse > 0 else "too good",
            f"{white.largest:+.3f}",
            f"{frames['residual_variance_of_expected'].mean():.2f}",
            f"{frames['structure_fraction'].mean():.2%}",
            f"{frames['invented_fraction'].mean():.2%}" if "invented_fraction" in frames else "–",
            ", ".join(each.about.lower() for each in found.doubts) or "none",
            f"{seconds:.1f}",
        ])  # fmt: skip
    print_table(
        f"Verdicts on denoisers whose faults are known, 12 frames of {size}²",
        ["denoiser", "PSNR", "uPSNR", "largest corr.", "variance", "structure", "invented",
         "doubts", "s"],
        rows,
    )  # fmt: skip


def regions(size: int, seeds: int) -> None:
    """Print how often the right number of textures is found, and where."""
    rows = []
    for kinds in (("fine",), ("coarse",), ("stripes",), ("fine", "coarse"), ("fine", "stripes"),
                  ("fine", "coarse", "stripes")):  # fmt: skip
        for noise in (0.5, 2.0):
            counts, agreement, took = [], [], []
            for seed in range(seeds):
                movie, truth = textures(kinds, noise, size, seed)
                found, seconds = timed(
                    lambda movie=movie: heterogeneity(movie, HeterogeneitySettings(), job())
                )
                counts.append(found.found.count)
                took.append(seconds)
                agreement += (
                    []
                    if len(kinds) == 1
                    else [
                        adjusted_rand_index(found.regions.frame(t).astype(int), truth)
                        for t in range(movie.n_frames)
                    ]
                )
            right = sum(count == len(kinds) for count in counts)
            index = f"{np.mean(agreement):.2f}" if len(kinds) > 1 else "–"
            rows.append([" + ".join(kinds), noise, f"{right} of {seeds}", index,
                         f"{np.mean(took):.1f}"])  # fmt: skip
    headers = ["textures", "noise / contrast", "right number", "Rand index", "s"]
    print_table(f"Regions, 4 frames of {size}²", headers, rows)


def textures(
    kinds: tuple[str, ...], noise: float, size: int, seed: int
) -> tuple[Movie, np.ndarray]:
    """Return four frames of patches of these textures, and which is where."""
    rng = np.random.default_rng(seed)
    sites = rng.uniform(0, size, (6, 2))
    y, x = np.mgrid[:size, :size]
    truth = np.argmin([(y - a) ** 2 + (x - b) ** 2 for a, b in sites], axis=0) % len(kinds)
    frames = []
    for _ in range(4):
        grain = [ndimage.gaussian_filter(rng.normal(size=(size, size)), GRAIN[kind])
                 for kind in kinds]  # fmt: skip
        frame = np.choose(truth, [each / each.std() for each in grain])
        frames.append(100 + 10 * (frame + rng.normal(0, noise, frame.shape)))
    return Movie(np.stack(frames).astype(np.float32), name="textures"), truth


def adjusted_rand_index(one: np.ndarray, other: np.ndarray) -> float:
    """Return how alike two maps of regions are; 1 at best, about 0 by chance."""
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one.ravel(), other.ravel()), 1)

    def pairs(counts: np.ndarray) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(1)), pairs(table.sum(0))
    chance = rows * columns / (one.size * (one.size - 1) / 2)
    return (both - chance) / ((rows + columns) / 2 - chance)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("measures", "regions"))
    parser.add_argument("--size", type=int)
    parser.add_argument("--seeds", type=int)
    options = parser.parse_args()
    if options.what == "measures":
        measures(options.size or 192, options.seeds or 5)
    else:
        regions(options.size or 256, options.seeds or 3)


if __name__ == "__main__":
    main()
