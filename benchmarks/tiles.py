"""Target 5: a network in tiles against the whole image, the bare network and MONAI.

agreement   largest difference of logits between stitched and whole, where the receptive field
            of a pixel lies in a tile, and everywhere
memory      by how much 4096² makes the resident memory of a fresh process rise
speed       pixels of the image a second: in tiles, by the bare network, and by MONAI's
            sliding_window_inference with the same tile, overlap and batch, in alternating runs
            of which the fastest counts (pip install monai; without it those rows are left out)
seams       what the windows cost near the seams of a trained network (the shipped `particles`):
            probabilities of tiles that overlap too little against those of the whole image

    python benchmarks/tiles.py [agreement memory speed seams] [--size 4096] [--threads 2]
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Callable

import numpy as np
import torch
from _measure import in_fresh_process, job, print_table, verdict
from _memory import memory_rise
from torch import nn

from napari_insitu_tem.analysis.standardise import standardise
from napari_insitu_tem.inference.grid import TileGrid
from napari_insitu_tem.inference.tiles import TiledPredictor
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.simulate.particle_frames import ParticleFrameSettings, draw_frame

TILE, OVERLAP = 512, 128
NAMES = ("particles", "particles-hrtem-msdnet")


def network_of(name: str) -> nn.Module:
    """Return a shipped network of one's own, which may be changed."""
    return copy.deepcopy(get_model(name).load())


def kind_of(network: nn.Module, name: str) -> str:
    return f"{name} ({type(network).__name__})"


def image_of(size: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)


def frame_of(size: int, rng: np.random.Generator) -> np.ndarray:
    return standardise(draw_frame(ParticleFrameSettings(edge=size), rng).image).astype(np.float32)


