"""Training pairs of a few noisy frames and the clean one in the middle."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from napari_insitu_tem.learning.image_pairs import ImagePair
from napari_insitu_tem.simulate.clips import ClipSettings, draw_clip

__all__ = ["draw"]


def draw(settings: ClipSettings) -> Callable[[np.random.Generator], ImagePair]:
    """Return what draws a pair: a clip, and its middle frame without noise.

    Parameters
    ----------
    settings : ClipSettings
        What clips are drawn from.

    Returns
    -------
    callable
        ``(rng) -> ImagePair``; can be sent to another process.
    """
    return partial(_draw, settings)


def _draw(settings: ClipSettings, rng: np.random.Generator) -> ImagePair:
    clip = draw_clip(settings, rng)
    return ImagePair(clip.noisy, clip.clean[len(clip.clean) // 2], "a simulated clip")
