"""Segmentation without tuning: F1 by size, polarity and noise; real recordings; speed.

    python benchmarks/segmentation.py [scenes] [hard] [speed] [supracrystal] [--seed N]

Ours by the shipped network and the classical way, both with defaults. Peers: Gaussian, Otsu,
distance, peaks and watershed from scikit-image, once with fixed settings (sigma 2, minimum
distance 10) and once with the true polarity and size given.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections import defaultdict

import numpy as np
from scipy import ndimage
from segmentation_scenes import HARD, NOISES, SIZES, hard_suite, scene, suite

from napari_insitu_tem import Job, Movie
from napari_insitu_tem.analysis.agreement import agreement_table
from napari_insitu_tem.tasks.segment import SegmentSettings, segment

WAYS = ("particles", "classical")
QUIET = Job(on_progress=lambda progress: None, on_log=lambda text: None)


def peer(frame: np.ndarray, *, sigma: float, distance: int, bright: bool) -> np.ndarray:
    """Gaussian, Otsu and watershed with scikit-image."""
    from skimage.feature import peak_local_max
    from skimage.filters import gaussian, threshold_otsu
    from skimage.segmentation import watershed

    smooth = gaussian(frame.astype(np.float32), sigma, preserve_range=True)
    level = threshold_otsu(smooth)
    mask = ndimage.binary_fill_holes(smooth > level if bright else smooth < level)
    depth = ndimage.distance_transform_edt(mask)
    peaks = peak_local_max(depth, min_distance=distance, labels=ndimage.label(mask)[0])
    markers = np.zeros(frame.shape, np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return watershed(-depth, markers, mask=mask)


COLUMNS = ("network", "classical", "fixed settings", "size and polarity given")


def all_ways(movie: np.ndarray, options: dict) -> list[np.ndarray]:
    """Return the labels by the ways of `COLUMNS`."""
    d, bright = options["d"], options["bright"]
    distance = max(2, round(d / 3))
    return [
        *(segment(Movie(movie), SegmentSettings(model=way), QUIET).labels for way in WAYS),
        [peer(frame, sigma=2, distance=10, bright=False) for frame in movie],
        [peer(f, sigma=max(1, d / 12), distance=distance, bright=bright) for f in movie],
    ]


def scenes(seed: int) -> None:
    f1, worst = {}, []
    for options, movie, truth in suite(seed):
        d, bright, noise = (options[key] for key in ("d", "bright", "noise"))
        scores = [
            agreement_table(truth, labels)["f1"].mean() for labels in all_ways(movie, options)
        ]
        f1[d, bright, noise] = scores
        name = f"{d} px, {'bright' if bright else 'dark'}, {noise}, "
        name += f"{options['density']}, {options['kind']}"
        worst.append((scores[0], name))
        print(f"  {name:45s}" + "".join(f"{score:8.2f}" for score in scores), flush=True)
    print(f"\nF1 at IoU 0.5 ({' | '.join(COLUMNS)})")
    print("diameter  polarity" + "".join(f"{noise:>30s}" for noise in NOISES))
    for d in SIZES:
        for bright in (False, True):
            row = f"{d:5d} px  {'bright' if bright else 'dark':8s}"
            for noise in NOISES:
                row += "  " + " | ".join(f"{value:4.2f}" for value in f1[d, bright, noise])
            print(row)
    print("mean: " + " | ".join(f"{mean:.3f}" for mean in np.mean(list(f1.values()), axis=0)))
    print("worst: " + "; ".join(f"{name}: {f1:.2f}" for f1, name in sorted(worst)[:5]))


def hard(seed: int) -> None:
    """Film that varies as much as the particles, lattices on patches, mixed sizes."""
    f1 = defaultdict(list)
    for options, movie, truth in hard_suite(seed):
        f1[options["noise"]].append(
            [agreement_table(truth, labels)["f1"].mean() for labels in all_ways(movie, options)]
        )
    print(f"\nHard scenes, F1 at IoU 0.5 ({' | '.join(COLUMNS)})")
    for kind in HARD:
        print(f"{kind:8s}  " + " | ".join(f"{mean:4.2f}" for mean in np.mean(f1[kind], axis=0)))


def supracrystal() -> None:
    """Find a recorded lattice in patchy liquid; its 390 positions were found by another program."""
    import tifffile
    from _measure import recordings
    from scipy.spatial import cKDTree

    folder = recordings("supracrystal")
    frame = tifffile.imread(folder / "SAMPLE_0001.tif").squeeze()
    true = np.loadtxt(folder / "SAMPLE_0001.txt")[:, [2, 1]]
    for way, polarity in itertools.product(WAYS, ("auto", "dark")):
        settings = SegmentSettings(model=way, polarity=polarity)
        found = segment(Movie(frame[None]), settings, QUIET).labels
        labels = np.asarray(found)[0]
        count = int(labels.max())
        centres = np.array(ndimage.center_of_mass(labels > 0, labels, range(1, count + 1)))
        # A particle is found when it and the nearest found one are each other's nearest.
        distance, nearest = cKDTree(centres).query(true)
        _, back = cKDTree(true).query(centres)
        hits = np.sum((distance < 12) & (back[nearest] == np.arange(len(true))))
        f1 = 2 * hits / (count + len(true))
        print(f"supracrystal, {way}, polarity {polarity}: {count} found, F1 within 12 px {f1:.2f}")


def speed() -> None:
    options = {"n": 512, "d": 24, "kind": "cube", "count": 200, "coverage": 0.3, "gap": 1}
    options |= {"spread": 0.08, "texture": 0, "gradient": 0.2, "fresnel": 0, "film": 0}
    options |= {"bright": False, "mtf": 0, "cnr": 5.0}
    movie, _ = scene(1, 2, **options)
    movie = np.tile(movie, (20, 1, 1))
    ours = {}
    for way in WAYS:
        settings = SegmentSettings(model=way)
        segment(Movie(movie[:4]), settings, QUIET)
        start = time.perf_counter()
        segment(Movie(movie), settings, QUIET)
        ours[way] = time.perf_counter() - start
    start = time.perf_counter()
    for _ in QUIET.map(
        lambda frame: peer(frame, sigma=2, distance=8, bright=False), movie, "peer", len(movie)
    ):
        pass
    direct = time.perf_counter() - start
    large = Movie(np.tile(movie[:1], (1, 8, 8)))
    for way, seconds in ours.items():
        print(
            f"{way}, 512 x 512, 200 cubes, {len(movie)} frames: {len(movie) / seconds:.1f} "
            f"frames/s, scikit-image {len(movie) / direct:.1f} frames/s on as many threads, "
            f"ratio {seconds / direct:.2f}"
        )
        start = time.perf_counter()
        found = segment(large, SegmentSettings(model=way), QUIET).labels
        took, count = time.perf_counter() - start, int(np.asarray(found).max())
        print(f"{way}, 4096 x 4096: {took:.1f} s for one frame, {count} particles")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=["scenes", "hard", "speed"])
    parser.add_argument("--seed", type=int, default=7)
    chosen = parser.parse_args()
    if "scenes" in chosen.what:
        scenes(chosen.seed)
    if "hard" in chosen.what:
        hard(chosen.seed)
    if "supracrystal" in chosen.what:
        supracrystal()
    if "speed" in chosen.what:
        speed()


if __name__ == "__main__":
    main()
