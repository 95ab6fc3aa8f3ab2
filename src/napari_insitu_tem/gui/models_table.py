"""The table of models for Qt: a row a model, those that cannot be used last."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from qtpy.QtGui import QBrush, QColor, QFont

from napari_insitu_tem.gui.models_card import paragraph
from napari_insitu_tem.models import Broken, Model
from napari_insitu_tem.models.describe import in_short

__all__ = ["COLUMNS", "LONG", "ModelsTable", "Row"]

#: Headings with their tooltips.
COLUMNS = (
    ("Name", "What the model is called in lists, recipes and commands."),
    ("Task", "What it does."),
    ("Trained on", "The data that it has learned from."),
    ("Whose", "Shipped with the package, or yours."),
    ("Made", "When it was trained."),
    ("Size", "Size on disk."),
)
#: The column that takes the space that is left.
LONG = 2
_SIZE = 5
_BROKEN = QColor("#e06c5a")

Row = Model | Broken


class ModelsTable(QAbstractTableModel):
    """Models and what is broken, sorted by any column."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._cells: list[tuple[str, ...]] = []
        self._sorting = (-1, Qt.SortOrder.AscendingOrder)

    def set_rows(self, rows: list[Row]) -> None:
        """Show these; the sorting stays."""
        self.beginResetModel()
        self._rows = rows
        self._sort()
        self.endResetModel()

    def row(self, number: int) -> Row:
        """Return what a row shows."""
        return self._rows[number]

    def number_of(self, name: str) -> int | None:
        """Return the row of a model, by its name."""
        names = [row.name for row in self._rows]
        return names.index(name) if name in names else None

    # -- what Qt asks for ------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, tooltip, look or alignment."""
        row, text = self._rows[index.row()], self._cells[index.row()][index.column()]
        broken = isinstance(row, Broken)
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.ToolTipRole:
            tip = row.reason if broken else (row.card.title if index.column() == 0 else text)
            return paragraph(tip) if tip else None  # so that long ones are wrapped
        if role == Qt.ItemDataRole.ForegroundRole and broken:
            return QBrush(_BROKEN)
        if role == Qt.ItemDataRole.FontRole and broken:
            font = QFont()
            font.setItalic(True)
            return font
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == _SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's name or tooltip."""
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section][0]
            if role == Qt.ItemDataRole.ToolTipRole:
                return f"{COLUMNS[section][1]} Click to sort."
            if role == Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag
                return side.AlignVCenter | (side.AlignRight if section == _SIZE else side.AlignLeft)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; with -1 as the store lists them."""
        self.layoutAboutToBeChanged.emit()
        self._sorting = (column, order)
        self._sort()
        self.layoutChanged.emit()

    def _sort(self) -> None:
        column, order = self._sorting
        if column >= 0:
            self._rows.sort(
                key=lambda row: _key(row, column), reverse=order == Qt.SortOrder.DescendingOrder
            )
        self._rows.sort(key=lambda row: isinstance(row, Broken))
        self._cells = [_cells(row) for row in self._rows]


def _cells(row: Row) -> tuple[str, ...]:
    if isinstance(row, Broken):
        return (row.name, "broken", row.reason, "yours", "", "")
    return in_short(row)


def _key(row: Row, column: int) -> Any:
    if column == _SIZE:
        return 0 if isinstance(row, Broken) else row.size
    return _cells(row)[column].lower()
