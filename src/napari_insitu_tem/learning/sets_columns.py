"""Training samples of atomic columns in simulated HRTEM frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from napari_insitu_tem.learning.map_samples import MapSample, spots
from napari_insitu_tem.simulate.columns import ColumnsSettings, draw_frame

__all__ = ["SIGMA", "draw"]

#: Standard deviation of a column in the target map (Å): about a pixel of the frames that the
#: shipped network knows, and narrow enough that columns 1.4 Å apart keep maxima of their own.
SIGMA = 0.35


def draw(settings: ColumnsSettings) -> Callable[[np.random.Generator], MapSample]:
    """Return what draws a sample: an HRTEM frame, and a map with a spot at every column.

    Columns that cannot be read have no spot: the network shall say what the frame shows. Frames
    with dark columns are inverted, so that columns are bright in every sample.

    Parameters
    ----------
    settings : ColumnsSettings
        What frames are drawn from.

    Returns
    -------
    callable
        ``(rng) -> MapSample``; can be sent to another process.
    """
    return partial(_draw, settings)


def _draw(settings: ColumnsSettings, rng: np.random.Generator) -> MapSample:
    frame = draw_frame(settings, rng)
    target = spots(
        frame.positions[frame.readable], frame.image.shape, SIGMA / (10 * frame.pixel_size)
    )
    # The network knows bright columns only; whoever runs it inverts frames with dark ones, which a
    # user can say, and which is a guess where nobody says.
    image = frame.image if frame.bright else -frame.image
    return MapSample(image, target, name="a simulated frame of columns")
