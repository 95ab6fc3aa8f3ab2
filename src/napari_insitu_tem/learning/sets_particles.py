"""Training samples of particles of any size, shape and contrast."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from napari_insitu_tem.learning.samples import Sample
from napari_insitu_tem.simulate.particle_frames import ParticleFrameSettings, draw_frame

__all__ = ["draw"]


def draw(settings: ParticleFrameSettings) -> Callable[[np.random.Generator], Sample]:
    """Return what draws a sample: a frame of dark particles with its labels.

    Parameters
    ----------
    settings : ParticleFrameSettings
        What frames are drawn from.

    Returns
    -------
    callable
        ``(rng) -> Sample``; can be sent to another process.
    """
    return partial(_draw, settings)


def _draw(settings: ParticleFrameSettings, rng: np.random.Generator) -> Sample:
    frame = draw_frame(settings, rng)
    return Sample(frame.image, frame.labels, name="a simulated frame of particles")
