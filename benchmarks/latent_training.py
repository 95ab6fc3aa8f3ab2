"""Target 5 of issue 5: the published network and its training, and the default one on its data.

Both learn from the 20,400 windows of the recipe `lattice-paper` (300 frames with 68 windows each,
each window brought to 0 … 1 by itself), 20 times over, and are judged by 1024 windows of other
frames; or from as many windows of three simulated movies (--data movies). The reconstruction is
the binary cross-entropy summed over a window; a grey window has an entropy of its own, which is
taken off in *excess*. Wang et al. record 2752 → 2557 and a divergence of 10 → 35 nats on their
recordings.

    python benchmarks/latent_training.py [published] [default] [--epochs 20] [--threads 2]
    python benchmarks/latent_training.py published --beta-steps 4000
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from _measure import job, print_table

from napari_insitu_tem.learning.latent_frames import MovieFrames
from napari_insitu_tem.learning.latent_loss import target_entropy
from napari_insitu_tem.learning.latent_patches import held_patches
from napari_insitu_tem.learning.make import make_model
from napari_insitu_tem.learning.recipes import TrainRecipe, find_recipe
from napari_insitu_tem.learning.settings import Report
from napari_insitu_tem.simulate.lattice import LatticeMovieSettings, simulate_lattice

WINDOWS = 20_400
SHOWN = (1, 2, 5, 10, 15, 20)
DOSE = 200.0


def recipes() -> dict[str, TrainRecipe]:
    """Return how each network learns: the published way, and that of the recipe `lattice`."""
    published, ours = find_recipe("lattice-paper"), find_recipe("lattice")
    return {
        "published": published,
        "default": published.replace(
            name="default-network",
            network=ours.network,
            arguments=ours.arguments,
            training={
                **ours.training.to_dict(),
                "patches_per_frame": published.training.patches_per_frame,
                "validation_patches": published.training.validation_patches,
                "minutes": None,
            },
        ),
    }


def movies(seed: int, frames: int) -> MovieFrames:
    """Return the frames of three movies: a pair of grains, growth at an edge, a disc that turns."""
    made = [
        simulate_lattice(
            LatticeMovieSettings(
                change=change, n_frames=frames, height=320, width=320, dose=DOSE, angle=7.0 * number
            ),
            job(seed),
        ).movie
        for number, change in enumerate(("pair", "growth", "rotating region"))
    ]
    return MovieFrames(made, smallest=64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=["published", "default"])
    parser.add_argument("--data", choices=("drawn", "movies"), default="drawn")
    parser.add_argument("--beta-steps", type=int, help="steps after which beta counts in full")
    parser.add_argument("--epochs", type=float, default=20)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    import torch

    torch.set_num_threads(arguments.threads)
    for name in arguments.networks:
        recipe = recipes()[name]
        training = recipe.training
        epoch = WINDOWS / training.batch_size
        recipe = recipe.with_training(
            steps=round(arguments.epochs * epoch),
            validate_every=max(1, round(epoch)),
            beta_steps=arguments.beta_steps,
        )
        reports: list[Report] = []
        sets = recipe.sets() if arguments.data == "drawn" else (movies(0, 100), movies(1, 10))
        held = held_patches(sets[1], recipe.patch, training.validation_patches, "window")
        targets = np.stack([target for _, target, _ in held(lambda: None)])
        entropy = float(target_entropy(targets).mean())
        start = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            made = make_model(
                recipe, job(), sets=sets, folder=Path(folder), on_report=reports.append
            )
        seconds = time.process_time() - start
        rows = []
        for report in reports:
            if report.validation_loss is None:
                continue
            epochs = report.step / epoch
            excess = report.metrics["reconstruction less entropy"]
            if round(epochs) in SHOWN or report is reports[-1]:
                rows.append([
                    f"{epochs:.1f}", f"{report.seconds / 60:.1f}", f"{entropy + excess:.0f}",
                    f"{excess:.0f}", f"{report.metrics['KL']:.1f}",
                    f"{report.metrics['active latents']:.0f}",
                ])  # fmt: skip
        weights = sum(each.numel() for each in made.trained.state.values())
        print_table(
            f"{name}: {recipe.network}, {weights:,} weights, batches of {training.batch_size}, "
            f"{seconds / 60:.1f} minutes of processor time",
            ["epochs", "minutes", "reconstruction (nats)", "excess (nats)", "KL (nats)",
             "active latents"],
            rows,
        )  # fmt: skip


if __name__ == "__main__":
    main()
