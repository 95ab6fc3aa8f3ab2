"""The Edit tracks dock: join, cut, delete and swap tracks, with undo."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from napari.layers import Layer, Tracks
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.analysis.track_editing import Edit, describe_edit
from napari_insitu_tem.gui.background import plain_words
from napari_insitu_tem.gui.canvas_link import link_canvas
from napari_insitu_tem.gui.choosers import LayerChooser
from napari_insitu_tem.gui.form import fill_width
from napari_insitu_tem.gui.layers import layer_data, tracking_from_layer
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.result_layers import show_layers
from napari_insitu_tem.gui.session import Selection, own_viewer, session_of
from napari_insitu_tem.results import Tracking
from napari_insitu_tem.tasks.edit_tracks import EditTracksSettings, edit_tracks

if TYPE_CHECKING:
    import napari

__all__ = ["EditTracksDock"]

_HINT = (
    "Click a particle: it becomes the first track, the next one the second. Edits are made at "
    "the frame that you look at; the original tracks stay as they are."
)


class EditTracksDock(QWidget):
    """Edits a copy of the chosen tracks; layers, table and plots follow every edit."""

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = own_viewer(viewer)
        self.session = session_of(self.viewer)
        link_canvas(self.viewer)
        self.original: Tracking | None = None
        self.edited: Tracking | None = None
        self.edits: list[Edit] = []
        self._made: list[weakref.ref[Layer]] = []
        self._showing = False
        self._build()
        self._connect()
        self._choose()

    # -- what the user does ----------------------------------------------------------------

    def join(self) -> None:
        """Make the second track part of the first."""
        self._apply(("join", self.first.value(), self.second.value()))

    def cut(self) -> None:
        """Give the first track a new number from the shown frame on."""
        self._apply(("cut", self.first.value(), self.frame))

    def delete(self) -> None:
        """Take the first track away."""
        self._apply(("delete", self.first.value()))

    def swap(self) -> None:
        """Exchange the two tracks from the shown frame on."""
        self._apply(("swap", self.first.value(), self.second.value(), self.frame))

    def undo(self) -> None:
        """Take back the last edit."""
        if self.edits:
            last = self.edits.pop()
            if self._show(self.edits):
                self.say(f"Taken back: {describe_edit(last)}.")

    @property
    def frame(self) -> int:
        """The frame that is shown."""
        dims = self.viewer.dims
        return int(dims.current_step[0]) if dims.ndim > 2 else 0

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message in the dock."""
        self._message.setText(text)
        self._message.setStyleSheet("color: #e06c5a;" if error else "")
        self._message.setVisible(bool(text))

    # -- inside ----------------------------------------------------------------------------

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(6, 6, 6, 6)
        hint = QLabel(_HINT)
        hint.setWordWrap(True)
        outer.addWidget(hint)
        self.chooser = LayerChooser(self.viewer, Tracks, "Tracks")
        row = QHBoxLayout()
        row.addWidget(QLabel("Tracks"))
        row.addWidget(self.chooser.native, 1)
        fill_width(self.chooser.native)
        outer.addLayout(row)

        grid = QGridLayout()
        self.first, self.second = QSpinBox(), QSpinBox()
        self.picks = QButtonGroup(self)
        self.picks.setExclusive(True)
        self._spans = (QLabel(), QLabel())
        rows = zip(("First track", "Second track"), (self.first, self.second), strict=True)
        for place, (title, field) in enumerate(rows):
            field.setRange(0, 2**31 - 1)
            field.setSpecialValueText("none")
            pick = QPushButton("Pick")
            pick.setCheckable(True)
            pick.setToolTip(f"The next particle that you click becomes the {title.lower()}.")
            self.picks.addButton(pick, place)
            grid.addWidget(QLabel(title), place, 0)
            grid.addWidget(field, place, 1)
            grid.addWidget(self._spans[place], place, 2)
            grid.addWidget(pick, place, 3)
        grid.setColumnStretch(2, 1)
        self.picks.button(0).setChecked(True)
        outer.addLayout(grid)

        self.buttons: dict[str, QPushButton] = {}
        actions = (
            ("join", "Join", "Make the second track part of the first."),
            ("cut", "Cut here", "Give the first track a new number from this frame on."),
            ("delete", "Delete", "Take the first track and its masks away."),
            ("swap", "Swap from here on", "Exchange both tracks from this frame on."),
        )
        buttons = QGridLayout()
        for place, (name, title, tip) in enumerate(actions):
            button = QPushButton(title)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(getattr(self, name))
            self.buttons[name] = button
            buttons.addWidget(button, place // 2, place % 2)
        outer.addLayout(buttons)

        outer.addWidget(QLabel("Edits"))
        self.history = QListWidget()
        self.history.setToolTip("What was edited, in order. It is kept in the recipe.")
        outer.addWidget(self.history, 1)
        self.undo_button = QPushButton("Undo last edit")
        self.undo_button.setObjectName("undo")
        self.undo_button.clicked.connect(self.undo)
        outer.addWidget(self.undo_button)
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._message.hide()
        outer.addWidget(self._message)

    def _connect(self) -> None:
        self.chooser.changed.connect(self._choose)
        self.first.valueChanged.connect(self._refresh)
        self.second.valueChanged.connect(self._refresh)
        listen(
            self,
            (self.session.selected, self._on_selected),
            (self.viewer.dims.events.current_step, self._refresh),
            at_end=(self.chooser.disconnect,),
        )

    def _choose(self, _: Any = None) -> None:
        """Take up the chosen layer: the original it shows, or one with edits made here."""
        layer = self.chooser.value
        if self._showing or layer is None or any(ref() is layer for ref in self._made):
            self._refresh()
            return
        try:
            tracking = tracking_from_layer(layer)
        except Exception as error:
            self.original = self.edited = None
            self.say(plain_words(error), error=True)
        else:
            self.say("")
            if tracking is not self.original:
                self.original = self.edited = tracking
                self.edits, self._made = [], []
                self.session.show_tracking(tracking)
        self._list()

    def _on_selected(self, selection: Selection) -> None:
        if selection.track is None or self.edited is None:
            return
        place = self.picks.checkedId()
        (self.first, self.second)[place].setValue(selection.track)
        self.picks.button(1 - place).setChecked(True)

    def _apply(self, edit: Edit) -> None:
        if self._show([*self.edits, edit]):
            self.edits.append(edit)
            self.say(f"{describe_edit(edit)}.")
            self._list()
            self.picks.button(0).setChecked(True)

    def _show(self, edits: list[Edit]) -> bool:
        """Make the edits on the original and show the result; False when one cannot be made."""
        if self.original is None:
            self.say("There are no tracks to edit yet: run Track first.", error=True)
            return False
        try:
            settings = EditTracksSettings(edits=tuple(edits))
            self.edited = edit_tracks(self.original, settings) if edits else self.original
        except Exception as error:
            self.say(plain_words(error), error=True)
            return False
        earlier = [layer for ref in self._made if (layer := ref()) in self.viewer.layers]
        source = self.chooser.value
        base = source.name.removesuffix(" [edited]") if source is not None else "tracks"
        self._showing = True  # the chooser takes new layers for the user's choice
        try:
            layers = show_layers(self.viewer, layer_data(self.edited, f"{base} [edited]"), earlier)
        finally:
            self._showing = False
        for layer in earlier:
            if layer not in layers:  # no tracks are left
                self.viewer.layers.remove(layer)
        if not earlier:
            self._hide_originals()
        self._made = [weakref.ref(layer) for layer in layers]
        self.session.show_tracking(self.edited)
        self._list()
        return True

    def _hide_originals(self) -> None:
        shown = (self.original, self.original.segmentation if self.original else None)
        for layer in self.viewer.layers:
            if any(layer.metadata.get("insitu_tem") is known for known in shown if known):
                layer.visible = False

    def _list(self) -> None:
        self.history.clear()
        for number, edit in enumerate(self.edits, start=1):
            self.history.addItem(f"{number}. {describe_edit(edit)}")
        self.history.scrollToBottom()
        self._refresh()

    def _refresh(self, _: Any = None) -> None:
        """Show the tracks' frames, and which edits are possible here."""
        spans = [self._span(field.value()) for field in (self.first, self.second)]
        for label, span in zip(self._spans, spans, strict=True):
            label.setText(f"frames {span[0]}–{span[1]}" if span else "")
        one, two = spans
        both = bool(one and two and self.first.value() != self.second.value())
        inside = bool(one and one[0] < self.frame <= one[1])
        possible = {"join": both, "cut": inside, "delete": bool(one), "swap": both}
        for name, button in self.buttons.items():
            button.setEnabled(possible[name])
        self.buttons["cut"].setText(f"Cut at frame {self.frame}")
        self.buttons["swap"].setText(f"Swap from frame {self.frame} on")
        self.undo_button.setEnabled(bool(self.edits))

    def _span(self, track: int) -> tuple[int, int] | None:
        if self.edited is None or not track:
            return None
        table = self.edited.particles
        frames = table.loc[table["track"] == track, "frame"]
        return (int(frames.min()), int(frames.max())) if len(frames) else None
