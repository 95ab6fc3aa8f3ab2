"""The Follow dock: a window that moves with the selected particle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_insitu_tem.gui.task_panel import TaskPanel

if TYPE_CHECKING:
    import napari

__all__ = ["FollowDock"]


class FollowDock(TaskPanel):
    """The follow task, by point and click."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "follow")
