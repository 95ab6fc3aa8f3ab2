"""Target 6: MSD-net of depth 50 on 512², time and peak memory of four ways to write it.

Peers in the same run: the published form, which concatenates all maps before every layer; one
preallocated buffer that every layer reads; and contributions of every map pushed to all later
layers, grouped by dilation. Times are the shortest of several alternating runs, memory is what
the resident memory of a fresh process rises by at its highest.

    python benchmarks/msdnet.py [--depth 50] [--size 512] [--repeats 5] [--threads 2]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import torch
from _measure import in_fresh_process, print_table, verdict
from _memory import memory_rise
from torch import Tensor
from torch.nn import functional

from napari_insitu_tem.networks.msdnet import MSDNet


def concatenating(network: MSDNet, images: Tensor) -> Tensor:
    """Compute it as published: every layer copies all earlier maps."""
    maps = images
    for layer in network.layers:
        padded = functional.pad(maps, 4 * layer.dilation[:1], mode="reflect")
        maps = torch.cat([maps, functional.relu(layer(padded))], dim=1)
    return network.head(maps)


def one_buffer(network: MSDNet, images: Tensor) -> Tensor:
    """Write every map into its slot of one buffer."""
    count, channels, *size = images.shape
    maps = images.new_empty((count, network.head.in_channels, *size))
    maps[:, :channels] = images
    for number, layer in enumerate(network.layers, start=channels):
        padded = functional.pad(maps[:, :number], 4 * layer.dilation[:1], mode="reflect")
        maps[:, number] = functional.relu(layer(padded))[:, 0]
    return network.head(maps)


def pushed(network: MSDNet, images: Tensor) -> Tensor:
    """Add every map's contribution to all later layers at once, those of a dilation together."""
    count, channels, *size = images.shape
    maps = images.new_empty((count, network.head.in_channels, *size))
    maps[:, :channels] = images
    for number, layer in enumerate(network.layers, start=channels):
        maps[:, number] = layer.bias[0]
    for made in range(channels - 1, network.head.in_channels - 1):
        first = 0 if made == channels - 1 else made
        if made >= channels:
            maps[:, made].relu_()
        later = list(network.layers)[made - channels + 1 :]
        for dilation in {layer.dilation[0] for layer in later}:
            group = [
                number
                for number, layer in enumerate(later, start=made + 1)
                if layer.dilation[0] == dilation
            ]
            weight = torch.cat(
                [network.layers[number - channels].weight[:, first : made + 1] for number in group]
            )
            padded = functional.pad(maps[:, first : made + 1], 4 * (dilation,), mode="reflect")
            maps[:, group] += functional.conv2d(padded, weight, dilation=dilation)
    maps[:, -1].relu_()
    return network.head(maps)


def ours(network: MSDNet, images: Tensor) -> Tensor:
    return network(images)


FORMS: dict[str, Callable[[MSDNet, Tensor], Tensor]] = {
    "concatenating (as published)": concatenating,
    "one preallocated buffer": one_buffer,
    "pushed by dilation": pushed,
    "ours": ours,
}


def scene(depth: int, size: int) -> tuple[MSDNet, Tensor]:
    torch.manual_seed(0)
    network = MSDNet(depth=depth)
    torch.nn.init.normal_(network.head.weight)
    return network, torch.randn(1, 1, size, size)


def infer(form: str, network: MSDNet, images: Tensor) -> Tensor:
    with torch.inference_mode():
        return FORMS[form](network, images)


def learn(form: str, network: MSDNet, images: Tensor) -> Tensor:
    network.zero_grad()
    FORMS[form](network, images).square().mean().backward()
    return images


def memory(form: str, work: str, depth: int, size: int) -> None:
    """Print by how many MB the resident memory rises; run in a fresh process."""
    work_on = {"infer": infer, "learn": learn}[work]
    network, images = scene(depth, 32)
    work_on(form, network, images)
    images = torch.randn(1, 1, size, size)
    with memory_rise() as rise:
        work_on(form, network, images)
    print(json.dumps(rise))


def times(
    forms: list[str], work: Callable[[str, MSDNet, Tensor], Tensor], depth: int, size: int, n: int
) -> dict[str, float]:
    network, images = scene(depth, size)
    shortest = dict.fromkeys(forms, float("inf"))
    for _ in range(n):
        for form in forms:
            start = time.perf_counter()
            work(form, network, images)
            shortest[form] = min(shortest[form], time.perf_counter() - start)
    return shortest


def table(title: str, forms: list[str], work: str, seconds: dict[str, float], arguments) -> None:
    size = arguments.size if work == "infer" else arguments.size // 4
    shape = (str(arguments.depth), str(size))
    peaks = {
        form: in_fresh_process(__file__, "--memory", form, work, *shape)["MB"] for form in forms
    }
    published = forms[0]
    rows = []
    for form in forms:
        faster = seconds[published] / seconds[form]
        share = peaks[form] / peaks[published]
        judged = form == "ours" and work == "infer"
        rows.append([
            form, seconds[form], peaks[form],
            f"{verdict(faster, 2, at_least=True)}, {verdict(share, 0.5, at_least=False)}"
            if judged else "",
            f"{faster:.2f}", f"{share:.2f}",
        ])  # fmt: skip
    print_table(
        title,
        ["form", "s", "peak memory (MB)", "verdict", "times faster than published (target ≥ 2)",
         "memory / published (target ≤ 0.5)"],
        rows,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depth", type=int, default=50)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.memory:
        form, work, depth, size = arguments.memory
        memory(form, work, int(depth), int(size))
        return
    depth, size, n = arguments.depth, arguments.size, arguments.repeats
    network, images = scene(depth, 64)
    exact = infer("concatenating (as published)", network, images)
    worst = max(float((infer(form, network, images) - exact).abs().max()) for form in FORMS)
    print(f"Largest difference between the four forms on 64²: {worst:.1e}")
    forms = list(FORMS)
    table(
        f"MSD-net of depth {depth} on {size}², {arguments.threads} threads, inference",
        forms, "infer", times(forms, infer, depth, size, n), arguments,
    )  # fmt: skip
    forms = [forms[0], "ours"]
    table(
        f"One training step (forward and backward) on {size // 4}²",
        forms, "learn", times(forms, learn, depth, size // 4, n), arguments,
    )  # fmt: skip


if __name__ == "__main__":
    main()
