"""The Denoise dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QStringListModel, Qt
from qtpy.QtWidgets import QCompleter, QLineEdit, QStyle

from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.io.cameras import list_cameras

if TYPE_CHECKING:
    import napari
    from qtpy.QtGui import QShowEvent

__all__ = ["DenoiseDock"]


class DenoiseDock(TaskPanel):
    """The denoise task, by point and click; offers the names of the cameras there are."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "denoise")
        self._cameras = QStringListModel(self)
        completer = QCompleter(self._cameras, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        editor = self.form.editor("camera")
        assert isinstance(editor, QLineEdit)
        editor.setCompleter(completer)
        arrow = self.style().standardIcon(QStyle.StandardPixmap.SP_ArrowDown)
        show_all = editor.addAction(arrow, QLineEdit.ActionPosition.TrailingPosition)
        show_all.setToolTip("Show the cameras there are.")
        show_all.triggered.connect(
            lambda: (completer.setCompletionPrefix(""), completer.complete())
        )
        completer.activated.connect(lambda _: editor.editingFinished.emit())

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Read the list of cameras anew."""
        super().showEvent(event)
        names = [camera.name for camera in list_cameras()]
        self._cameras.setStringList(names)
        there_are = f"not known; there are {', '.join(names)}" if names else "not known"
        self.form.editor("camera").setPlaceholderText(there_are)
