"""Single atoms on drawn supports: the finder of spots beside a Laplacian of a Gaussian.

    python benchmarks/single_atoms.py [--seeds 8] [--first 5000]

Gaussian spots, all of one width (1.2 to 3 px), each 6 to 12 times the noise through its own
matched filter (log-normally spread by a quarter). The other one is tuned: the scale and
threshold (in standard deviations of its response) that are best for all images of a kind.
"""

from __future__ import annotations

import argparse

import numpy as np
from _measure import print_table
from columns_real import matches
from scipy import ndimage

from napari_insitu_tem.analysis.columns import ColumnsError
from napari_insitu_tem.analysis.columns.peaks import local_maxima, well_apart
from napari_insitu_tem.analysis.columns.spots import find_spots, look_for_spots

SIZE = 224
WITHIN = 3.0  # px
EDGE = 6
KINDS = {
    "smooth": "a smooth support",
    "speckle": "speckle 1.5 to 3 times as wide as an atom",
    "power law": "texture whose power falls with the second to fourth power of the frequency",
    "half": "vacuum, and a support whose speckle and noise grow with its thickness",
    "clusters": "weak speckle, and 4 to 13 clusters 2.5 to 5 times as wide as an atom",
    "crowd": "atoms close together in no order, 4 to 5.5 widths apart",
    "none": "speckle without atoms",
}


def blobs(places: np.ndarray, heights: np.ndarray, width: float) -> np.ndarray:
    axis = np.arange(SIZE)
    rows = np.exp(-0.5 * ((axis[:, None] - places[:, 0]) / width) ** 2)
    columns = np.exp(-0.5 * ((axis[:, None] - places[:, 1]) / width) ** 2)
    return np.asarray((rows * heights) @ columns.T)


def smooth(rng: np.random.Generator, width: float) -> np.ndarray:
    """Return random hills and valleys of a width, with a standard deviation of one."""
    image = ndimage.gaussian_filter(rng.normal(size=(SIZE, SIZE)), width, mode="wrap")
    return image / image.std()


def power_law(rng: np.random.Generator) -> np.ndarray:
    steepness = rng.uniform(2, 4)
    frequency = np.hypot(np.fft.fftfreq(SIZE)[:, None], np.fft.fftfreq(SIZE))
    falls = np.maximum(frequency, 1 / 64) ** (-steepness / 2)
    image = np.fft.ifft2(np.fft.fft2(rng.normal(size=(SIZE, SIZE))) * falls).real
    image = ndimage.gaussian_filter(image, 1.2, mode="wrap")
    return image / image.std()


def scattered(rng: np.random.Generator, kind: str, width: float) -> np.ndarray:
    if kind == "none":
        return np.empty((0, 2))
    if kind == "crowd":
        apart = width * rng.uniform(4, 5.5)
        steps = np.mgrid[-60:60, -60:60].reshape(2, -1).T * apart
        places = steps @ np.array([[1, 0], [0.5, 0.866]]) + SIZE / 2
        places += rng.normal(0, rng.uniform(0.12, 0.2) * apart, places.shape)
        places = places[np.hypot(*(places - SIZE / 2).T) < rng.uniform(0.3, 0.6) * SIZE]
        places = places[well_apart(places, 2.5 * width)]
    else:
        places = rng.uniform(EDGE, SIZE - EDGE, (160, 2))
        places = places[well_apart(places, 5 * width)][: rng.integers(8, 40)]
    return places[np.all((places >= EDGE) & (places < SIZE - EDGE), axis=1)]


def drawn(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an image, and where its atoms are."""
    rng = np.random.default_rng(seed)
    width = rng.uniform(1.2, 3.0)
    places = scattered(rng, kind, width)
    over = rng.uniform(6, 12) * rng.lognormal(0, 0.25, len(places))
    matched = 2 * np.sqrt(np.pi) * width
    image, typical = blobs(places, over / matched, width), 9 / matched
    noise = rng.normal(size=image.shape)
    speckle = smooth(rng, rng.uniform(1.5, 3) * width) * typical
    if kind in ("smooth", "speckle"):
        image += smooth(rng, 50) * typical
    if kind in ("speckle", "none"):
        image += rng.uniform(0.2, 0.5) * speckle
    elif kind == "power law":
        image += rng.uniform(0.5, 1) * typical * power_law(rng)
    elif kind == "half":
        thick = 1 / (1 + np.exp(-3 * smooth(rng, 40)))
        image += thick * (4 * typical + rng.uniform(0.3, 0.6) * speckle)
        noise *= np.sqrt(0.3 + 0.9 * thick)
    elif kind == "clusters":
        image += 0.25 * speckle
        for _ in range(rng.integers(4, 14)):
            height = typical * rng.uniform(0.7, 2, 1)
            image += blobs(rng.uniform(0, SIZE, (1, 2)), height, width * rng.uniform(2.5, 5))
    return image + noise + 50, places


def found_by_spots(image: np.ndarray) -> np.ndarray:
    try:
        return find_spots(image, look_for_spots([image], bright=True))[0]
    except ColumnsError:
        return np.empty((0, 2))


def score(right: int, found: int, true: int) -> float:
    return 2 * right / max(found + true, 1)


def tuned(images: list[np.ndarray], truth: list[np.ndarray]) -> tuple[float, str]:
    """Return the best F1 of a Laplacian of a Gaussian, and by which scale and threshold."""
    best, total = (0.0, ""), sum(len(each) for each in truth)
    for scale in (1.5, 2.0, 2.5, 3.0, 4.0, 5.0):
        maxima = []
        for image in images:
            response = -ndimage.gaussian_laplace(image - image.mean(), scale)
            maxima.append(local_maxima(response / response.std(), least=2.0, reach=1.6 * scale))
        for least in np.arange(2.0, 8.1, 0.5):
            found = [places[heights >= least] for places, heights in maxima]
            right = sum(matches(f, t, WITHIN) for f, t in zip(found, truth, strict=True))
            reached = score(right, sum(len(each) for each in found), total)
            best = max(best, (reached, f"{scale:g} px, {least:g} sd"))
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first", type=int, default=5000)
    chosen = parser.parse_args()
    rows = []
    for kind, words in KINDS.items():
        pairs = [drawn(kind, seed) for seed in range(chosen.first, chosen.first + chosen.seeds)]
        images, truth = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        found = [found_by_spots(image) for image in images]
        right = sum(matches(f, t, WITHIN) for f, t in zip(found, truth, strict=True))
        count, total = sum(len(each) for each in found), sum(len(each) for each in truth)
        other, how = tuned(images, truth) if total else (0.0, "")
        ours = f"{score(right, count, total):.3f}" if total else ""
        rows.append([words, total, count, right, ours, f"{other:.3f}" if total else "", how])
        print(rows[-1], flush=True)
    print_table(
        f"Single atoms in {chosen.seeds} images of {SIZE}² px a kind, within {WITHIN:g} px",
        ["support", "atoms", "found", "right", "F1", "F1, tuned LoG", "tuned to"],
        rows,
    )


if __name__ == "__main__":
    main()
