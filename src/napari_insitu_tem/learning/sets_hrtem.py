"""Training samples of crystalline particles in simulated HRTEM frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from napari_insitu_tem.learning.samples import Sample
from napari_insitu_tem.simulate.hrtem import HrtemSettings, draw_frame

__all__ = ["draw"]


def draw(settings: HrtemSettings) -> Callable[[np.random.Generator], Sample]:
    """Return what draws a sample: an HRTEM frame with its labels.

    Parameters
    ----------
    settings : HrtemSettings
        What frames are drawn from.

    Returns
    -------
    callable
        ``(rng) -> Sample``; can be sent to another process.
    """
    return partial(_draw, settings)


def _draw(settings: HrtemSettings, rng: np.random.Generator) -> Sample:
    frame = draw_frame(settings, rng)
    return Sample(frame.image, frame.labels, name="a simulated HRTEM frame")
