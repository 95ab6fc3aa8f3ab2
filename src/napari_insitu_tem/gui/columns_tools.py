"""The buttons with which columns are coloured, corrected by hand, followed again and saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from napari_insitu_tem.gui.columns_edit import FEATURES

__all__ = ["ColumnTools"]

#: napari's mode of the Points layer: name, title and tooltip of its button.
_MODES = {
    "pan_zoom": ("look", "Look", "Move about; a click on a column shows its site."),
    "add": ("add", "Add", "A click adds a column in the frame that you look at."),
    "select": ("select", "Select and move", "Drag columns to where they are; Delete removes the "
               "selected ones."),
}  # fmt: skip


class ColumnTools(QWidget):
    """What can be done with columns that were found; says so by signals."""

    mode_chosen = Signal(str)
    feature_chosen = Signal(str)
    undo_asked = Signal()
    delete_asked = Signal()
    follow_asked = Signal()
    plot_asked = Signal()
    tables_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        self.colour = QComboBox()
        self.colour.setObjectName("colour_by")
        self.colour.setToolTip("What the colour of the points says. Grey: no value.")
        for name, title in FEATURES.items():
            self.colour.addItem(title, name)
        self.colour.setCurrentIndex(self.colour.findData("intensity"))
        self.colour.currentIndexChanged.connect(
            lambda _: self.feature_chosen.emit(self.colour.currentData())
        )
        form.addRow("Colour", self.colour)
        self._modes: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        for mode, (name, title, tip) in _MODES.items():
            button = _button(name, title, tip, lambda _=False, mode=mode: self._choose(mode))
            button.setCheckable(True)
            button.setChecked(mode == "pan_zoom")
            group.addButton(button)
            self._modes[mode] = button
        form.addRow(_row(*self._modes.values()))
        self.undo = _button(
            "undo", "Undo", "Take the last correction back.", _emitting(self.undo_asked)
        )
        delete = _button("delete", "Delete", "Remove the selected columns.",
                         _emitting(self.delete_asked))  # fmt: skip
        self.again = _button(
            "follow_again", "Follow again",
            "Find sites, events and counts over time again, from the corrected columns.",
            _emitting(self.follow_asked),
        )  # fmt: skip
        form.addRow(_row(self.undo, delete, self.again))
        self.note = QLabel()
        self.note.setObjectName("corrections")
        self.note.setWordWrap(True)
        form.addRow(self.note)
        self.save = _button("save_plot", "Save the plot …", "Save the plot as SVG or PNG, and its "
                            "numbers beside it as CSV.", _emitting(self.plot_asked))  # fmt: skip
        tables = _button("save_tables", "Save all …", "Save columns, counts, sites, events and "
                         "plots into a folder, corrections included.",
                         _emitting(self.tables_asked))  # fmt: skip
        form.addRow(_row(self.save, tables))

    def show_mode(self, mode: str) -> None:
        """Press the button of napari's mode."""
        if mode in self._modes:
            self._modes[mode].setChecked(True)

    def _choose(self, mode: str) -> None:
        self.mode_chosen.emit(mode)


def _emitting(signal: Any) -> Callable[[bool], None]:
    return lambda _=False: signal.emit()


def _button(name: str, title: str, tip: str, action: Any) -> QPushButton:
    button = QPushButton(title)
    button.setObjectName(name)
    button.setToolTip(tip)
    button.clicked.connect(action)
    return button


def _row(*buttons: QPushButton) -> QHBoxLayout:
    row = QHBoxLayout()
    for button in buttons:
        row.addWidget(button)
    return row
