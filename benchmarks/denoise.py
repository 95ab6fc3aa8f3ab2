"""Classical denoising of a simulated low-dose movie: gain in PSNR, and speed against the peer.

The peer is scikit-image (or SciPy) called directly on every frame, in one thread as ours, with
the same parameters and without variance stabilisation.

    python benchmarks/denoise.py [--dose 10] [--size 512] [--frames 8]
"""

from __future__ import annotations

import argparse
import dataclasses
from functools import partial

import numpy as np
from _measure import job, print_table, timed
from scipy import ndimage
from skimage import restoration

from napari_insitu_tem import Movie
from napari_insitu_tem.analysis.variance_stabilisation import noise_level
from napari_insitu_tem.tasks.denoise import DenoiseSettings, denoise


def scene(frames: int, size: int, seed: int = 0) -> np.ndarray:
    """Dark, slowly moving discs of 5 to 18 px radius on an uneven ground; brightest about 1."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    centres = rng.uniform(20, size - 20, ((size // 64) ** 2, 2))
    radii = rng.uniform(5, 18, len(centres))
    movie = np.empty((frames, size, size), np.float32)
    for frame in movie:
        frame[:] = 0.8 + 0.2 * x / size
        centres += rng.normal(0, 0.4, centres.shape)
        for (cy, cx), radius in zip(centres, radii, strict=True):
            frame *= 0.75 + 0.25 * np.tanh(0.75 * (np.hypot(y - cy, x - cx) - radius))
    return movie


def psnr(found: np.ndarray, truth: np.ndarray) -> float:
    return float(10 * np.log10(np.ptp(truth) ** 2 / np.mean((found - truth) ** 2)))


def total_variation(frame):
    return restoration.denoise_tv_chambolle(frame, 2 * noise_level(frame), max_num_iter=100)


def non_local_means(frame):
    sigma = noise_level(frame)
    return restoration.denoise_nl_means(
        frame, 5, 6, h=0.9 * sigma, sigma=sigma, fast_mode=True, preserve_range=True
    )


def wavelets(frame):
    levels = 6 if min(frame.shape) >= 512 else 5
    shrink = partial(
        restoration.denoise_wavelet,
        wavelet="sym4",
        sigma=noise_level(frame),
        wavelet_levels=levels,
        rescale_sigma=False,
    )
    shifts = [(0, 0), (0, 1), (1, 0), (1, 1)]
    moved = [np.roll(shrink(np.roll(frame, s, (0, 1))), (-s[0], -s[1]), (0, 1)) for s in shifts]
    return np.mean(moved, axis=0)


PEERS = {
    "gaussian": partial(ndimage.gaussian_filter, sigma=2),
    "median": partial(ndimage.median_filter, size=5),
    "total variation": total_variation,
    "non-local means": non_local_means,
    "wavelets": wavelets,
}
CHOICES = {
    "gaussian": {"sigma": 2, "sigma_time": 0},
    "median": {"median_size": 5},
    "mean of last frames": {"frames": 5},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dose", type=float, default=10, help="electrons per pixel")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--frames", type=int, default=8)
    arguments = parser.parse_args()
    truth = arguments.dose * scene(arguments.frames, arguments.size)
    noisy = np.random.default_rng(1).poisson(truth).astype(np.uint16)
    one_thread = dataclasses.replace(job(), workers=1)
    late = slice(min(4, arguments.frames - 1), None)
    rows = [["none", "", f"{psnr(noisy[late], truth[late]):.1f}", "", "", "", ""]]
    for method in ("mean of last frames", *PEERS):
        for stabilise in ("off", "on"):
            chosen = DenoiseSettings(method=method, stabilise=stabilise, **CHOICES.get(method, {}))
            run = partial(denoise, Movie(noisy), chosen, one_thread)
            found, ours = timed(run)
            quality = psnr(np.asarray(found.data[late]), truth[late])
            row = [method, stabilise, f"{quality:.1f}", f"{arguments.frames / ours:.1f}"]
            if method in PEERS:
                peer = PEERS[method]
                direct, theirs = timed(
                    lambda peer=peer: np.stack([peer(f.astype(np.float32)) for f in noisy])
                )
                row += [
                    f"{psnr(direct[late], truth[late]):.1f}",
                    f"{arguments.frames / theirs:.1f}",
                ]
                row += [f"{ours / theirs:.2f}"]
            else:
                row += ["", "", ""]
            rows.append(row)
    print_table(
        f"Denoising {arguments.frames} frames of {arguments.size}², {arguments.dose:g} electrons "
        "per pixel",
        [
            "method",
            "stabilised",
            "PSNR (dB)",
            "frames/s",
            "peer PSNR",
            "peer frames/s",
            "time ratio",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
