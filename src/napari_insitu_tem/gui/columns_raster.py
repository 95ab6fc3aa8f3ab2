"""What happens to columns over time: raster plot, counts and event table, linked to the canvas."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QTableView, QVBoxLayout, QWidget

from napari_insitu_tem.gui.plot_canvas import PlotCanvas
from napari_insitu_tem.gui.table_model import TableModel

if TYPE_CHECKING:
    from napari_insitu_tem.tasks.columns.result import Columns

__all__ = ["ColumnCourse", "RasterCanvas"]

_TITLES = {"column_raster": "Sites over time", "column_counts": "Columns over time"}
_SHOWN = 150


class RasterCanvas(PlotCanvas):
    """A plot whose rows are sites: a click anywhere in it picks a site and a frame."""

    def __init__(self) -> None:
        super().__init__()
        self.sites = np.zeros(0, int)

    def point_at(self, x: float, y: float) -> tuple[int, int] | None:
        """Return the (site, frame) at display coordinates; None outside of the rows."""
        drawn = self.drawn
        if drawn is None or drawn.frame_x is None or not len(drawn.frame_x):
            return None
        along, height = self._axes.transData.inverted().transform((x, y))
        frame = int(np.nanargmin(np.abs(drawn.frame_x - along)))
        row = round(float(height))
        if not len(self.sites):  # counts: no sites, but frames
            return 0, frame
        return (int(self.sites[row]), frame) if 0 <= row < len(self.sites) else None


class ColumnCourse(QWidget):
    """Plots and events of followed columns; tells which site and frame was clicked."""

    picked = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.found: Columns | None = None
        self.which = QComboBox()
        self.which.setObjectName("which_plot")
        self.which.setToolTip("What to plot.")
        self.canvas = RasterCanvas()
        self.canvas.setToolTip("A click picks the site and the frame.")
        self.model = TableModel(self)
        self.events = QTableView()
        self.events.setObjectName("events")
        self.events.setToolTip("Events: a click picks the site, and goes to the frame.")
        self.events.setModel(self.model)
        self.events.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.events.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.events.setSortingEnabled(True)
        self.events.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.events.setMinimumHeight(_SHOWN)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.which, self.canvas, self.events):
            layout.addWidget(widget)
        self.which.currentIndexChanged.connect(self._plot)
        self.canvas.picked.connect(self.picked)
        self.events.clicked.connect(self._row_clicked)

    def show_columns(self, found: Columns) -> None:
        """Show the course of columns that were followed; hide where they were not."""
        self.found = found
        drawings, course = found.drawings(), found.dynamics
        self.setVisible(bool(drawings))
        wanted = self.which.currentData()
        self.which.blockSignals(True)
        self.which.clear()
        for name in drawings:
            self.which.addItem(_TITLES.get(name, name), name)
        self.which.setCurrentIndex(max(self.which.findData(wanted), 0))
        self.which.blockSignals(False)
        if course is None:
            return
        events = course.tables().get("column_events")
        if events is not None:
            self.model.set_table(events)
            self.events.resizeColumnsToContents()
        self.events.setVisible(events is not None)
        self._plot()

    def mark(self, site: int, frame: int) -> None:
        """Mark a site and a frame in plot and table."""
        self.canvas.mark(site or None, frame)
        row = self._row_of(site, frame)
        if row is None:
            self.events.clearSelection()
        else:
            self.events.selectRow(row)

    def save(self, path: str | Path) -> list[Path]:
        """Save the shown plot to an SVG or PNG file, with the numbers behind it as CSV.

        Raises
        ------
        ValueError
            When there is nothing to save yet, or the ending is another.
        """
        from napari_insitu_tem.figures import save_drawing

        if self.found is None or self.which.currentData() is None:
            raise ValueError("There is no plot yet. Run Columns on a movie first.")
        return save_drawing(self.found.drawings()[self.which.currentData()], path)

    def _plot(self, _: int = 0) -> None:
        name = self.which.currentData()
        if self.found is None or name is None:
            return
        course = self.found.dynamics
        self.canvas.sites = np.zeros(0, int)
        if name == "column_raster" and course is not None:
            sites = course.sites
            self.canvas.sites = sites["site"].to_numpy(int)[sites["changes"].to_numpy(int) > 0]
        self.canvas.plot(self.found.drawings()[name])

    def _row_clicked(self, index: Any) -> None:
        row = index.row()
        site, frame = (int(self.model.value(row, name)) for name in ("site", "frame"))
        self.canvas.mark(site, frame)
        self.picked.emit(site, frame)

    def _row_of(self, site: int, frame: int) -> int | None:
        """Return the shown row of the site's event that is nearest in time."""
        count = self.model.rowCount()
        if not count or not site:
            return None
        sites = np.array([self.model.value(row, "site") for row in range(count)])
        frames = np.array([self.model.value(row, "frame") for row in range(count)])
        own = np.flatnonzero(sites == site)
        return int(own[np.argmin(np.abs(frames[own] - frame))]) if len(own) else None
