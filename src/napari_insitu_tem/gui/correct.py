"""The Correct dock: masks corrected by hand, frame by frame or along a track."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from psygnal import SignalInstance
from qtpy.QtGui import QHideEvent

from napari_insitu_tem.gui.carry_over import carry_over
from napari_insitu_tem.gui.correct_actions import CorrectActions, Options
from napari_insitu_tem.gui.correct_files import load_onto, save_from
from napari_insitu_tem.gui.correct_tools import SHORTCUTS, TOOL_KEYS, TOOLS, Amounts, hint_of
from napari_insitu_tem.gui.correct_view import SCOPES, CorrectView
from napari_insitu_tem.gui.corrections_note import note_file, unsaved_corrections
from napari_insitu_tem.gui.gestures import Gestures, show_frame, shown_frame
from napari_insitu_tem.gui.label_editor import LabelEditor, disconnect_all, editor_of
from napari_insitu_tem.gui.retrain_open import open_dock
from napari_insitu_tem.gui.session import own_viewer
from napari_insitu_tem.gui.shortcuts import bind_keys
from napari_insitu_tem.gui.suspects import Suspects
from napari_insitu_tem.gui.tracked_labels import choose_fitting, is_tracked, largest_track

if TYPE_CHECKING:
    import napari

__all__ = ["SHORTCUTS", "CorrectDock", "carry_over"]

_IDLE = "<b>Choose a tool.</b> What its next click does is written here."


class CorrectDock(CorrectView):
    """Delete, merge, split, fill, smooth, grow, shrink, add and copy masks on the canvas."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(own_viewer(viewer))
        self.editor: LabelEditor | None = None
        self._gestures: Gestures | None = None
        self._suspects, self._actions = Suspects(self), CorrectActions(self)
        self._step = 1
        self._heard: list[SignalInstance] = []
        self._connect()
        self._choose_masks()

    @property
    def tool(self) -> str | None:
        """Name of the tool in hand."""
        return self._actions.tool

    def choose_tool(self, name: str | None) -> None:
        """Take a tool in hand, or with None (or the same again) put it away."""
        if name == self.tool:
            name = None
        self._put_away()
        dims = self.viewer.dims
        if name is not None and self._gestures is None:
            self.say("There are no masks yet: run Segment, or open masks as Labels.", error=True)
        elif name is not None and dims.displayed != (dims.ndim - 2, dims.ndim - 1):
            self.say("Look at single frames (y against x) to correct masks.", error=True)
        elif name is not None and self._gestures is not None:
            self._actions.take(name)
            self._gestures.start(lines=TOOLS[name].lines)
        self._check_buttons()

    def undo_step(self) -> None:
        """Take the last correction or brush stroke back."""
        if self.editor:
            self.editor.undo()

    def redo_step(self) -> None:
        """Make again what was taken back."""
        if self.editor:
            self.editor.redo()

    def toggle_mark(self) -> None:
        """Call the shown frame corrected, or not."""
        if self.editor:
            frame = self._frame()
            self.editor.mark([frame], corrected=frame not in self.editor.corrected)

    def toggle_scope(self) -> None:
        """Switch between this frame and the whole track."""
        self.scope.setCurrentIndex(0 if self.scope.currentData() != "frame" else 1)

    def go_to_suspicious(self, step: int) -> None:
        """Go to the next (1) or previous (-1) suspicious frame; ranked first, on a thread."""
        if self.editor is None or self._suspects.busy:
            return
        self._step = step
        self.reason.setText("Looking through all frames …")
        self._suspects.ask(self.editor.read, tracked=self.tracked.isChecked())

    def save_to(self, path: str) -> None:
        """Save the corrected frames, on a thread."""
        if self.editor is None:
            return
        layer, image = self.editor.layer, self.movie.value

        def finish(saved: tuple[Path, int]) -> None:
            note_file(layer, saved[0])
            self._show_frames()
            self.say(f"Saved {saved[1]} corrected frames to {saved[0].name}.")

        self._actions.run(lambda _: save_from(layer, image, path), finish)

    def load_from(self, path: str) -> None:
        """Put stored corrections onto the masks."""
        editor, image = self.editor, self.movie.value
        if editor is None:
            return

        def finish(frames: list[int]) -> None:
            editor.show_frames(frames)
            note_file(editor.layer, Path(path))
            self._show_frames()
            self.say(f"{len(frames)} corrected frames were put in place.")

        self._actions.run(lambda _: load_onto(editor, image, path), finish)

    def open_retrain(self) -> None:
        """Open the Retrain dock on these masks."""
        if self.masks.value is None:
            self.say("There are no masks yet: run Segment, or open masks as Labels.", error=True)
            return
        dock: Any = open_dock(self.viewer, "retrain")
        dock.choose(self.masks.value, self.movie.value)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        """Put the tool away with the dock, so that the mouse is not lost to it."""
        if self.tool is not None:
            self.choose_tool(None)
        super().hideEvent(event)

    def _connect(self) -> None:
        for name, button in self.tools.items():
            button.clicked.connect(lambda _=False, name=name: self.choose_tool(name))
        self.undo.clicked.connect(self.undo_step)
        self.redo.clicked.connect(self.redo_step)
        self.mark.clicked.connect(self.toggle_mark)
        self.next.clicked.connect(lambda: self.go_to_suspicious(1))
        self.previous.clicked.connect(lambda: self.go_to_suspicious(-1))
        self.save.clicked.connect(self._ask_where_to_save)
        self.load.clicked.connect(self._ask_what_to_load)
        self.retrain.clicked.connect(self.open_retrain)
        self.strip.chosen.connect(self._go_to)
        self.scope.currentIndexChanged.connect(self._show_tool)
        self.masks.changed.connect(self._choose_masks)
        self._suspects.ranked.connect(self._on_ranked)
        self._suspects.failed.connect(self.reason.setText)
        self._actions.said.connect(lambda words, error: self.say(words, error=error))
        self._actions.changed.connect(self._show_clicks)
        unbind = bind_keys(
            self.viewer,
            self,
            {
                **TOOL_KEYS,
                "Shift-T": CorrectDock.toggle_scope,
                "Shift-K": CorrectDock.toggle_mark,
                "Shift-J": lambda dock: dock.go_to_suspicious(1),
                "Shift-U": lambda dock: dock.go_to_suspicious(-1),
            },
        )
        choosers, heard = (self.masks, self.movie), self._heard
        stepped, on_step = self.viewer.dims.events.current_step, self._on_step
        removed, choose = self.viewer.layers.events.removed, self._choose_masks
        stepped.connect(on_step)
        removed.connect(choose)
        stop = (self._actions.stop, self._suspects.stop)

        def let_go() -> None:
            stepped.disconnect(on_step)
            removed.disconnect(choose)
            disconnect_all(heard)
            unbind()
            for chooser in choosers:
                chooser.disconnect()
            for end in stop:
                end()

        self.destroyed.connect(let_go)

    def _choose_masks(self, _: Any = None) -> None:
        layer: Labels | None = self.masks.value
        if self.editor is not None and self.editor.layer is layer:
            return
        self._put_away()
        disconnect_all(self._heard)
        self.editor = self._gestures = None
        if layer is not None:
            try:
                self.editor = editor_of(layer)
            except ValueError as error:
                self.say(str(error), error=True)
        self._actions.editor = self.editor
        if self.editor is not None:
            self._heard += [self.editor.changed, self.editor.replaced, self.editor.marked]
            self.editor.changed.connect(self._suspects.touch)
            self.editor.replaced.connect(self._on_replaced)
            self.editor.marked.connect(self._show_frames)
            self._gestures = Gestures(self.viewer, layer)
            self._gestures.clicked.connect(
                lambda point, keys: self._actions.click(self._frame(), point, keys, self._options())
            )
            self._gestures.drawn.connect(
                lambda line: self._actions.draw(self._frame(), line, self._options())
            )
            self._gestures.interrupted.connect(lambda: self.choose_tool(None))
            self._on_replaced()
        self._check_buttons()
        self._show_frames()

    def _on_replaced(self) -> None:
        """Follow the layer to other data."""
        choose_fitting(self.movie, self.editor.layer)
        self.tracked.setChecked(is_tracked(self.viewer, self.editor.layer))
        last = self.editor.n_frames - 1
        for box, value in ((self.first, 0), (self.last, last)):
            box.setRange(0, last)
            box.setValue(value)
        self._suspects.forget(self.editor.n_frames)

    def _put_away(self) -> None:
        self._actions.take(None)
        if self._gestures:
            self._gestures.stop()

    def _options(self) -> Options:
        return Options(
            amounts=Amounts(pixels=self.pixels.value(), number=self.number.value()),
            scope=self.scope.currentData(),
            tracked=self.tracked.isChecked(),
            frames=range(self.first.value(), self.last.value() + 1),
            largest_label=max(self._suspects.largest_label, largest_track(self.viewer)),
            movie=self.movie.value,
        )

    def _frame(self) -> int:
        return shown_frame(self.viewer, self.editor.layer) if self.editor is not None else 0

    def _go_to(self, frame: int) -> None:
        if self.editor is not None:
            show_frame(self.viewer, self.editor.layer, frame)

    def _on_step(self, _: Any = None) -> None:
        self.strip.set_shown(self._frame())
        self._show_mark()
        if self._actions.merging is not None or self._actions.new.clicks:
            self._actions.take(self.tool)
            self._show_clicks()

    def _on_ranked(self) -> None:
        if self.editor is None:
            return
        self._show_frames()
        frame, words = self._suspects.next(self.editor.corrected, self._frame(), self._step)
        if frame is not None:
            self._go_to(frame)
        self.reason.setText(words)

    def _show_tool(self, _: Any = None) -> None:
        tool, actions = TOOLS.get(self.tool or ""), self._actions
        if tool is None:
            self.hint.setText(_IDLE)
            self.show_options(("tracked",))
            return
        words = hint_of(
            tool,
            SCOPES[self.scope.currentData()],
            merging=actions.merging,
            new=actions.new.label if actions.new.clicks else None,
        )
        self.hint.setText(words)
        scope = ("scope",) if tool.along_track else ()
        self.show_options((*tool.options, *scope, "tracked"))

    def _check_buttons(self) -> None:
        for name, button in self.tools.items():
            button.setChecked(name == self.tool)
        self._show_tool()

    def _show_clicks(self) -> None:
        clicks = self._actions.new.clicks
        if self._gestures is not None and self.tool == "new":
            colours = np.array([[1, 0.9, 0, 1] if yes else [1, 0.2, 0.2, 1] for _, yes in clicks])
            self._gestures.show(np.array([point for point, _ in clicks]), colours)
        self._show_tool()

    def _show_frames(self) -> None:
        if self.editor is None:
            self.strip.set_frames(1, (), {})
            self.count.setText("")
            return
        corrected, total = self.editor.corrected, self.editor.n_frames
        reasons = {frame: found.reason for frame, found in self._suspects.found.items()}
        self.strip.set_frames(total, corrected, reasons)
        self.strip.set_shown(self._frame())
        unsaved = ", not saved" if unsaved_corrections(self.editor.layer) else ""
        self.count.setText(f"{len(corrected)} of {total} corrected{unsaved}")
        self._show_mark()

    def _show_mark(self) -> None:
        marked = self.editor and self._frame() in self.editor.corrected
        self.mark.setText("Unmark this frame" if marked else "Mark this frame")

    def _ask_where_to_save(self) -> None:
        if self.editor and (path := self.ask_where_to_save(self.editor.layer.name)):
            self.save_to(path)

    def _ask_what_to_load(self) -> None:
        if path := self.ask_what_to_load():
            self.load_from(path)
