"""Toy training data: dark discs on noise, cheap enough to learn within a second."""

import numpy as np
import torch
from torch import nn

from napari_insitu_tem.learning.samples import Sample
from napari_insitu_tem.settings import Settings, setting

CHANNELS = ("foreground", "core")


class ToySettings(Settings):
    """Settings of the toy simulator."""

    edge: int = setting(40, title="Edge", description="Edge of a frame.", unit="px", ge=8)


def discs(rng, edge=40):
    """Return a frame with three discs, and their labels."""
    y, x = np.mgrid[:edge, :edge]
    labels = np.zeros((edge, edge), np.int32)
    for number in (1, 2, 3):
        row, column = rng.uniform(5, edge - 5, 2)
        labels[(y - row) ** 2 + (x - column) ** 2 < rng.uniform(3, 7) ** 2] = number
    image = rng.normal(100 - 30 * (labels > 0), 8)
    return image.astype(np.float32), labels


class Draw:
    """The toy simulator, as something that can be sent to another process."""

    def __init__(self, edge=40):
        self.edge = edge

    def __call__(self, rng):
        return Sample(*discs(rng, self.edge), name="a toy")


def draw(settings: ToySettings):
    return Draw(settings.edge)


def pairs(count, seed=0, edge=40):
    """Return images and labels."""
    found = [discs(np.random.default_rng((seed, index)), edge) for index in range(count)]
    return [image for image, _ in found], [labels for _, labels in found]


def tiny_network(out_channels=2, seed=0, dropout=0.0):
    """Return three convolutions with batch normalisation, and dropout if wanted."""
    torch.manual_seed(seed)
    layers = [
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 8, 5, padding=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Dropout2d(dropout),
        nn.Conv2d(8, out_channels, 1),
    ]
    return nn.Sequential(*layers)
