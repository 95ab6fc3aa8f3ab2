"""Old network beside new one: the figures, the outlines on the canvas, and what to do with it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from napari_insitu_tem.gui.gestures import show_frame

if TYPE_CHECKING:
    from napari_insitu_tem.learning.retrained import Retrained

__all__ = ["Comparison", "ResultBox"]

_ROWS = (
    ("Particles right (F1)", "f1", "Share of particles found, against those missed and made up."),
    ("Pixels right (IoU)", "foreground_iou", "What both call particle, of what either does."),
)
_COLOURS = {"before": "#ff9a2e", "after": "#5fe06a"}
_SHOWN = {"before": ("before",), "after": ("after",), "both": ("before", "after")}
_OUTLINE = 2  # px


class ResultBox(QGroupBox):
    """Shows the comparison, and asks whether to keep the new network."""

    #: One of ``"before"``, ``"after"``, ``"both"``: what to show on the canvas.
    shown = Signal(str)
    keep_wanted = Signal(str)
    discard_wanted = Signal()
    segment_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("Before and after")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setObjectName("words")
        self.numbers: dict[str, tuple[QLabel, QLabel]] = {}
        self.name = QLineEdit()
        self.name.setObjectName("name")
        self.name.setAccessibleName("Name of the new network")
        self.name.setToolTip("Letters, digits, - and _; what to call it in the list of models.")
        self.keep = _button("Keep as", "Save the new network among your models, under this name.")
        self.discard = _button("Discard", "")
        self.segment = _button(
            "Segment the movie with it",
            "Segment every frame anew. Corrected frames stay as you left them.",
        )
        self._choice = QButtonGroup(self)
        self.unkept = False
        self._build()
        self.hide()

    def show_result(self, result: Retrained, name: str) -> None:
        """Show how old and new network compare."""
        self.unkept = True
        better = result.scores_after["f1"] - result.scores_before["f1"]
        words = result.words
        if better < 0:
            words += " The new network is <b>not better</b> there: correct more frames, or discard."
        self.words.setText(words)
        for key, labels in self.numbers.items():
            before, after = result.scores_before[key], result.scores_after[key]
            labels[0].setText(f"{before:.2f}")
            labels[1].setText(f"<b>{after:.2f}</b>")
            colour = "#5fe06a" if after > before + 0.005 else "#e06c5a" if after < before else ""
            labels[1].setStyleSheet(f"color: {colour};" if colour else "")
        self.name.setText(name)
        self._choice.button(2).setChecked(True)
        self.allow(idle=True)
        self.show()

    def show_kept(self) -> None:
        """Show that the new network is among the models."""
        self.unkept = False
        self.allow(idle=True)

    def forget(self) -> None:
        """Show nothing."""
        self.unkept = False
        self.hide()

    def allow(self, *, idle: bool) -> None:
        """Enable the buttons that make sense."""
        for widget in (self.keep, self.name):
            widget.setEnabled(idle and self.unkept)
        self.discard.setEnabled(idle)
        self.discard.setText("Discard" if self.unkept else "Close")
        self.discard.setToolTip(
            "Forget the new network." if self.unkept else "Take the outlines away."
        )
        self.segment.setEnabled(idle and not self.unkept)
        self.segment.setToolTip(
            "Keep it first."
            if self.unkept
            else "Segment every frame anew; what you corrected stays."
        )

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.words)
        grid = QGridLayout()
        for column, (text, colour) in enumerate(_COLOURS.items(), start=1):
            head = QLabel(text)
            head.setAlignment(Qt.AlignmentFlag.AlignRight)
            head.setStyleSheet(f"color: {colour};")
            grid.addWidget(head, 0, column)
        for row, (text, key, tip) in enumerate(_ROWS, start=1):
            title = QLabel(text)
            title.setToolTip(tip)
            grid.addWidget(title, row, 0)
            self.numbers[key] = QLabel(), QLabel()
            for column, label in enumerate(self.numbers[key], start=1):
                label.setAlignment(Qt.AlignmentFlag.AlignRight)
                label.setToolTip(tip)
                grid.addWidget(label, row, column)
        grid.setColumnStretch(0, 1)
        layout.addLayout(grid)
        row_of_views = QHBoxLayout()
        row_of_views.addWidget(QLabel("Show"))
        for number, what in enumerate(_SHOWN):
            button = _button(what, f"Outlines on the canvas: {' and '.join(_SHOWN[what])}.")
            button.setCheckable(True)
            button.setStyleSheet("QPushButton:checked { background: #3d7ab8; color: white; }")
            self._choice.addButton(button, number)
            row_of_views.addWidget(button, 1)
            button.clicked.connect(lambda _=False, what=what: self.shown.emit(what))
        layout.addLayout(row_of_views)
        naming = QHBoxLayout()
        naming.addWidget(self.keep)
        naming.addWidget(self.name, 1)
        naming.addWidget(self.discard)
        layout.addLayout(naming)
        layout.addWidget(self.segment)
        self.keep.clicked.connect(lambda: self.keep_wanted.emit(self.name.text().strip()))
        self.discard.clicked.connect(self.discard_wanted)
        self.segment.clicked.connect(self.segment_wanted)


class Comparison:
    """The outlines that both networks find, on the left-out frame only.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to show them; it goes to that frame.
    result : Retrained
        What to show.
    masks : napari.layers.Labels
        The masks that were retrained from; they say where frames lie.
    """

    def __init__(self, viewer: Any, result: Retrained, masks: Labels) -> None:
        self._viewer = viewer
        self._layers: dict[str, weakref.ref[Labels]] = {}
        self._masks, self._was_visible = weakref.ref(masks), masks.visible
        plain = masks.name.removesuffix(" [masks]")
        frame = result.left_out.index
        for key, found in (("before", result.before), ("after", result.after)):
            layer = _outlines(f"{plain} [{key}]", found, result, masks, frame, _COLOURS[key])
            self._layers[key] = weakref.ref(viewer.add_layer(layer))
        show_frame(viewer, masks, frame)
        masks.visible = False  # it would cover what is to be compared
        viewer.layers.selection.active = masks

    def show(self, what: str) -> None:
        """Show the outlines of before, after or both."""
        for key, layer in self._present():
            layer.visible = key in _SHOWN[what]

    def remove(self) -> None:
        """Take the outlines away, and show the masks again."""
        for _, layer in self._present():
            self._viewer.layers.remove(layer)
        masks = self._masks()
        if masks is not None and masks in self._viewer.layers:
            masks.visible = self._was_visible

    def _present(self) -> list[tuple[str, Labels]]:
        known = ((key, reference()) for key, reference in self._layers.items())
        return [(key, layer) for key, layer in known if layer in self._viewer.layers]


def _outlines(
    name: str, found: np.ndarray, result: Retrained, masks: Labels, frame: int, colour: str
) -> Labels:
    from napari.utils.colormaps import CyclicLabelColormap

    labels = np.zeros(masks.data.shape[-2:], np.int32)
    labels[result.left_out.part] = found
    translate = np.array(masks.translate, float)
    if masks.ndim > 2:
        labels = labels[np.newaxis]
        translate[0] += frame * masks.scale[0]
    layer = Labels(
        labels,
        name=name,
        scale=masks.scale,
        translate=translate,
        units=masks.units,
        axis_labels=masks.axis_labels,
        opacity=1.0,
        # Cyclic, of one colour: napari compiles what draws direct colours when first used, and
        # the window stands still for a second or more.
        colormap=CyclicLabelColormap(colors=["transparent", colour]),
        # Not among the layers that docks offer: these are to look at.
        metadata={"preview": True},
    )
    layer.contour = _OUTLINE
    layer.editable = False
    return layer


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click must not take keys from the canvas
    return button
