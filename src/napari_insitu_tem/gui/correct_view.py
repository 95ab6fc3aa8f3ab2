"""The Correct dock's widgets, without what they do."""

from __future__ import annotations

from typing import Any

from napari.layers import Image, Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.choosers import LayerChooser
from napari_insitu_tem.gui.correct_tools import TOOLS
from napari_insitu_tem.gui.form import fill_width
from napari_insitu_tem.gui.frame_strip import FrameStrip
from napari_insitu_tem.gui.shortcuts import shown_keys

__all__ = ["SCOPES", "CorrectView"]

#: What a correction is applied to, by the key of `CorrectView.scope`.
SCOPES = {
    "frame": "this frame",
    "track": "the whole track",
    "rest": "the track from here on",
}


_FILTER = "Corrections (*.tif *.tiff)"
_CHECKED = "QPushButton:checked { background: #3d7ab8; color: white; }"


class CorrectView(QWidget):
    """Buttons, options and marks; `CorrectDock` makes them work."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = QWidget()
        scroll.setWidget(inner)
        outer.addWidget(scroll)
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(6, 6, 6, 6)

        inputs = _form()
        self.masks = LayerChooser(viewer, Labels, "Masks")
        self.movie = LayerChooser(viewer, Image, "Movie")
        for chooser in (self.masks, self.movie):
            fill_width(chooser.native)
        inputs.addRow("Masks", self.masks.native)
        inputs.addRow("Movie", self.movie.native)
        layout.addLayout(inputs)
        layout.addLayout(self._make_tools())
        self.hint = QLabel()
        self.hint.setObjectName("hint")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.hint.setMinimumHeight(3 * self.fontMetrics().lineSpacing() + 14)
        self.hint.setStyleSheet(
            "QLabel { border: 1px solid #6b8fb5; border-radius: 4px; padding: 5px; }"
        )
        layout.addWidget(self.hint)
        self.message = QLabel()
        self.message.setObjectName("message")
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout.addWidget(self.message)
        layout.addLayout(self._make_options())
        layout.addWidget(self._make_frames())
        row = QHBoxLayout()
        self.load = _button("Load …", "Put corrections from a file onto these masks.")
        self.save = _button(
            "Save corrections …",
            "Keep every corrected frame in a file, from which a recipe can apply them again.",
        )
        row.addWidget(self.load)
        row.addWidget(self.save)
        layout.addLayout(row)
        self.retrain = _button(
            "Retrain on the corrected frames …",
            "Let the network that made these masks learn from the frames that you corrected.",
        )
        layout.addWidget(self.retrain)
        layout.addStretch()
        self.setMinimumWidth(max(310, inner.minimumSizeHint().width() + 16))
        self.show_options(())

    def _make_tools(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(3)
        self.tools: dict[str, QPushButton] = {}
        for position, tool in enumerate(TOOLS.values()):
            button = _button(tool.title, f"{tool.hint} ({shown_keys(tool.key)})")
            button.setObjectName(tool.name)
            button.setCheckable(True)
            button.setStyleSheet(_CHECKED)
            grid.addWidget(button, position // 3, position % 3)
            self.tools[tool.name] = button
        row = QHBoxLayout()
        row.setSpacing(3)
        self.undo = _button("Undo", f"Take the last step back ({shown_keys('Control-Z')}).")
        self.redo = _button("Redo", f"Make it again ({shown_keys('Control-Shift-Z')}).")
        row.addWidget(self.undo)
        row.addWidget(self.redo)
        at = len(TOOLS)
        grid.addLayout(row, at // 3, at % 3, 1, 3 - at % 3)
        return grid

    def _make_options(self) -> QFormLayout:
        self.options = _form()
        self.scope = QComboBox()
        self.scope.setObjectName("scope")
        for key, words in SCOPES.items():
            self.scope.addItem(words, key)
        self.scope.setToolTip(
            f"Correct this particle in one frame, or all along its track ({shown_keys('Shift-T')})."
        )
        self.tracked = QCheckBox("numbers are tracks")
        self.tracked.setToolTip(
            "The same number is the same particle in every frame, as in masks made by Track."
        )
        self.pixels = _spin(1, 100, 2, " px", "By how much; to smooth: the size of detail to lose.")
        self.number = _spin(1, 2**31 - 2, 1, "", "The new number.")
        self.first = _spin(0, 0, 0, "", "First frame to copy to.")
        self.last = _spin(0, 0, 0, "", "Last frame to copy to.")
        span = QWidget()
        row = QHBoxLayout(span)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.first)
        row.addWidget(QLabel("to"))
        row.addWidget(self.last)
        self._rows: dict[str, QWidget] = {
            "scope": self.scope,
            "pixels": self.pixels,
            "number": self.number,
            "range": span,
            "tracked": self.tracked,
        }
        titles = ("Apply to", "By", "Number", "Frames", "")
        for title, widget in zip(titles, self._rows.values(), strict=True):
            self.options.addRow(title, widget)
        return self.options

    def _make_frames(self) -> QGroupBox:
        box = QGroupBox("Frames")
        layout = QVBoxLayout(box)
        layout.setContentsMargins(6, 6, 6, 6)
        self.strip = FrameStrip()
        layout.addWidget(self.strip)
        row = QHBoxLayout()
        self.count = QLabel()
        self.count.setObjectName("count")
        self.count.setWordWrap(True)  # rather than pushing the dock's right edge out of sight
        self.mark = _button(
            "Mark this frame", f"Call this frame corrected, or not ({shown_keys('Shift-K')})."
        )
        row.addWidget(self.count, 1)
        row.addWidget(self.mark)
        layout.addLayout(row)
        row = QHBoxLayout()
        self.previous = _button("◀", f"Previous suspicious frame ({shown_keys('Shift-U')}).")
        self.next = _button(
            "Next suspicious ▶",
            "Go to the next frame in which an area or the number of particles suddenly changes "
            f"({shown_keys('Shift-J')}).",
        )
        self.previous.setMaximumWidth(40)
        row.addWidget(self.previous)
        row.addWidget(self.next, 1)
        layout.addLayout(row)
        self.reason = QLabel("Green: corrected. Orange: suspicious.")
        self.reason.setObjectName("reason")
        self.reason.setWordWrap(True)
        layout.addWidget(self.reason)
        return box

    def show_options(self, names: tuple[str, ...]) -> None:
        """Show the rows of these options only."""
        for name, widget in self._rows.items():
            self.options.setRowVisible(widget, name in names)

    def ask_where_to_save(self, name: str) -> str:
        """Ask for a file to save to; empty when the user changed her mind."""
        path, _ = QFileDialog.getSaveFileName(
            self, "Save corrections", f"{name}.corrections.tif", _FILTER
        )
        return path if not path or path.lower().endswith((".tif", ".tiff")) else f"{path}.tif"

    def ask_what_to_load(self) -> str:
        """Ask for a file to load; empty when the user changed her mind."""
        return QFileDialog.getOpenFileName(self, "Load corrections", "", _FILTER)[0]

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message below everything."""
        self.message.setText(text)
        self.message.setStyleSheet("color: #e06c5a;" if error else "")


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setContentsMargins(0, 0, 0, 0)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
    return form


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click must not take keys from the canvas
    return button


def _spin(low: int, high: int, value: int, suffix: str, tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setValue(value)
    box.setSuffix(suffix)
    box.setToolTip(tip)
    return box
