"""Training samples of particles in overlapping layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from napari_insitu_tem.learning.samples import Sample
from napari_insitu_tem.simulate.layers import LayerFrameSettings, draw_layers

__all__ = ["draw"]


def draw(settings: LayerFrameSettings) -> Callable[[np.random.Generator], Sample]:
    """Return what draws a sample: a frame, and one label image a layer.

    Parameters
    ----------
    settings : LayerFrameSettings
        What frames are drawn from.

    Returns
    -------
    callable
        ``(rng) -> Sample``; can be sent to another process.
    """
    return partial(_draw, settings)


def _draw(settings: LayerFrameSettings, rng: np.random.Generator) -> Sample:
    frame = draw_layers(settings, rng)
    return Sample(frame.image, frame.labels, name="a simulated frame of layers")
