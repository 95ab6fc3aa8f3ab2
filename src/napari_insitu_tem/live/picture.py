"""What is shown of a running experiment, and how it goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.live.activity import Activity
from napari_insitu_tem.live.frames import Frame

__all__ = ["Picture", "Standing"]


@dataclass(frozen=True, eq=False)
class Picture:
    """What is to be shown.

    Parameters
    ----------
    frame : Frame
        The latest frame.
    refined : (y, x) float32 array
        The refined mean of the last frames.
    averaged : int
        Of how many.
    raw_limits, refined_limits : (float, float)
        Contrast limits that hold still.
    """

    frame: Frame
    refined: np.ndarray
    averaged: int
    raw_limits: tuple[float, float]
    refined_limits: tuple[float, float]


@dataclass(frozen=True)
class Standing:
    """How the following goes.

    Parameters
    ----------
    arriving, refining : float
        Frames per second that come in and that are refined.
    latency : float or None
        Median time, in s, from when a frame was complete to when it was shown, over the last
        hundred.
    arrived, refined : int
        Frames that came in, and pictures refined.
    dropped : int
        Of those that came in, how many were passed over for a later one.
    lost : int
        Frames that could not be read, or had to make room before they were.
    waiting : int
        Frames that are there but not read yet.
    recorded : int
        Raw frames in the present recording.
    count : int or None
        Particles in the latest picture that they were looked for in.
    mapping : bool
        Whether activity is mapped.
    activity : Activity or None
        Where most happens; None until there is a first map.
    """

    arriving: float = 0.0
    refining: float = 0.0
    latency: float | None = None
    arrived: int = 0
    refined: int = 0
    dropped: int = 0
    lost: int = 0
    waiting: int = 0
    recorded: int = 0
    count: int | None = None
    mapping: bool = False
    activity: Activity | None = None
