"""The Denoise dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QStringListModel, Qt
from qtpy.QtWidgets import QCompleter, QLineEdit, QPushButton, QStyle

from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.io.cameras import list_cameras
from napari_insitu_tem.job import Job
from napari_insitu_tem.tasks.denoise import DenoiseSettings

if TYPE_CHECKING:
    import napari
    from qtpy.QtGui import QShowEvent

    from napari_insitu_tem.gui.compare_methods import CompareMethods

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
        self._compare = QPushButton("Compare methods on this frame …")
        self._compare.setObjectName("compare")
        self._compare.setToolTip(
            "Show a part of the frame that you look at as every method leaves it, and choose one."
        )
        self._compare.clicked.connect(self.compare)
        self.extras.addWidget(self._compare)
        self.comparison: CompareMethods | None = None
        self._trying = Background(self)
        self._trying.finished.connect(self._show_comparison)
        self._trying.failed.connect(lambda text: self.say(text, error=True))
        self._trying.cancelled.connect(lambda: self.say("Cancelled; nothing was changed."))
        self._trying.progressed.connect(
            lambda progress: self.say(f"Comparing {progress.done + 1} of {progress.total} …")
        )
        self._trying.ended.connect(lambda: self._compare.setText("Compare methods on this frame …"))
        listen(self, at_end=(self._trying.cancel,))

    def compare(self) -> None:
        """Show the frame as every method leaves it; or cancel that."""
        if self._trying.running:
            self._trying.cancel()
            return
        try:
            movie, settings, layer = self.subject(), self.settings(), self.input_layer()
        except Exception as error:
            self.say(plain_words(error), error=True)
            return
        assert isinstance(settings, DenoiseSettings) and layer is not None
        index = min(shown_frame(self.viewer, layer), movie.n_frames - 1)
        centre = layer.world_to_data(
            (0,) * (self.viewer.dims.ndim - 2) + self.viewer.camera.center[-2:]
        )
        middle = (float(centre[-2]), float(centre[-1]))

        def work(job: Job) -> Any:
            from napari_insitu_tem.tasks.denoise.candidates import compare

            return movie.frame(index), compare(movie, index, settings, job), middle

        self._compare.setText("Cancel comparing")
        self._trying.start(work, uses_device=True)

    def _show_comparison(self, outcome: Any) -> None:
        from napari_insitu_tem.gui.compare_methods import CompareMethods

        raw, found, middle = outcome
        self.say("")
        self.comparison = CompareMethods(np.asarray(raw, np.float32), found, middle, self)
        self.comparison.chosen.connect(lambda candidate: self.form.set_value(candidate.settings))
        self.comparison.show()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Read the list of cameras anew."""
        super().showEvent(event)
        names = [camera.name for camera in list_cameras()]
        self._cameras.setStringList(names)
        there_are = f"not known; there are {', '.join(names)}" if names else "not known"
        self.form.editor("camera").setPlaceholderText(there_are)
