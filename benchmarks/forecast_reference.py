"""PhyDNet beside the authors' public code: parameters, outputs, validation loss, time of a step.

The authors' repository is not part of this project. Clone it and check out its first version,
which Fu et al.'s parameter counts belong to:

    git clone https://github.com/vincent-leguen/PhyDNet && git -C PhyDNet checkout b2a9c3f
    python benchmarks/forecast_reference.py PhyDNet [--steps 200] [--edge 64] [--batch 4]

Both get the same first weights, clips, order, teacher forcing and optimiser (Adam, 1e-4). A third
network is ours as it begins by itself, with filters that are derivatives.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import runpy
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _measure import job, print_table, verdict

from napari_insitu_tem.learning.forecast_clips import ClipDrawing, ClipPatches, unpacked
from napari_insitu_tem.learning.forecast_movies import clip_movies
from napari_insitu_tem.learning.forecast_settings import ForecastClips
from napari_insitu_tem.networks.moments import derivative_moments, filter_moments
from napari_insitu_tem.networks.phydnet import PhyDNet
from napari_insitu_tem.simulate.forecast_movies import forecast_movie

LOSS = 1.05


class Theirs:
    """The authors' network and training step."""

    def __init__(self, folder: Path, edge: int) -> None:
        # Fu et al. have twice the base filters of the repository's first version.
        text = (folder / "models" / "models.py").read_text().replace("nf = 16", "nf = 32")
        parts: dict[str, Any] = {}
        exec(compile(text, "models.py", "exec"), parts)  # noqa: S102 - what the user gave
        with contextlib.redirect_stdout(io.StringIO()):
            lstm = parts["ConvLSTM"]((edge // 4,) * 2, 128, [128] * 3, 3, (3, 3), "cpu")
            cell = parts["PhyCell"]((edge // 4,) * 2, 128, [49], 1, (7, 7), "cpu")
            self.network = parts["EncoderRNN"](cell, lstm, "cpu")
        self._moments = runpy.run_path(str(folder / "constrain_moments.py"))["K2M"]([7, 7])

    def loss(self, clip: torch.Tensor, given: int, forced: bool) -> torch.Tensor:
        """Return the published loss of a batch."""
        total = torch.zeros(())
        frame = clip[:, 0]
        for moment in range(1, clip.shape[1]):
            answer = self.network(frame, moment == 1)[2]
            total = total + (answer - clip[:, moment]).square().mean()
            frame = clip[:, moment] if moment < given or forced else answer
        weights = self.network.phycell.cell_list[0].F.conv1.weight
        for channel in range(weights.shape[1]):
            found = self._moments(weights[:, channel].double()).float()
            total = total + (found - derivative_moments(7)).square().mean()
        return total

    def ahead(self, clip: torch.Tensor, given: int) -> torch.Tensor:
        """Return the frames that follow."""
        for moment in range(given):
            answer = self.network(clip[:, moment], moment == 0)[2]
        answers = [answer]
        for _ in range(clip.shape[1] - given - 1):
            answers.append(self.network(answers[-1])[2])
        return torch.stack(answers, 1)


class Ours:
    """Our network under the same loss."""

    def __init__(self, start: str) -> None:
        self.network = PhyDNet(head="sigmoid", start=start)

    def loss(self, clip: torch.Tensor, given: int, forced: bool) -> torch.Tensor:
        """Return the published loss of a batch."""
        answers = self.network.every(clip, given, forced=forced)
        errors = (answers - clip[:, 1:]).square().mean(dim=(0, 2, 3, 4)).sum()
        penalty = self.network.penalty()
        assert penalty is not None
        return errors + penalty

    def ahead(self, clip: torch.Tensor, given: int) -> torch.Tensor:
        """Return the frames that follow."""
        return self.network(clip[:, :given], clip.shape[1] - given)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repository", type=Path)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--edge", type=int, default=64)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--given", type=int, default=4)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    arguments = parser.parse_args()
    if not (arguments.repository / "models" / "models.py").is_file():
        sys.exit("There is no models/models.py in that folder: see this script's first lines.")
    torch.manual_seed(0)
    theirs, ours = Theirs(arguments.repository, arguments.edge), Ours("random")
    exact = Ours("derivatives")
    _copy(theirs.network, ours.network)
    count = {
        "PhyCell": sum(each.numel() for each in ours.network.phycell.parameters()),
        "ConvLSTM": sum(each.numel() for each in ours.network.lstm.parameters()),
        "all": sum(each.numel() for each in ours.network.parameters()),
        "all, theirs": sum(each.numel() for each in theirs.network.parameters()),
    }
    print_table("Parameters (published: 609,073 and 3,540,480)", list(count),
                [[f"{value:,}" for value in count.values()]])  # fmt: skip
    clips = ForecastClips(given=arguments.given, scaling="min-max", turned=False)
    movie = forecast_movie("4 nm", n_frames=arguments.frames, edge=arguments.edge)
    read = clip_movies([movie.replace(data=np.asarray(movie.data))], clips,
                       patch=arguments.edge, job=job())  # fmt: skip
    if not len(read[0].split.validation):
        sys.exit("So few frames leave no clip to validate on; take more (--frames).")
    rows: list[list[Any]] = []
    for name, part in (("theirs", theirs), ("ours", ours), ("ours, from derivatives", exact)):
        seconds = _train(part, read, clips, arguments)
        loss, seen = _validation(part, read, clips, arguments.edge)
        rows.append([name, loss, seen, seconds])
    ratios = ["ours / theirs", rows[1][1] / rows[0][1], "", rows[1][3] / rows[0][3]]
    print_table(
        f"{arguments.steps} steps of {arguments.batch} clips of {arguments.edge}², "
        f"{torch.get_num_threads()} threads",
        ["", "validation MSE", "clips", "s a step"],
        [*rows, ratios],
    )
    near = abs(ratios[1] - 1) + 1
    print(f"\nvalidation loss within 5 %: {verdict(near, LOSS, at_least=False)}")
    print(f"step not slower: {verdict(ratios[3], 1.0, at_least=False)}")
    filters = {
        "theirs": theirs.network.phycell.cell_list[0].F.conv1.weight,
        "ours": ours.network.phycell.derivatives.weight,
        "ours, from derivatives": exact.network.phycell.derivatives.weight,
    }
    _print_moments(filters)


def _print_moments(weights: dict[str, torch.Tensor]) -> None:
    """Print how far filters are from the derivatives, low orders and all."""
    rows = []
    for name, values in weights.items():
        off = (filter_moments(values.detach()) - derivative_moments(7)[:, None]).abs()
        most = off.amax(dim=(1, 2, 3)).reshape(7, 7)
        low = max(float(most[i, j]) for i in range(3) for j in range(3 - i))
        rms = float(off.square().mean().sqrt())
        rows.append([name, low, verdict(low, 0.1, at_least=False), float(most.max()),
                     verdict(float(most.max()), 0.1, at_least=False), rms])  # fmt: skip
    print_table(
        "Moments of the PhyCell's filters, less those of the derivatives",
        ["", "largest, orders 0 to 2", "≤ 0.1", "largest of all", "≤ 0.1", "root mean square"],
        rows,
    )


def _copy(source: torch.nn.Module, target: torch.nn.Module) -> None:
    with torch.no_grad():
        for one, other in zip(source.parameters(), target.parameters(), strict=True):
            other.copy_(one)


def _train(part: Any, read: list[Any], clips: ForecastClips, arguments: Any) -> float:
    """Train; return the median seconds a step."""
    drawing = ClipDrawing(read, clips, patch=arguments.edge, warm_up=True, seed=1)
    optimiser = torch.optim.Adam(part.network.parameters(), arguments.learning_rate)
    chance, number, times = np.random.default_rng(2), 0, []
    part.network.train()
    for step in range(arguments.steps):
        batch = []
        for _ in range(arguments.batch):
            batch.append(unpacked(drawing(number)[0][0], clips.plan.length))
            number += 1
        forced = bool(chance.random() < max(0.0, 1 - 10 * step / arguments.steps))
        start = time.perf_counter()
        optimiser.zero_grad()
        part.loss(torch.from_numpy(np.stack(batch)), clips.given, forced).backward()
        optimiser.step()
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def _validation(part: Any, read: list[Any], clips: ForecastClips, edge: int) -> tuple[float, int]:
    part.network.eval()
    losses = []
    with torch.no_grad():
        for everything, wanted, _ in ClipPatches(read, clips, patch=edge, count=32)():
            clip = torch.from_numpy(unpacked(everything, clips.plan.length))[None]
            found = part.ahead(clip, clips.given)[0, :, 0].numpy()
            losses.append(float(np.mean((found - wanted) ** 2)))
    return float(np.mean(losses)), len(losses)


if __name__ == "__main__":
    main()
