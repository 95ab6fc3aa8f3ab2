"""CorrectActions: what a click or a drawn line does with the tool in hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image
from qtpy.QtCore import QObject, Signal

from napari_insitu_tem.analysis.correction import CorrectionError, Edit, crop_to, merge
from napari_insitu_tem.analysis.correction_series import (
    along_track,
    counterpart,
    replace_particle,
)
from napari_insitu_tem.analysis.splitting import split
from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.correct_tools import TOOLS, Amounts, edit_of, label_at, labels_under
from napari_insitu_tem.gui.label_editor import LabelEditor
from napari_insitu_tem.gui.layers import movie_from_layer
from napari_insitu_tem.gui.new_particle import NewParticle
from napari_insitu_tem.io.editable import EditableLabels
from napari_insitu_tem.job import Job

__all__ = ["CorrectActions", "Options"]

#: Background up to this wide between merged particles is closed as well.
_GAP = 2


@dataclass(frozen=True)
class Options:
    """What the dock says beside the tool.

    Parameters
    ----------
    amounts : Amounts
        A distance, and a number.
    scope : str
        ``"frame"``, ``"track"`` or ``"rest"`` (the track from here on).
    tracked : bool
        Whether labels are track numbers.
    frames : range
        Where to copy a mask to.
    largest_label : int
        The largest track number known.
    movie : napari.layers.Image, optional
        In which new particles are found.
    """

    amounts: Amounts = Amounts()
    scope: str = "frame"
    tracked: bool = False
    frames: range = range(0)
    largest_label: int = 0
    movie: Image | None = None


class CorrectActions(QObject):
    """Edits the masks of one `LabelEditor`; long edits on a thread."""

    #: Emitted with a message, and whether it tells of a failure.
    said = Signal(str, bool)
    #: Emitted when the next click means something else than before.
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.editor: LabelEditor | None = None
        self.tool: str | None = None
        self.merging: int | None = None
        self.new = NewParticle(self)
        self._background = Background(self)
        self._finish: Callable[[Any], None] = lambda _: None
        self._background.finished.connect(lambda result: self._finish(result))
        self._background.failed.connect(lambda words: self.said.emit(words, True))
        self.new.failed.connect(lambda words: self.said.emit(words, True))
        self.new.made.connect(self._on_new)

    def take(self, tool: str | None) -> None:
        """Take a tool in hand, or put it away."""
        self.tool, self.merging = tool, None
        self.new.forget()

    def click(
        self, frame: int, point: np.ndarray, modifiers: Sequence[str], options: Options
    ) -> None:
        """Do what a click at (y, x) of a frame means."""
        self._attempt(lambda: self._click(frame, point, modifiers, options))

    def draw(self, frame: int, line: np.ndarray, options: Options) -> None:
        """Do what a drawn line (n, 2) on a frame means."""
        self._attempt(lambda: self._draw(frame, line, options))

    def run(self, work: Callable[[Job], Any], finish: Callable[[Any], None]) -> None:
        """Do `work` on a thread and then `finish` with its result in the window."""
        if self._background.running:
            self.said.emit("Still busy with the last one; try again in a moment.", True)
            return
        self.said.emit("Working …", False)
        self._finish = finish
        self._background.start(work)

    def stop(self) -> None:
        """End the threads."""
        self._background.cancel()
        self.new.stop()

    def _click(
        self, frame: int, point: np.ndarray, modifiers: Sequence[str], options: Options
    ) -> None:
        if self.tool is None or self.editor is None:
            return
        labels = self.editor.frame(frame)
        if self.tool == "new":
            keys = {key.lower() for key in modifiers}
            kind = "more" if "shift" in keys else "less" if "alt" in keys else "new"
            self._find_new(frame, point, kind, options)
            return
        if self.tool == "split":
            raise CorrectionError("Drag a line across the particle, from one edge to the other.")
        label = label_at(labels, point)
        if self.tool == "merge":
            self._merge_click(frame, labels, label)
        elif self.tool == "copy":
            self._copy(frame, labels, label, options)
        elif options.scope == "frame":
            edit = edit_of(self.tool, labels, label, options.amounts)
            self._do(frame, edit, f"particle {label}")
        else:
            self._along_track(self.tool, frame, label, options)

    def _draw(self, frame: int, line: np.ndarray, options: Options) -> None:
        if self.editor is None:
            return
        labels = self.editor.frame(frame)
        if self.tool == "split":
            edit = split(labels, line, first_new_label=self._free_label(labels, options))
            parts = sorted(set(np.unique(edit.values)) - set(np.unique(labels[edit.box])))
            self._do(frame, edit, f"new part{'s' * (len(parts) > 1)} {_listed(parts)}")
        elif self.tool == "merge":
            crossed = labels_under(labels, line)
            if self.merging is not None:
                crossed = list(dict.fromkeys([self.merging, *crossed]))
            if len(crossed) < 2:
                raise CorrectionError("Draw the line across at least two particles to merge them.")
            edit = merge(labels, crossed, gap=_GAP)
            self._do(frame, edit, f"{_listed(crossed[1:])} into {crossed[0]}")
            self.merging = None
            self.changed.emit()

    def _merge_click(self, frame: int, labels: np.ndarray, label: int) -> None:
        if self.merging == label:
            self.merging = None
        elif self.merging is None or not (labels == self.merging).any():
            self.merging = label
        else:
            edit = merge(labels, [self.merging, label], gap=_GAP)
            self._do(frame, edit, f"{label} into {self.merging}")
        self.changed.emit()

    def _find_new(self, frame: int, point: np.ndarray, kind: str, options: Options) -> None:
        if options.movie is None or self.editor is None:
            raise CorrectionError("Choose the movie under Movie: the particle is found in it.")
        movie = movie_from_layer(options.movie)
        if movie.frame_shape != self.editor.shape[1:] or frame >= movie.n_frames:
            raise CorrectionError(f"'{movie.name}' is not the movie of these masks; choose it.")
        label = self._free_label(self.editor.frame(frame), options)
        self.said.emit("Looking …", False)
        self.new.click(self.editor, movie.frame, frame, point, label=label, kind=kind)
        self.changed.emit()

    def _copy(self, frame: int, labels: np.ndarray, label: int, options: Options) -> None:
        box, crop = crop_to(labels, [label])
        mask, corner = crop == label, (box[0].start, box[1].start)
        editor = self.editor
        frames = [other for other in options.frames if other != frame]
        if not frames or editor is None:
            raise CorrectionError("Choose other frames than this one to copy to.")

        def copied(index: int) -> Edit:
            target = editor.read(index)
            same = label if options.tracked else counterpart(target, mask, corner=corner)
            if same is None:
                same = int(target.max(initial=0)) + 1
            return replace_particle(target, mask, same, corner=corner)

        self._many(frames, copied, f"particle {label}")

    def _along_track(self, tool: str, frame: int, label: int, options: Options) -> None:
        if not options.tracked:
            raise CorrectionError(
                "These masks are not tracked: the same number is another particle in another "
                "frame. Run Track, or tick 'numbers are tracks'."
            )
        editor = self.editor

        def one(index: int) -> Edit | None:
            pairs = along_track(
                [(index, editor.read(index))],
                label,
                lambda labels: edit_of(tool, labels, label, options.amounts),
            )
            return next(pairs)[1]

        start = frame if options.scope == "rest" else 0
        self._many(range(start, editor.n_frames), one, f"track {label}")

    def _do(self, frame: int, edit: Edit, what: str) -> None:
        changed = self.editor.apply([(frame, edit)])
        self.said.emit(
            f"{TOOLS[self.tool].title}: {what if changed else 'nothing changed'}.", False
        )

    def _many(
        self, frames: Sequence[int], edit_frame: Callable[[int], Edit | None], what: str
    ) -> None:
        """Work out the edits of many frames on a thread, then make them as one step."""
        editor, title = self.editor, TOOLS[self.tool].title
        serial, data = editor.serial, editor.layer.data

        def work(job: Job) -> list[tuple[int, Edit]]:
            edits = []
            results = job.map(edit_frame, frames, title, len(frames))
            for frame, edit in zip(frames, results, strict=True):
                if edit is not None:
                    edits.append((frame, edit))
                    if isinstance(data, EditableLabels):
                        data.hold(frame, *edit.box)
            return edits

        def finish(edits: list[tuple[int, Edit]]) -> None:
            if editor.serial != serial:
                self.said.emit("The masks were changed meanwhile; nothing was done.", True)
                return
            changed = editor.apply(edits)
            where = f"{len(edits)} frame{'s' * (len(edits) != 1)}"
            words = f"{what} in {where}" if changed else "nothing changed"
            self.said.emit(f"{title}: {words}.", False)

        self.run(work, finish)

    def _free_label(self, labels: np.ndarray, options: Options) -> int:
        """Return a number that is free in this frame, and in all frames of tracked masks."""
        largest = int(labels.max(initial=0))
        if options.tracked and self.editor is not None:
            data = self.editor.layer.data
            if isinstance(data, np.ndarray):
                largest = int(data.max(initial=0))
            largest = max(largest, options.largest_label)
        return largest + 1

    def _on_new(self, label: int, area: int) -> None:
        self.said.emit(f"New: particle {label}, {area} px².", False)
        self.changed.emit()

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self.said.emit(plain_words(error), True)


def _listed(numbers: Sequence[int]) -> str:
    words = [str(number) for number in numbers]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
