"""Validation: the same patches each time, loss and other measures on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from napari_insitu_tem.learning.augment import padded, window
from napari_insitu_tem.learning.losses import LossName, segmentation_loss
from napari_insitu_tem.learning.prepare import Prepared, assemble, standardised
from napari_insitu_tem.learning.samples import Sample, TrainingSet

__all__ = ["METRICS", "Metric", "Validation", "foreground_iou"]

#: ``(probabilities, targets, weights)``, all (n, c or 1, y, x), to a number.
Metric = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def foreground_iou(probabilities: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> float:
    """Return intersection over union of the first channel at a threshold of 0.5.

    Pixels of all patches are pooled; 1 when neither has any foreground.
    """
    counts = weights[:, 0] > 0
    found, wanted = probabilities[:, 0] > 0.5, targets[:, 0] > 0.5
    either = int(((found | wanted) & counts).sum())
    return int((found & wanted & counts).sum()) / either if either else 1.0


METRICS: Mapping[str, Metric] = {"foreground IoU": foreground_iou}


class Validation:
    """Patches set aside, cut once: side by side, so that all of a frame counts.

    Parameters
    ----------
    samples : TrainingSet
        The validation set.
    channels : tuple of str
        What the network's output channels mean.
    patch : int
        Edge of a patch, px.
    count : int
        Largest number of patches; they are spread over all samples.
    """

    def __init__(
        self, samples: TrainingSet, channels: tuple[str, ...], patch: int, count: int
    ) -> None:
        self._samples, self._channels = samples, channels
        self._patch, self._count = patch, count
        self._patches: list[Prepared] = []

    def patches(self, check: Callable[[], None] = lambda: None) -> list[Prepared]:
        """Return the patches; they are cut when first asked for."""
        if self._patches:
            return self._patches
        patches: list[Prepared] = []
        chosen = _spread(len(self._samples), self._count)
        share = max(1, self._count // len(chosen))
        for index in chosen:
            check()
            patches += self._tiles(standardised(self._samples.sample(int(index))), share)
        self._patches = patches
        return patches

    def measure(
        self,
        network: nn.Module,
        *,
        loss: LossName,
        batch_size: int,
        autocast: Callable[[], Any],
        device: torch.device,
        check: Callable[[], None],
        metrics: Mapping[str, Metric] = METRICS,
    ) -> tuple[float, dict[str, float]]:
        """Return the mean loss and the other measures of a network in eval mode."""
        patches = self.patches(check)
        total, seen, outputs = 0.0, 0, []
        for start in range(0, len(patches), batch_size):
            check()
            part = patches[start : start + batch_size]
            image, wanted, weights = (
                torch.from_numpy(np.stack([patch[i] for patch in part])).to(device)
                for i in range(3)
            )
            image = image.contiguous(memory_format=torch.channels_last)
            with torch.no_grad(), autocast():
                logits = network(image)
            total += float(segmentation_loss(logits, wanted, weights, kind=loss)) * len(part)
            seen += len(part)
            outputs.append(torch.sigmoid(logits.float()).cpu().numpy())
        probabilities = np.concatenate(outputs)
        wanted_all, weights_all = (np.stack([patch[i] for patch in patches]) for i in (1, 2))
        measured = {
            name: float(metric(probabilities, wanted_all, weights_all))
            for name, metric in metrics.items()
        }
        return total / seen, measured

    def _tiles(self, frame: Sample, most: int) -> list[Prepared]:
        """Cut up to `most` patches from a frame, in rows and columns."""
        frame = padded(frame, self._patch)
        rows, columns = (
            np.linspace(0, length - self._patch, -(-length // self._patch)).round().astype(int)
            for length in frame.image.shape
        )
        corners = [(y, x) for y in rows for x in columns]
        return [
            assemble(window(frame, corners[place], self._patch), self._channels)
            for place in _spread(len(corners), most)
        ]


def _spread(length: int, count: int) -> np.ndarray:
    """Return up to `count` positions of `length`, evenly spread."""
    return np.unique(np.linspace(0, length - 1, min(length, count)).round().astype(int))
