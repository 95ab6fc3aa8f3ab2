"""Targets 1, 2, 3 (z against the angle) and 4 of issue 5: latent-variance maps.

sharing       maps from shared computation against separate windows, with the same network: equal,
              and how many times as fast; frames a second with statistics; memory; the published
              network in batches against one window at a time. Weights do not matter. Processor
              time is that of all threads; on a busy machine, only it says anything.
permutations  translation and rotation of a simulated lattice: which latents follow, and whether
              they come back with the lattice's period.
finding       a disc that turns by 4.4° over 200 noisy frames, and a lattice that grows and
              shrinks: area under the ROC curve of maps, against pixel variance and optical flow.
              Windows count as moving when most of their pixels do; peers are averaged over the
              same windows.
pair          two grains that close by 4.4°: z(t), smoothed over ten frames, against the angle, in
              the window where most happens.

    python benchmarks/latent.py sharing [--frames 100] [--edge 640] [--threads 2]
    python benchmarks/latent.py permutations finding pair [--model lattice] [--doses 0.5 1 2 4]
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np
from _measure import job, print_table, timed, verdict
from _memory import memory_rise
from scipy.stats import mannwhitneyu

from napari_insitu_tem import Movie
from napari_insitu_tem.analysis.latent_statistics import active_latents, running_mean
from napari_insitu_tem.analysis.windows import WindowGrid, windows_of
from napari_insitu_tem.simulate.lattice import LatticeMovieSettings, simulate_lattice
from napari_insitu_tem.simulate.lattice_frames import lattice_series
from napari_insitu_tem.tasks.latent import LatentSettings, latent

# -- target 4 --------------------------------------------------------------------------------


def sharing(arguments: argparse.Namespace) -> None:
    """Measure with fresh networks, so that nothing need be trained."""
    import tempfile

    import torch

    torch.set_num_threads(arguments.threads)
    os.environ["INSITU_TEM_MODELS"] = tempfile.mkdtemp()
    network = fresh("patchvae")
    save(network)
    rng = np.random.default_rng(0)
    shape = (arguments.frames, arguments.edge, arguments.edge)
    data = rng.poisson(20, shape).astype(np.uint8)
    movie = Movie(data, name="noise")
    settings = LatentSettings(model="fresh", lattice_only=False)
    latent(movie.select(0, 4), settings, job())  # what is loaded and compiled only once
    with memory_rise() as rise:
        found, wall, cpu = clocked(lambda: latent(movie, settings, job()))

    from napari_insitu_tem.inference.latent_windows import WindowEncoder

    encoder = WindowEncoder(network)
    few = data[:5]
    _, once, once_cpu = clocked(lambda: [encoder.frame(frame) for frame in few])
    own = WindowEncoder(network)
    own.shared_step = None  # every window by itself, in batches
    separate, own_wall, own_cpu = clocked(lambda: own.frame(data[0]))
    difference = float(np.abs(separate - np.asarray(found.series[0])).max())
    windows = found.grid.rows * found.grid.columns
    rows = []
    for name, whole, shared, alone in (
        ("wall", wall, once / len(few), own_wall),
        ("processor", cpu, once_cpu / len(few), own_cpu),
    ):
        # What is not encoding takes as long either way.
        rest = max(whole - arguments.frames * shared, 0)
        ratio = (arguments.frames * alone + rest) / whole
        speed = arguments.frames / whole
        rows += [
            [f"encoder, shared (ms a frame, {name})", 1000 * shared, "", ""],
            [f"encoder, separate in batches (ms a frame, {name})", 1000 * alone, "", ""],
            [f"whole analysis, times as fast ({name})", ratio, "≥ 50",
             verdict(ratio, 50, at_least=True)],
            [f"whole analysis (frames/s of {name} time)", speed, "≥ 30", ""],
        ]  # fmt: skip
    speed = arguments.frames / wall
    print_table(
        f"{arguments.frames} frames of {arguments.edge}², window 64, step 8 ({windows} windows), "
        f"{arguments.threads} threads; latents deviate by {float(separate.std()):.2g}",
        ["measure", "value", "target", ""],
        [
            ["largest difference of latents", difference, "≤ 1e-4",
             verdict(difference, 1e-4, at_least=False)],
            *rows,
            ["whole analysis keeps up (frames/s)", speed, "≥ 30",
             verdict(speed, 30, at_least=True)],
            ["memory (GB)", rise["MB"] / 1000, "≤ 2",
             verdict(rise["MB"] / 1000, 2, at_least=False)],
        ],
    )  # fmt: skip
    paper(data[0])


def paper(frame: np.ndarray) -> None:
    """Compare the published network in batches with one window at a time."""
    import torch

    from napari_insitu_tem.analysis.windows import unit_windows

    network = fresh("patchvae-paper")
    grid = WindowGrid.of(frame.shape, 64, 8)
    windows = windows_of(frame, grid).reshape(-1, 64, 64)[:512]

    def batched() -> None:
        values = torch.from_numpy(unit_windows(windows))[:, None]
        for part in values.split(256):
            network.encode_mean(part)

    def one_by_one() -> None:
        for window in windows[:128]:
            network.encode_mean(torch.from_numpy(unit_windows(window))[None, None])

    with torch.inference_mode():
        batched()
        _, _, many = clocked(batched)
        _, _, single = clocked(one_by_one)
    count = grid.rows * grid.columns
    rows = [
        ["in batches of 256", 512 / many, count * many / 512],
        ["one at a time", 128 / single, count * single / 128],
        ["ratio", (512 / many) / (128 / single), ""],
    ]
    print_table(
        "The published network", ["windows", "windows/s (processor)", f"s a frame ({count})"], rows
    )


def clocked(function):
    """Return a function's result, its wall time and its processor time (s)."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def fresh(name: str):
    """Return a network that was never trained."""
    import torch

    from napari_insitu_tem.networks import build_network

    torch.manual_seed(0)
    return build_network(name, {}).eval().requires_grad_(False)


