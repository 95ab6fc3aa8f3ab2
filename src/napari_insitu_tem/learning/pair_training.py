"""Training on pairs of a noisy and a clean image, as a recipe says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.image_losses import structural_similarity
from napari_insitu_tem.learning.image_pairs import PairDrawing, PairPatches
from napari_insitu_tem.learning.loop import Report, Trained, learn
from napari_insitu_tem.learning.validation import Metric, Validation

if TYPE_CHECKING:
    from napari_insitu_tem.learning.recipes import TrainRecipe

__all__ = ["IMAGE_METRICS", "train_on_pairs"]


def train_on_pairs(
    recipe: TrainRecipe,
    network: nn.Module,
    training: Any,
    validation: Any | None,
    job: Job,
    on_report: Callable[[Report], None] | None = None,
    checkpoint: Path | None = None,
) -> Trained:
    """Train a network to give the clean image of a noisy one; see `loop.train`.

    Parameters
    ----------
    recipe : TrainRecipe
        Patch, normalisation, share of mosaics, and how.
    network : torch.nn.Module
        From one image to one.
    training, validation : PairSet
        What to learn from and to judge by.
    job, on_report, checkpoint
        As for `loop.train`.
    """
    settings = recipe.training
    drawing = PairDrawing(
        training,
        recipe.patch,
        recipe.normalisation,
        recipe.augmentation.mosaics,
        settings.patches_per_frame,
        settings.seed,
    )
    held = None
    if validation is not None and len(validation):
        cut = PairPatches(
            validation, recipe.patch, settings.validation_patches, recipe.normalisation
        )
        held = Validation(cut, output=_as_it_is, metrics=IMAGE_METRICS)
    return learn(
        network,
        drawing,
        held,
        settings,
        job,
        patch=recipe.patch,
        on_report=on_report,
        checkpoint=checkpoint,
    )


def matched_psnr(images: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean peak signal-to-noise ratio (dB) after the best gain and offset of each."""
    found = []
    for image, truth in zip(images[:, 0].astype(float), wanted[:, 0].astype(float), strict=True):
        width = float(np.ptp(truth))
        if width <= 0:
            continue
        shape = image - image.mean()
        power = float(np.mean(shape**2))
        gain = float(np.mean(shape * truth)) / power if power > 0 else 0.0
        error = float(np.mean((gain * shape + truth.mean() - truth) ** 2))
        found.append(10 * np.log10(width**2 / max(error, 1e-12 * width**2)))
    return float(np.mean(found)) if found else 0.0


def mean_similarity(images: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean structural similarity, for a range of values of 1."""
    similar = structural_similarity(torch.from_numpy(images), torch.from_numpy(wanted))
    return float(similar.mean())


IMAGE_METRICS: Mapping[str, Metric] = MappingProxyType(
    {"matched PSNR": matched_psnr, "SSIM": mean_similarity}
)


def _as_it_is(images: Tensor) -> Tensor:
    return images
