"""Training frames with lattices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from napari_insitu_tem.learning.latent_frames import LatticeFrame
from napari_insitu_tem.simulate.lattice_frames import LatticeFrameSettings, draw_lattice_frame

__all__ = ["draw"]


def draw(settings: LatticeFrameSettings) -> Callable[[np.random.Generator], LatticeFrame]:
    """Return what draws a frame with lattices.

    Parameters
    ----------
    settings : LatticeFrameSettings
        What frames are drawn from.

    Returns
    -------
    callable
        ``(rng) -> frame``; can be sent to another process.
    """
    return partial(_draw, settings)


def _draw(settings: LatticeFrameSettings, rng: np.random.Generator) -> LatticeFrame:
    return LatticeFrame(draw_lattice_frame(settings, rng))
