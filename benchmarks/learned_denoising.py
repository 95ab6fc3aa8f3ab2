"""Target 2 of issue 4: learning from a noisy movie, against every classical method, over dose.

Movies with motion: nanocubes that diffuse and turn in liquid, and a lattice that drifts and
turns. Classical methods (with their strength at half, one and two times the automatic one,
Gaussians of several widths in space and time, medians, means of frames) are given the best of
their settings by the truth; learning has its defaults. PSNR is affine-matched: after the gain
and offset that suit best. ``ghosts`` is the part of the frames before and after that is left in a
frame: 0 where nothing is left behind of moving things, and about 2/3 for the mean of three frames.

    python benchmarks/learned_denoising.py [--minutes 10] [--doses 0.5 2 8] [--movies cubes lattice]
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource

import numpy as np
from _measure import job, print_table, timed, verdict
from scipy import ndimage

from napari_insitu_tem import Movie
from napari_insitu_tem.simulate.particles import ParticleMovieSettings, ParticleScene
from napari_insitu_tem.tasks.denoise import DenoiseSettings, denoise

TARGET = 2.0
FRAMES, EDGE = 64, 256


def cubes() -> np.ndarray:
    """Return how many electrons of one come through where nanocubes diffuse and turn."""
    settings = ParticleMovieSettings(
        n_frames=FRAMES, height=EDGE, width=EDGE, particles=18, size=28, dose=1.0, pixel_size=0.5
    )
    scene = ParticleScene(settings, seed=5)
    frames = np.array([scene.expected_electrons(index) for index in range(FRAMES)])
    return frames / np.median(frames)


def lattice() -> np.ndarray:
    """Return the same of a lattice in the middle of the frame that drifts and turns."""
    y, x = np.mgrid[:EDGE, :EDGE].astype(float)
    inside = 0.5 * (1 - np.tanh((np.hypot(y - EDGE / 2, x - EDGE / 2) - 0.38 * EDGE) / 4))
    frames = []
    for time in range(FRAMES):
        wave = np.zeros_like(y)
        for k in range(3):
            angle = k * np.pi / 3 + 0.004 * time
            along = (x - EDGE / 2 - 0.5 * time) * np.cos(angle) + (y - EDGE / 2) * np.sin(angle)
            wave += np.cos(2 * np.pi * along / 9.0) / 3
        frames.append(0.8 + 0.25 * inside * wave)
    return np.array(frames)


SCENES = {"cubes": cubes, "lattice": lattice}


def matched(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean PSNR (dB) of frames after the best gain and offset of each."""
    values = []
    for frame, true in zip(np.asarray(found, float), truth, strict=True):
        spread = frame.var()
        gain = np.mean((frame - frame.mean()) * (true - true.mean())) / spread if spread else 0.0
        offset = true.mean() - gain * frame.mean()
        error = np.mean((gain * frame + offset - true) ** 2)
        values.append(10 * np.log10(np.ptp(true) ** 2 / error))
    return float(np.mean(values))


def ghosts(name: str, found: np.ndarray, truth: np.ndarray) -> str:
    """Return which part of the frames before and after is left in a frame, beyond any blur.

    The error is explained, by least squares, by what those frames would leave and by what a blur
    of the frame itself (Gaussians of 1, 2 and 4 px) would.
    """
    normal, given = np.zeros((5, 5)), np.zeros(5)
    for time in range(1, len(truth) - 1):
        now = truth[time]
        causes = [truth[time - 1] - now, truth[time + 1] - now]
        causes += [ndimage.gaussian_filter(now, sigma) - now for sigma in (1, 2, 4)]
        columns = np.stack([cause.ravel() for cause in causes])
        normal += columns @ columns.T
        given += columns @ (np.asarray(found[time], float) - now).ravel()
    return f"{np.linalg.solve(normal, given)[:2].sum():.2f}"


def classical(movie: Movie) -> dict[str, np.ndarray]:
    """Return the movie by every classical method and setting."""
    chosen: dict[str, DenoiseSettings] = {}
    for sigma, time in itertools.product((0.7, 1, 1.5, 2, 3), (0, 0.7, 1.2, 2)):
        name = f"Gaussian {sigma} px, {time} frames"
        chosen[name] = DenoiseSettings(method="gaussian", sigma=sigma, sigma_time=time)
    for method, strength in itertools.product(
        ("total variation", "non-local means", "wavelets"), (0.5, 1, 2)
    ):
        chosen[f"{method}, strength {strength}"] = DenoiseSettings(method=method, strength=strength)
    for size, frames in itertools.product((3, 5, 7), (1, 3, 5)):
        chosen[f"median {size} px, {frames} frames"] = DenoiseSettings(
            method="median", median_size=size, median_frames=frames
        )
    return {name: np.asarray(denoise(movie, each, job()).data) for name, each in chosen.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--doses", type=float, nargs="*", default=[0.5, 2.0, 8.0])
    parser.add_argument("--movies", nargs="*", choices=list(SCENES), default=list(SCENES))
    parser.add_argument(
        "--ways", nargs="*", default=["learn from this movie", "learn from its neighbours"]
    )
    parser.add_argument("--bin", default="automatic", help="1, 2 or 4 pixels")
    arguments = parser.parse_args()
    rows = []
    for name, dose in itertools.product(arguments.movies, arguments.doses):
        truth = dose * SCENES[name]()
        movie = Movie(np.random.default_rng(1).poisson(truth).astype(np.uint16))
        found = classical(movie)
        best = max(found, key=lambda each: matched(found[each], truth))
        mean = np.broadcast_to(np.asarray(movie.data).mean(axis=0), truth.shape)
        peers = {"noisy": np.asarray(movie.data), "mean of all frames": mean, best: found[best]}
        for peer, frames in peers.items():
            rows.append([name, dose, peer, f"{matched(frames, truth):.1f}", "",
                         ghosts(name, frames, truth), "", ""])  # fmt: skip
        level = max(matched(found[best], truth), matched(mean, truth))
        for way in arguments.ways:
            settings = DenoiseSettings(method=way, minutes=arguments.minutes, bin=arguments.bin)
            result, seconds = timed(lambda m=movie, s=settings: denoise(m, s, job()))
            frames = np.asarray(result.data)
            gain = matched(frames, truth) - level
            rows.append([name, dose, way, f"{matched(frames, truth):.1f}", f"{gain:+.1f}",
                         ghosts(name, frames, truth), f"{seconds / 60:.1f}",
                         verdict(gain, TARGET, at_least=True)])  # fmt: skip
    print_table(
        f"{FRAMES} frames of {EDGE}², {os.cpu_count()} processors, "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB at most",
        ["movie", "electrons a pixel", "method", "PSNR, matched (dB)", "over the best (dB)",
         "ghosts", "min", f"≥ {TARGET:g} dB"],
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    main()
