"""Which frame of a layer the viewer shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Layer

__all__ = ["shown_frame"]


def shown_frame(viewer: Any, layer: Layer) -> int:
    """Return the index of the layer's frame at the slider's time, within the layer.

    Layers may begin at other times and have other frame times than the slider's steps.
    """
    if layer.ndim < 3:
        return 0
    time = viewer.dims.point[-3] if viewer.dims.ndim > 2 else 0.0
    index = (float(time) - float(layer.translate[-3])) / float(layer.scale[-3])
    return int(np.clip(round(index), 0, layer.data.shape[-3] - 1))
