"""Training pairs of liquid cells at low dose."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from napari_insitu_tem.learning.image_pairs import ImagePair
from napari_insitu_tem.simulate.low_dose import LowDoseSettings, draw_low_dose

__all__ = ["draw"]


def draw(settings: LowDoseSettings) -> Callable[[np.random.Generator], ImagePair]:
    """Return what draws a pair: a frame at low dose, and what is really there.

    Parameters
    ----------
    settings : LowDoseSettings
        What pairs are drawn from.

    Returns
    -------
    callable
        ``(rng) -> ImagePair``; can be sent to another process.
    """
    return partial(_draw, settings)


def _draw(settings: LowDoseSettings, rng: np.random.Generator) -> ImagePair:
    pair = draw_low_dose(settings, rng)
    return ImagePair(pair.noisy, pair.clean, "a simulated pair")
