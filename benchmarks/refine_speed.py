"""Target 5 of issue 4: how fast frames are refined, by the shipped network and by the paper's.

``ours`` is all that a frame goes through: normalisation, network, back to readings, and where there
is a graphics card the way there and back. ``bare`` is the forward pass alone of the same ResNet-18
U-Net in channels_last. Both by turns; the fastest run of each counts.

    python benchmarks/refine_speed.py [--sizes 256 512 1024] [--threads 2] [--device cpu]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from _measure import print_table, verdict

from napari_insitu_tem.analysis.normalise import NORMALISATIONS
from napari_insitu_tem.inference.denoiser import FrameDenoiser, Sight
from napari_insitu_tem.models.store import get_model
from napari_insitu_tem.networks import build_network

#: The paper's Table 2: ms an image on an i7-9700, an RTX A2000 and an RTX 8000.
PAPER = {256: "106, 8.0, 4.3", 512: "240, 13.3, 5.9", 1024: "787, 40.8, 19.1"}


def fastest(ways: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Return the least time (s) of each, taken by turns."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(runs + 1):  # the first warms up
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            times[name].append(time.perf_counter() - start)
    return {name: min(each[1:]) for name, each in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[256, 512, 1024])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--runs", type=int, default=10)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    torch.manual_seed(0)
    paper = build_network("unet", {"encoder": "resnet18", "bounded": True}).eval()
    bare = build_network("unet", {"encoder": "resnet18", "bounded": True}).eval()
    bare = bare.to(device).to(memory_format=torch.channels_last)
    shipped = get_model("refine")

    def ours(network: torch.nn.Module, normalisation: str) -> FrameDenoiser:
        return FrameDenoiser(
            network, sight=Sight(), normalisation=NORMALISATIONS[normalisation], device=device
        )

    by_paper = ours(paper, "stretched")
    by_shipped = ours(shipped.load(device), shipped.card.normalisation)
    rows = []
    for size in arguments.sizes:
        frame = np.random.default_rng(0).poisson(5, (1, size, size)).astype(np.float32)
        given = torch.from_numpy(frame)[None].to(device).to(memory_format=torch.channels_last)

        def forward(given: torch.Tensor = given) -> None:
            with torch.inference_mode():
                bare(given)
            if device.type == "cuda":
                torch.cuda.synchronize()

        took = fastest(
            {
                "bare": forward,
                "paper": lambda frame=frame: by_paper.denoise(frame),
                "shipped": lambda frame=frame: by_shipped.denoise(frame),
            },
            arguments.runs,
        )
        ratio, rate = took["paper"] / took["bare"], 1 / took["shipped"]
        at_512 = size == 512
        rows.append([
            size, f"{1000 * took['bare']:.1f}", f"{1000 * took['paper']:.1f}", f"{ratio:.2f}",
            verdict(ratio, 1.1, at_least=False) if at_512 else "", f"{1000 * took['shipped']:.1f}",
            f"{rate:.1f}", verdict(rate, 15, at_least=True) if at_512 else "",
            PAPER.get(size, ""),
        ])  # fmt: skip
    print_table(
        f"{arguments.device}, {arguments.threads} threads; ms a frame",
        ["frame (px)", "bare ResNet-18 U-Net", "ours, ResNet-18 U-Net", "ratio", "≤ 1.1",
         "`refine`", "frames/s", "≥ 15", "paper: i7-9700, A2000, RTX 8000"],
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    main()
