"""What the Models dock looks like: table, card and buttons; what they do is in `models`."""

from __future__ import annotations

from qtpy.QtCore import QItemSelectionModel, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QTableView,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.models_table import LONG, ModelsTable, Row
from napari_insitu_tem.models import Model

__all__ = ["ModelsView"]


class ModelsView(QWidget):
    """The table of models, the card of the chosen one, the buttons and a message."""

    def __init__(self) -> None:
        super().__init__()
        self._build()

    @property
    def chosen(self) -> Row | None:
        """The model, or what is broken, of the row that is selected."""
        rows = self.view.selectionModel().selectedRows()
        return self.table.row(rows[0].row()) if rows else None

    def choose(self, name: str) -> None:
        """Select a model by its name."""
        number = self.table.number_of(name)
        if number is not None:
            how = QItemSelectionModel.SelectionFlag
            index = self.table.index(number, 0)
            self.view.selectionModel().setCurrentIndex(index, how.ClearAndSelect | how.Rows)
            self.view.scrollTo(index)

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message in the dock."""
        self.message.setText(text)
        self.message.setStyleSheet("color: #e06c5a;" if error else "")
        self.message.setVisible(bool(text))

    def allow(self, *, idle: bool) -> None:
        """Enable the buttons that make sense for what is chosen."""
        chosen = self.chosen
        usable = isinstance(chosen, Model)
        own = usable and not chosen.shipped
        self.import_button.setEnabled(idle)
        self.export_button.setEnabled(idle and usable)
        for button, done in ((self.rename_button, "renamed"), (self.delete_button, "deleted")):
            button.setEnabled(idle and own)
            tip = button.property("tip")
            shipped = usable and not own
            button.setToolTip(
                f"Shipped models cannot be {done}; export and import it under another name."
                if shipped
                else tip
            )

    def _build(self) -> None:
        self.task = QComboBox()
        self.task.setToolTip("Show only the models for this task.")
        self.train_button = _button("&Train new …", "Train a model, from nothing or from this one.")
        top = QHBoxLayout()
        label = QLabel("&Show")
        label.setBuddy(self.task)
        top.addWidget(label)
        top.addWidget(self.task, 1)
        top.addWidget(self.train_button)
        self.table = ModelsTable(self)
        self.view = QTableView()
        self.view.setModel(self.table)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setSortingEnabled(True)
        self.view.setTabKeyNavigation(False)  # Tab goes on to the buttons
        self.view.setWordWrap(False)
        self.view.setShowGrid(False)
        self.view.verticalHeader().hide()
        self.view.verticalHeader().setDefaultSectionSize(22)
        header = self.view.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(LONG, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setHighlightSections(False)
        self.details = QTextBrowser()
        self.details.setOpenLinks(False)  # a card is a stranger's text
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.view)
        split.addWidget(self.details)
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 3)
        split.setChildrenCollapsible(False)
        self.import_button = _button(
            "&Import …", "Take in a model that somebody gave you: a .zip, or a model's folder."
        )
        self.export_button = _button("&Export …", "Write the model to a .zip, to give it away.")
        self.rename_button = _button("&Rename …", "Give the model another name (F2).")
        self.delete_button = _button("&Delete …", "Delete the model for good, after asking (Del).")
        self.folder_button = _button("&Open folder", "Show where the model lies on disk.")
        self.cancel_button = _button("Cancel", "Stop; nothing is left half-written.")
        self.cancel_button.hide()
        buttons = QGridLayout()
        for number, button in enumerate(
            (
                self.import_button,
                self.export_button,
                self.folder_button,
                self.rename_button,
                self.delete_button,
                self.cancel_button,
            )
        ):
            buttons.addWidget(button, number // 3, number % 3)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextFormat(Qt.TextFormat.PlainText)  # it may quote a stranger's card
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(top)
        layout.addWidget(split, 1)
        layout.addLayout(buttons)
        layout.addWidget(self.message)
        self.setMinimumWidth(380)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setProperty("tip", tip)
    return button
