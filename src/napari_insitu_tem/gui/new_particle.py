"""The New tool: one particle in the making, from the clicks that were made so far."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_insitu_tem.analysis.click_particle import particle_from_clicks
from napari_insitu_tem.analysis.correction import Edit, delete
from napari_insitu_tem.gui.background import Background
from napari_insitu_tem.gui.label_editor import LabelEditor
from napari_insitu_tem.job import Job

__all__ = ["NewParticle"]


class NewParticle(QObject):
    """Finds the particle on a thread, and replaces it when further clicks say more.

    However many clicks it takes, it is one undo step.
    """

    #: Emitted with the label of the particle, and its area in pixels.
    made = Signal(int, int)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background(self)
        self._background.finished.connect(self._finish)
        self._background.failed.connect(self._fail)
        self._editor: LabelEditor | None = None
        self._read_image: Callable[[int], np.ndarray] | None = None
        self._waiting = False
        self.forget()

    @property
    def busy(self) -> bool:
        """Whether it looks for a particle."""
        return self._background.running

    def forget(self) -> None:
        """Begin a new particle with the next click."""
        self.clicks: list[tuple[np.ndarray, bool]] = []
        self.frame, self.label = -1, 0
        self._serial: int | None = None

    def click(
        self,
        editor: LabelEditor,
        read_image: Callable[[int], np.ndarray],
        frame: int,
        point: np.ndarray,
        *,
        label: int,
        kind: str,
    ) -> None:
        """Take a click.

        Parameters
        ----------
        editor : LabelEditor
            Where the particle goes.
        read_image : callable
            Returns a frame of the movie; called on the thread.
        frame : int
            Which frame.
        point : (y, x)
            Where.
        label : int
            The label of a particle that begins here.
        kind : str
            ``"new"`` begins a particle; ``"more"`` belongs to the last one, ``"less"`` does not.
        """
        untouched = self._serial is None or self._serial == editor.serial
        goes_on = kind != "new" and self.clicks and frame == self.frame
        if not (goes_on and editor is self._editor and (untouched or self.busy)):
            if kind == "less":
                self.failed.emit("First click the particle, then what does not belong to it.")
                return
            self.forget()
            self.frame, self.label = frame, label
        self._editor, self._read_image = editor, read_image
        self.clicks.append((np.asarray(point, float), kind != "less"))
        self._look()

    def stop(self) -> None:
        """End the thread."""
        self._background.cancel()

    def _look(self) -> None:
        if self.busy:
            self._waiting = True
            return
        self._waiting = False
        editor, read_image, frame, label = self._editor, self._read_image, self.frame, self.label
        if editor is None or read_image is None:
            return
        inside, outside = (
            np.array([point for point, belongs in self.clicks if belongs is wanted]).reshape(-1, 2)
            for wanted in (True, False)
        )

        def find(_: Job) -> tuple[LabelEditor, int, int, Edit]:
            labels = editor.read(frame)
            if (labels == label).any():  # as it was found from fewer clicks
                labels = delete(labels, [label]).apply(labels)
            image = np.asarray(read_image(frame))
            edit = particle_from_clicks(image, labels, inside, outside=outside, label=label)
            return editor, frame, label, edit

        self._background.start(find)

    def _finish(self, found: tuple[LabelEditor, int, int, Edit]) -> None:
        editor, frame, label, edit = found
        if label == self.label and frame == self.frame:
            if self._serial is not None and self._serial == editor.serial:
                editor.undo()
            editor.apply([(frame, edit)])
            self._serial = editor.serial
            self.made.emit(label, int((edit.values == label).sum()))
        if self._waiting:
            self._look()

    def _fail(self, words: str) -> None:
        if self._serial is None:
            self.forget()
        elif len(self.clicks) > 1:
            self.clicks.pop()  # what was found without it stays
        self._waiting = False
        self.failed.emit(words)
