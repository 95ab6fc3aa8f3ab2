"""The Columns dock: the task's panel; columns become points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer

from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.tasks.columns import Columns

if TYPE_CHECKING:
    import napari

__all__ = ["ColumnsDock"]


class ColumnsDock(TaskPanel):
    """The columns task, by point and click."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "columns")
        self.found: Columns | None = None

    def show_result(self, result: Columns, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Show the columns as points over the movie."""
        layers = super().show_result(result, tuples, source)
        self.found = result
        self.say(result.message)
        return layers