def save(network) -> None:
    """Keep it as a model, for the task."""
    from napari_insitu_tem.models.card import ModelCard
    from napari_insitu_tem.models.store import save_model

    card = ModelCard(
        name="fresh", task="latent", network="patchvae", channels=("reconstruction",),
        normalisation="frame", trained_on="nothing",
    )  # fmt: skip
    save_model(card, network.state_dict())


# -- target 1 --------------------------------------------------------------------------------


def permutations(arguments: argparse.Namespace) -> None:
    """Say which latents follow each change, and whether they are periodic."""
    from napari_insitu_tem.models.store import get_model
    from napari_insitu_tem.tasks.latent.response import encode_series, latent_responses

    model = get_model(arguments.model).expect(task="latent")
    network, scaling = model.load("cpu"), model.card.normalisation
    table = latent_responses(network, scaling=scaling, period=arguments.period)
    tops, rows = {}, []
    for change in ("translation y", "translation x", "rotation"):
        values = table[change.replace(" ", "_")].to_numpy()
        tops[change] = np.argsort(values)[::-1][:3]
        peak = ""
        if change != "rotation":
            series = lattice_series(change, steps=240, period=arguments.period, periods=6)
            z = encode_series(network, series, scaling=scaling)[:, tops[change][0]]
            power = np.abs(np.fft.rfft((z - z.mean()) * np.hanning(len(z)), 16 * len(z)))
            peak = f"{power.argmax() / 16 / 6:.3f}"
        rows.append([change, ", ".join(f"z{each} ({values[each]:.2f})" for each in tops[change]),
                     peak])  # fmt: skip
    active = int(active_latents(network.training_variance.numpy()).sum())
    print_table(
        f"{arguments.model}: {active} of {network.latents} latents are active (paper: 34 of 64)",
        ["change", "top three (variance)", "spectral peak, in 1/period (0.95 to 1.05)"],
        rows,
    )
    names = list(tops)
    shared = [
        [f"{one} and {other}", len(set(tops[one]) & set(tops[other]))]
        for place, one in enumerate(names)
        for other in names[place + 1 :]
    ]
    print_table("Shared of the top three", ["changes", "latents (at most 1)"], shared)


# -- target 2 --------------------------------------------------------------------------------


