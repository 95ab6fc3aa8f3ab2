"""What else in a viewer belongs to a masks layer: its movie, its tracks, their numbers."""

from __future__ import annotations

from typing import Any

from napari.layers import Labels, Tracks

from napari_insitu_tem.gui.choosers import LayerChooser
from napari_insitu_tem.gui.layers import result_of

__all__ = ["choose_fitting", "is_tracked", "largest_track"]


def choose_fitting(chooser: LayerChooser, masks: Labels) -> None:
    """Let a chooser of movies stand on one of the masks' shape, if there is one."""
    fitting = [image for image in chooser.choices if image.data.shape == masks.data.shape]
    if fitting and chooser.value not in fitting:
        chooser.value = fitting[0]


def is_tracked(viewer: Any, layer: Labels) -> bool:
    """Return whether a layer shows the masks of one of the viewer's Tracks layers."""
    shown = result_of(layer)
    return shown is not None and any(
        getattr(result_of(other), "segmentation", None) is shown for other in _tracks(viewer)
    )


def largest_track(viewer: Any) -> int:
    """Return the largest track number in a viewer; 0 without tracks."""
    numbers = (int(layer.data[:, 0].max()) for layer in _tracks(viewer) if len(layer.data))
    return max(numbers, default=0)


def _tracks(viewer: Any) -> list[Tracks]:
    return [layer for layer in viewer.layers if isinstance(layer, Tracks)]
