"""Validation: the same patches each time, loss and other measures on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from napari_insitu_tem.learning.augment import padded, window
from napari_insitu_tem.learning.losses import Loss
from napari_insitu_tem.learning.prepare import Prepared, assemble, standardised
from napari_insitu_tem.learning.samples import Sample, TrainingSet

__all__ = [
    "METRICS",
    "LabelPatches",
    "Metric",
    "Validation",
    "foreground_iou",
    "side_by_side",
    "spread",
]

#: ``(answers, targets, weights)``, all (n, c or 1, y, x), to a number.
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


class LabelPatches:
    """Patches of labelled frames, cut side by side, so that all of a frame counts.

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

    def __call__(self, check: Callable[[], None] = lambda: None) -> list[Prepared]:
        """Cut the patches."""
        patches: list[Prepared] = []
        chosen = spread(len(self._samples), self._count)
        share = max(1, self._count // len(chosen))
        for index in chosen:
            check()
            patches += self._tiles(standardised(self._samples.sample(int(index))), share)
        return patches

    def _tiles(self, frame: Sample, most: int) -> list[Prepared]:
        """Cut up to `most` patches from a frame, in rows and columns."""
        frame = padded(frame, self._patch)
        corners = side_by_side(frame.image.shape, self._patch)
        return [
            assemble(window(frame, corners[place], self._patch), self._channels)
            for place in spread(len(corners), most)
        ]


class Validation:
    """Patches that were set aside, the same each time: loss and other measures on them.

    Parameters
    ----------
    cut : callable
        ``(check) -> patches``; asked once. It calls `check` often, which raises when cancelled.
    output : callable
        From what the network gives to what the measures compare with the targets.
    metrics : mapping
        What is measured besides the loss.
    """

    def __init__(
        self,
        cut: Callable[[Callable[[], None]], list[Prepared]],
        *,
        output: Callable[[Tensor], Tensor] = torch.sigmoid,
        metrics: Mapping[str, Metric] = METRICS,
    ) -> None:
        self._cut, self._output, self._metrics = cut, output, metrics
        self._patches: list[Prepared] = []

    def measure(
        self,
        network: nn.Module,
        *,
        loss: Loss,
        batch_size: int,
        autocast: Callable[[], Any],
        device: torch.device,
        check: Callable[[], None],
    ) -> tuple[float, dict[str, float]]:
        """Return the mean loss and the other measures of a network in eval mode."""
        self._patches = patches = self._patches or self._cut(check)
        total, answers = 0.0, []
        for start in range(0, len(patches), batch_size):
            check()
            part = patches[start : start + batch_size]
            images, wanted, weights = (
                torch.from_numpy(np.stack([patch[i] for patch in part])).to(device)
                for i in range(3)
            )
            images = images.contiguous(memory_format=torch.channels_last)
            with torch.no_grad(), autocast():
                given = network(images)
            total += float(loss(given, wanted, weights)) * len(part)
            answers.append(self._output(given.float()).cpu().numpy())
        answered = np.concatenate(answers)
        wanted_all, weights_all = (np.stack([patch[i] for patch in patches]) for i in (1, 2))
        measured = {
            name: float(metric(answered, wanted_all, weights_all))
            for name, metric in self._metrics.items()
        }
        return total / len(patches), measured


def side_by_side(shape: tuple[int, ...], edge: int) -> list[tuple[int, int]]:
    """Return the corners of patches that cover an image in rows and columns."""
    rows, columns = (
        np.linspace(0, length - edge, -(-length // edge)).round().astype(int) for length in shape
    )
    return [(int(y), int(x)) for y in rows for x in columns]


def spread(length: int, count: int) -> np.ndarray:
    """Return up to `count` positions of `length`, evenly spread."""
    return np.unique(np.linspace(0, length - 1, min(length, count)).round().astype(int))
