"""The Track dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer

from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.results import Tracking

if TYPE_CHECKING:
    import napari

__all__ = ["TrackDock"]


class TrackDock(TaskPanel):
    """The track task, by point and click."""

    loads_ahead = ("pandas", "trackpy", "skimage.measure", "scipy.optimize")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "track")

    def show_result(self, result: Tracking, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Show tracks and tracked masks, and hide the masks that they came from."""
        layers = super().show_result(result, tuples, source)
        if source is not None and source not in layers:
            source.visible = False
        return layers
