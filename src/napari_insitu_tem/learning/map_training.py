"""Training on images with ready target maps, as a recipe says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree
from torch import nn

from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.loop import Report, Trained, learn
from napari_insitu_tem.learning.map_samples import MapDrawing, MapPatches
from napari_insitu_tem.learning.validation import Metric, Validation

if TYPE_CHECKING:
    from napari_insitu_tem.learning.recipes import TrainRecipe

__all__ = ["MAP_METRICS", "spot_f1", "train_on_maps"]

#: Maxima of a map below this are no spots, nor are those nearer to one another than `_APART` px.
_LEAST = 0.4
_APART = 3
#: A spot is found where one lies within so many px.
_WITHIN = 1.5


def train_on_maps(
    recipe: TrainRecipe,
    network: nn.Module,
    training: Any,
    validation: Any | None,
    job: Job,
    on_report: Callable[[Report], None] | None = None,
    checkpoint: Path | None = None,
) -> Trained:
    """Train a network to give the target maps of images; see `loop.train`.

    Parameters
    ----------
    recipe : TrainRecipe
        Patch and how; its channels are the maps of the samples, in their order.
    network : torch.nn.Module
        From as many images as a sample has to logits of its maps.
    training, validation : MapSet
        What to learn from and to judge by.
    job, on_report, checkpoint
        As for `loop.train`.
    """
    settings = recipe.training
    drawing = MapDrawing(training, recipe.patch, settings.patches_per_frame, settings.seed)
    held = None
    if validation is not None and len(validation):
        cut = MapPatches(validation, recipe.patch, settings.validation_patches)
        held = Validation(cut, metrics=MAP_METRICS)
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


def spot_f1(answers: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> float:
    """Return F1 of the maxima of all channels, each matched to at most one within 1.5 px.

    Two patches' spots never match; a spot where pixels do not count is left out. 1 when there
    are none at all.
    """
    hits = found_count = wanted_count = 0
    for answer, target, weight in zip(answers, targets, weights, strict=True):
        for given, truth in zip(answer, target, strict=True):
            found, wanted = (_maxima(each, weight[0] > 0) for each in (given, truth))
            found_count, wanted_count = found_count + len(found), wanted_count + len(wanted)
            if len(found) and len(wanted):
                distance, nearest = cKDTree(found).query(wanted, distance_upper_bound=_WITHIN)
                hits += len(np.unique(nearest[np.isfinite(distance)]))
    total = found_count + wanted_count
    return 2 * hits / total if total else 1.0


MAP_METRICS: Mapping[str, Metric] = MappingProxyType({"spot F1": spot_f1})


def _maxima(answer: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the (y, x) pixels of a map's maxima, (n, 2)."""
    highest = ndimage.maximum_filter(answer, size=2 * _APART - 1)
    return np.argwhere((answer == highest) & (answer > _LEAST) & counts)
