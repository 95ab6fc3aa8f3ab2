"""The tables of the species dock: vacancies, columns and counts; a row is a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QItemSelectionModel, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.gui.table_model import TableModel

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.tasks.species import Species

__all__ = ["SpeciesTable"]

_TITLES = {"vacancies": "Vacancies", "columns": "Columns", "counts": "Counts", "shifts": "Shifts"}


class SpeciesTable(QWidget):
    """Shows one of the tables; says which row was chosen."""

    #: A row of `table` was chosen.
    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.found: Species | None = None
        self._following = False
        self.kind = QComboBox()
        self.kind.setObjectName("which_table")
        self.kind.setToolTip("Which table; a click on a row of a column or vacancy goes there.")
        for name, title in _TITLES.items():
            self.kind.addItem(title, name)
        self.copy = QPushButton("Copy")
        self.copy.setObjectName("copy_table")
        self.copy.setToolTip("Put the whole table on the clipboard, for a spreadsheet.")
        self.model = TableModel(self)
        self.view = QTableView()
        self.view.setObjectName("species_table")
        self.view.setModel(self.model)
        self.view.setSortingEnabled(True)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.verticalHeader().setDefaultSectionSize(22)
        self.view.setMinimumHeight(190)
        row = QHBoxLayout()
        row.addWidget(self.kind, 1)
        row.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.view)
        self.kind.currentIndexChanged.connect(self._show)
        self.view.selectionModel().currentRowChanged.connect(self._choose)
        self.copy.clicked.connect(self._copy)
        self.hide()

    def show_result(self, found: Species) -> None:
        """Show the tables of a result."""
        self.found = found
        self._show()
        self.show()

    @property
    def name(self) -> str:
        """Which table is shown."""
        return str(self.kind.currentData())

    @property
    def table(self) -> pd.DataFrame | None:
        """The shown table, in pixels."""
        return None if self.found is None else getattr(self.found, self.name)

    def follow(self, row: int) -> None:
        """Go to a row of `table` that was chosen elsewhere."""
        (at,) = (self.model.shown == row).nonzero()
        if not len(at):
            return
        self._following = True
        index = self.model.index(int(at[0]), 0)
        how = QItemSelectionModel.SelectionFlag
        self.view.selectionModel().setCurrentIndex(index, how.ClearAndSelect | how.Rows)
        self.view.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        self._following = False

    def _show(self, _: int = 0) -> None:
        if self.found is None:
            return
        self._following = True
        self.model.set_table(self.found.tables()[self.name])
        self.view.resizeColumnsToContents()
        self._following = False

    def _choose(self, *_: Any) -> None:
        index = self.view.currentIndex()
        if not self._following and index.isValid():
            self.chosen.emit(int(self.model.shown[index.row()]))

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.model.text(list(range(self.model.rowCount()))))