def finding(arguments: argparse.Namespace) -> None:
    """Find what moves."""
    for change, target in (("rotating region", 0.95), ("growth", 0.90)):
        rows, seconds, latents = [], 0.0, []
        for dose in arguments.doses:
            areas = []
            for seed in arguments.seeds:
                settings = LatticeMovieSettings(
                    change=change, n_frames=arguments.length, height=arguments.size,
                    width=arguments.size, dose=dose, period=arguments.period,
                )  # fmt: skip
                truth = simulate_lattice(settings, job(seed))
                chosen = LatentSettings(model=arguments.model, lattice_only=False)
                found, took = timed(lambda m=truth.movie, s=chosen: latent(m, s, job()))
                seconds += took
                each, best = areas_of(found, truth, 0.5 if change == "rotating region" else 0.25)
                areas.append(each)
                latents.append(best)
            rows.append([f"{dose:g}", *(f"{value:.3f}" for value in np.mean(areas, axis=0))])
        best = [max(map(float, row[4:])) for row in rows]
        print_table(
            f"{change}: {arguments.length} frames of {arguments.size}², {len(arguments.seeds)} "
            f"seeds a dose, {seconds / len(latents):.1f} s each; the best map has "
            f"{min(best):.3f} to {max(best):.3f} of {target} "
            f"({verdict(min(best), target, at_least=True)}); best latents: "
            + ", ".join(f"z{each}" for each in sorted(set(latents))),
            ["e/px", "variance of pixels", "optical flow, first to last frame",
             "optical flow, first to last ten", "time-correlated variance, all latents",
             "its best latent", "variance beyond noise, all latents"],
            rows,
        )  # fmt: skip


def areas_of(found, truth, covered: float) -> tuple[list[float], int]:
    """Return the areas under the curve of peers and maps, and the best latent."""
    from skimage.registration import optical_flow_ilk

    share = windows_of(truth.moving.astype(np.float32), found.grid).mean(axis=(-2, -1))
    moving = share > covered
    frames = np.asarray(truth.movie.data, np.float32)
    peers = [frames.var(axis=0)]
    for count in (1, 10):
        ends = frames[:count].mean(axis=0), frames[-count:].mean(axis=0)
        peers.append(np.hypot(*optical_flow_ilk(*ends, radius=15)))
    maps = found.maps("time_correlated_variance")
    single = [area(maps[..., each], moving) for each in range(found.latents)]
    return [
        *(area(over_windows(peer, found.grid), moving) for peer in peers),
        area(found.activity(), moving),
        max(single),
        area(found.activity("slow_variance"), moving),
    ], int(np.argmax(single))


def over_windows(image: np.ndarray, grid: WindowGrid) -> np.ndarray:
    """Return the mean of an image over every window."""
    return windows_of(np.ascontiguousarray(image, np.float32), grid).mean(axis=(-2, -1))


def area(values: np.ndarray, truth: np.ndarray) -> float:
    """Return the area under the ROC curve of values for a mask."""
    inside, outside = values[truth], values[~truth]
    return float(mannwhitneyu(inside, outside).statistic / (len(inside) * len(outside)))


# -- target 3 --------------------------------------------------------------------------------


def pair(arguments: argparse.Namespace) -> None:
    """Compare z(t) with the angle between two grains."""
    rows = []
    for dose in arguments.doses:
        for seed in arguments.seeds:
            settings = LatticeMovieSettings(
                change="pair", n_frames=arguments.length, height=arguments.size,
                width=arguments.size, dose=dose, period=arguments.period,
            )  # fmt: skip
            truth = simulate_lattice(settings, job(seed))
            chosen = LatentSettings(model=arguments.model, lattice_only=False)
            found = latent(truth.movie, chosen, job())
            row, column = np.unravel_index(int(found.activity().argmax()), found.grid.shape)
            z = running_mean(found.at(int(row), int(column)), 10)
            order = np.argsort(found.statistics.time_correlated_variance[row, column])[::-1]
            signs = [float(np.corrcoef(z[:, each], truth.misorientation)[0, 1]) for each in order]
            rows.append([
                f"{dose:g}", seed, f"{row}, {column}",
                ", ".join(f"z{k} {r:+.3f}" for k, r in zip(order[:3], signs[:3], strict=True)),
                f"{abs(signs[0]):.3f}", verdict(abs(signs[0]), 0.95, at_least=True),
            ])  # fmt: skip
    print_table(
        "A pair that closes by 4.4°: z(t), smoothed over ten frames, in the window where most "
        "happens, against the true angle",
        ["e/px", "seed", "window", "latents that change most there", "|r| of the first", ""],
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = {"sharing": sharing, "permutations": permutations, "finding": finding, "pair": pair}
    parser.add_argument("parts", nargs="+", choices=list(parts))
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--edge", type=int, default=640)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--model", default="lattice")
    parser.add_argument("--doses", type=float, nargs="+", default=[0.5, 1, 2, 4], help="e/px")
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3, 4])
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--period", type=float, default=24.7)
    arguments = parser.parse_args()
    start = time.perf_counter()
    for part in arguments.parts:
        parts[part](arguments)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