def whole(network: nn.Module, image: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return network(torch.from_numpy(image)[None, None])[0].numpy()


def covered(grid: TileGrid, radius: int, shape: tuple[int, int]) -> np.ndarray:
    """Pixels of which every tile that counts there holds the whole receptive field."""
    good = np.ones(shape, bool)
    for window, weight in zip(grid.windows(), grid.weights(), strict=True):
        inside = np.ones(weight.shape, bool)
        for axis, part in enumerate(window):
            place = np.arange(part.stop - part.start)
            near = ((place < radius) & (part.start > 0)) | (
                (place >= len(place) - radius) & (part.stop < shape[axis])
            )
            inside &= ~(near[:, None] if axis == 0 else near[None])
        good[window] &= inside | (weight == 0)
    return good


def agreement(arguments: argparse.Namespace) -> None:
    size = min(arguments.size, 1536)
    image, rows = frame_of(size, np.random.default_rng(0)), []
    for name in NAMES:
        network = network_of(name)
        expected = whole(network, image)
        for label, tile, overlap in (
            ("twice the receptive radius", 768, 2 * network.receptive_radius),
            (f"{OVERLAP} px", 768, OVERLAP),
        ):
            predictor = TiledPredictor(network, tile=tile, overlap=overlap, activation="none")
            error = np.abs(predictor.predict(image, job()) - expected).max(0)
            grid, _ = predictor.tiles(image.shape)
            good = covered(grid, network.receptive_radius, image.shape)
            rows.append([
                kind_of(network, name), label, len(grid), f"{expected.std():.2g}",
                f"{100 * good.mean():.0f} %",
                f"{error.max():.1e}", f"{error[good].max():.1e}",
                verdict(float(error[good].max()), 1e-4, at_least=False),
            ])  # fmt: skip
    print_table(
        f"Stitched against whole, {size}², largest difference of logits",
        ["network", "overlap", "tiles", "spread of logits", "covered", "everywhere",
         "where covered (target ≤ 1e-4)", "verdict"],
        rows,
    )  # fmt: skip


def rise(name: str, size: int) -> None:
    """Print the rise of memory of one prediction; run in a fresh process."""
    predictor, image = TiledPredictor(network_of(name)), image_of(size)
    predictor.predict(image[:256, :256], job())
    with memory_rise() as found:
        predictor.predict(image, job())
    grid, _ = predictor.tiles(image.shape)
    print(json.dumps({**found, "tiles": len(grid), "tile": grid.tile, "margin": grid.rows.margin}))


def memory(arguments: argparse.Namespace) -> None:
    rows = []
    for name in NAMES:
        found = in_fresh_process(__file__, "--rise", name, "--size", str(arguments.size))
        gigabytes = found["MB"] / 1000
        rows.append([
            kind_of(network_of(name), name), found["tiles"],
            " × ".join(map(str, found["tile"])), gigabytes,
            verdict(gigabytes, 2, at_least=False),
        ])  # fmt: skip
    print_table(
        f"Peak memory above weights and image, {arguments.size}², automatic tiles",
        ["network", "tiles", "tile (px)", "GB (target ≤ 2)", "verdict"],
        rows,
    )


def speed(arguments: argparse.Namespace) -> None:
    image = image_of(arguments.size)
    for name in NAMES:
        network, last = network_of(name), network_of(name)
        runs = ways_to_run(network, last.to(memory_format=torch.channels_last), image)
        wall, cpu = dict.fromkeys(runs, float("inf")), dict.fromkeys(runs, float("inf"))
        with torch.inference_mode():
            for _ in range(arguments.repeats):
                for label, run in runs.items():
                    start, start_cpu = time.perf_counter(), time.process_time()
                    run()
                    wall[label] = min(wall[label], time.perf_counter() - start)
                    cpu[label] = min(cpu[label], time.process_time() - start_cpu)
        report_speed(kind_of(network, name), wall, cpu, arguments)


def ways_to_run(network: nn.Module, last: nn.Module, image: np.ndarray) -> dict[str, Callable]:
    tensor = torch.from_numpy(image)[None, None]
    automatic = TiledPredictor(network)
    tiled = TiledPredictor(network, tile=TILE, overlap=OVERLAP, batch=1)
    runs: dict[str, Callable[[], object]] = {
        "ours, automatic tiles": lambda: automatic.predict(image, job()),
        "bare network": lambda: network(tensor).sigmoid(),
        "bare network, channels last": lambda: last(tensor).sigmoid(),
        f"ours, tiles of {TILE} px": lambda: tiled.predict(image, job()),
    }
    try:
        from monai.inferers import sliding_window_inference as slide
    except ImportError:
        return runs
    share = OVERLAP / TILE
    runs["MONAI"] = lambda: slide(tensor, TILE, 1, network, share, "gaussian").sigmoid()
    runs["MONAI, channels last"] = lambda: slide(tensor, TILE, 1, last, share, "gaussian").sigmoid()
    return runs


def report_speed(
    name: str, wall: dict[str, float], cpu: dict[str, float], arguments: argparse.Namespace
) -> None:
    ours = [label for label in wall if label.startswith("ours")]
    rows = []
    for label, seconds in wall.items():
        rival, limit = (ours[1], 1.0) if "MONAI" in label else (ours[0], 0.9)
        ratio = seconds / wall[rival]
        speed = f"{arguments.size**2 / seconds / 1e6:.2f}"
        row = [label, f"{seconds:.2f}", f"{cpu[label]:.2f}", speed]
        if label not in ours:
            cpu_ratio = f"{cpu[label] / cpu[rival]:.2f}"
            row += [verdict(ratio, limit, at_least=True), cpu_ratio, f"{ratio:.2f}"]
        rows.append(row + [""] * (7 - len(row)))
    print_table(
        f"{name}, {arguments.size}², {arguments.threads} threads",
        ["how", "s", "CPU s", "Mpx/s", "verdict", "CPU s / ours",
         "throughput of ours / this (target ≥ 0.9 of the bare network, ≥ 1.0 of MONAI)"],
        rows,
    )  # fmt: skip


def seams(arguments: argparse.Namespace) -> None:
    network = get_model("particles").load()
    rng, overlaps = np.random.default_rng(3), (64, 96, 128, 160)
    errors: dict[tuple[int, str], list[np.ndarray]] = {}
    for _ in range(arguments.frames):
        image = frame_of(1024, rng)
        sure = _sigmoid(whole(network, image))
        for overlap in overlaps:
            for label, found, near in stitched_ways(network, image, overlap):
                errors.setdefault((overlap, label), []).append(np.abs(found - sure)[..., near])
    rows = []
    for (overlap, label), several in errors.items():
        joined = np.array(several)
        rows.append([
            overlap, label, f"{joined.mean():.1e}", f"{np.quantile(joined, 0.999):.3f}",
            f"{joined.max():.3f}",
        ])  # fmt: skip
    print_table(
        f"Error of the probability where two tiles of `particles` overlap (receptive radius "
        f"{network.receptive_radius} px), {arguments.frames} simulated frames of 1024²",
        ["overlap (px)", "window", "mean", "99.9 %", "largest"],
        rows,
    )  # fmt: skip


def stitched_ways(network: nn.Module, image: np.ndarray, overlap: int):
    """Put two tiles together by several windows; yield each result and where the tiles overlap."""
    predictor = TiledPredictor(network, tile=512 + overlap // 2, overlap=overlap)
    grid = predictor.plan.grid(image.shape, room=10**9)
    start, tile = grid.columns.starts[1], grid.columns.tile
    first = _sigmoid(whole(network, image[:, :tile]))
    second = _sigmoid(whole(network, image[:, start:]))
    near = slice(start, tile)
    one, other = first[..., start:], second[..., : tile - start]
    place = np.arange(tile - start) + 0.5
    hamming = np.interp(place, np.arange(tile), np.hamming(tile))
    gauss = np.exp(-0.5 * ((place - tile / 2) / (0.125 * tile)) ** 2)
    rises = {
        "ours": grid.columns.weights[1][: tile - start],
        "Hamming over the tile (Larsen et al.)": hamming / (hamming + hamming[::-1]),
        "Gaussian over the tile (MONAI)": gauss / (gauss + gauss[::-1]),
        "mean of both (MONAI's default)": np.full(tile - start, 0.5),
    }
    for label, rise_ in rises.items():
        found = np.concatenate(
            [first[..., :start], one * (1 - rise_) + other * rise_, second[..., tile - start :]], -1
        )
        yield label, found, near


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


PARTS = {"agreement": agreement, "memory": memory, "speed": speed, "seams": seams}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=list(PARTS), metavar="part")
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--rise", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.rise:
        rise(arguments.rise, arguments.size)
        return
    for part in arguments.parts:
        PARTS[part](arguments)


if __name__ == "__main__":
    main()
