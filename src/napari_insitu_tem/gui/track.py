"""The Track dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_insitu_tem.gui.task_panel import TaskPanel

if TYPE_CHECKING:
    import napari

__all__ = ["TrackDock"]


class TrackDock(TaskPanel):
    """The track task, by point and click."""

    loads_ahead = ("pandas", "trackpy", "skimage.measure", "scipy.optimize")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "track")
