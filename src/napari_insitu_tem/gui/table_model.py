"""A table for Qt: sorted and filtered with NumPy, so that 100,000 rows are no burden."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableModel", "parse_tracks"]


def parse_tracks(text: str) -> list[tuple[int, int]]:
    """Read ``"3, 7-9"`` as the ranges (3, 3) and (7, 9).

    Raises
    ------
    ValueError
        When it is neither numbers nor ranges.
    """
    ranges = []
    for part in re.split(r"[,;\s]+", re.sub(r"\s*[-–]\s*", "-", text.strip())):
        if not part:
            continue
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if match is None:
            raise ValueError(f"'{part}' is no track number; write for example 3, 7-9.")
        first = int(match[1])
        ranges.append((first, int(match[2] or first)))
    return ranges


class TableModel(QAbstractTableModel):
    """Shows a DataFrame in published units; knows which row is which particle.

    Rows are shown through an index array: sorting and filtering permute that and never the
    table.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._names: list[str] = []
        self._tips: list[str] = []
        self._columns: list[np.ndarray] = []
        self._by_name: dict[str, np.ndarray] = {}
        self._shown = np.zeros(0, np.intp)
        self._kept = np.zeros(0, np.intp)
        self._sorting: tuple[int, Qt.SortOrder] | None = None

    def set_table(self, table: pd.DataFrame, tips: list[str] | None = None) -> None:
        """Show another table; sorting and filter are dropped.

        Parameters
        ----------
        table : pandas.DataFrame
            In published units.
        tips : list of str, optional
            What each column is, for the header's tooltips.
        """
        self.beginResetModel()
        self._names = [str(name) for name in table.columns]
        self._tips = tips or self._names
        self._columns = [table[name].to_numpy() for name in table.columns]
        self._by_name = dict(zip(self._names, self._columns, strict=True))
        if "particle" in self._by_name:  # of masks that were not tracked
            self._by_name.setdefault("track", self._by_name["particle"])
        self._kept = self._shown = np.arange(len(table), dtype=np.intp)
        self._sorting = None
        self.endResetModel()

    @property
    def shown(self) -> np.ndarray:
        """Positions in the table of the rows as they are shown."""
        return self._shown

    def filter(self, tracks: list[tuple[int, int]]) -> None:
        """Keep only these ranges of tracks; all rows where there are none given."""
        track = self._by_name.get("track")
        kept = np.arange(len(self._columns[0]) if self._columns else 0, dtype=np.intp)
        if tracks and track is not None:
            inside = [(track >= first) & (track <= last) for first, last in tracks]
            kept = np.flatnonzero(np.any(inside, axis=0))
        self.beginResetModel()
        self._kept = self._shown = kept
        if self._sorting is not None:
            self._shown = self._sorted(*self._sorting)
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; what is missing goes last either way."""
        self.layoutAboutToBeChanged.emit()
        if 0 <= column < len(self._columns):
            self._sorting = (column, order)
            self._shown = self._sorted(column, order)
        else:
            self._sorting, self._shown = None, self._kept
        self.layoutChanged.emit()

    def particle(self, row: int) -> tuple[int | None, int | None]:
        """Return the (track, frame) that a shown row is about, as far as it is."""
        at = self._shown[row]
        names = ("track", "frame")
        return tuple(
            int(self._by_name[name][at]) if name in self._by_name else None for name in names
        )

    def value(self, row: int, name: str) -> Any:
        """Return a value by its column's name."""
        return self._by_name[name][self._shown[row]]

    def row_of(self, track: int | None, frame: int | None) -> int | None:
        """Return the shown row of a particle: of that frame, where rows have frames."""
        fits = np.ones(len(self._shown), bool)
        asked = False
        for name, wanted in (("track", track), ("frame", frame)):
            if name in self._by_name:
                if wanted is None:
                    return None
                asked = True
                fits &= self._by_name[name][self._shown] == wanted
        rows = np.flatnonzero(fits) if asked else ()
        return int(rows[0]) if len(rows) else None

    def text(self, rows: list[int]) -> str:
        """Return shown rows as text with tabs, for a spreadsheet."""
        lines = ["\t".join(self._names)]
        for row in rows:
            values = (column[self._shown[row]] for column in self._columns)
            lines.append("\t".join("" if _missing(value) else str(value) for value in values))
        return "\n".join(lines)

    # -- what Qt asks for ------------------------------------------------------------------

    def rowCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of shown rows."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def columnCount(self, parent: QModelIndex | None = None) -> int:  # noqa: N802
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text or alignment."""
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(self._columns[index.column()][self._shown[index.row()]])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's name or tooltip, or a row's number."""
        if orientation == Qt.Orientation.Vertical:
            return section + 1 if role == Qt.ItemDataRole.DisplayRole else None
        if not 0 <= section < len(self._names):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._names[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tips[section]
        return None

    def _sorted(self, column: int, order: Qt.SortOrder) -> np.ndarray:
        values = self._columns[column][self._kept]
        if values.dtype.kind == "O":
            values = values.astype(str)
        if values.dtype.kind == "f":
            missing = np.isnan(values)
            found, lost = self._kept[~missing], self._kept[missing]
            values = values[~missing]
        else:
            found, lost = self._kept, self._kept[:0]
        ranks = np.argsort(values, kind="stable")
        if order == Qt.SortOrder.DescendingOrder:
            ranks = ranks[::-1]
        return np.concatenate([found[ranks], lost])


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value))


def _text(value: Any) -> str:
    if _missing(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        return f"{value:.5g}"
    return str(value)
