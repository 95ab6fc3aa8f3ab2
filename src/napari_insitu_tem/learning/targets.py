"""What a network is to answer: maps made from the labels of particles."""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.analysis.instances import core_of
from napari_insitu_tem.analysis.layer_channels import layers_of

__all__ = ["targets"]


def targets(labels: np.ndarray, channels: tuple[str, ...]) -> np.ndarray:
    """Return a network's target maps.

    Parameters
    ----------
    labels : (n, y, x) int array
        Label images, one a layer or class; 0 is background.
    channels : tuple of str
        Names of the network's output channels, as in its card; see
        `analysis.layer_channels.layers_of`. The channel of a layer is all pixels of its
        particles; that of its cores is the inner part of each, which keeps touching ones apart.

    Returns
    -------
    (c, y, x) float32 array
        0 or 1.

    Raises
    ------
    ValueError
        When channels and layers do not fit together.
    """
    layers = layers_of(channels)
    if len(layers) != len(labels):
        raise ValueError(
            f"The labels have {len(labels)} layers, but the channels {', '.join(channels)} "
            f"describe {len(layers)}."
        )
    maps = np.zeros((len(channels), *labels.shape[1:]), np.float32)
    for layer, image in zip(layers, labels, strict=True):
        maps[layer.mask] = image > 0
        if layer.core is not None:
            maps[layer.core] = core_of(image)
    return maps
