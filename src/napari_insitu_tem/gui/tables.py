"""The Tables dock: particles, tracks, frames and curves, tied to canvas and plots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QItemSelectionModel, Qt, QTimer
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QShortcut,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem import units
from napari_insitu_tem.gui.background import Background
from napari_insitu_tem.gui.canvas_link import link_canvas
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.session import Selection, own_viewer, session_of
from napari_insitu_tem.gui.table_model import TableModel, parse_tracks
from napari_insitu_tem.io.tables import write_table

if TYPE_CHECKING:
    import napari
    import pandas as pd

__all__ = ["TablesDock"]

_TITLES = {
    "particles": "Particles",
    "tracks": "Tracks",
    "frames": "Frames",
    "ensemble": "All tracks together",
    "msd": "Mean-squared displacement",
    "msad": "Mean-squared angular displacement",
    "rdf": "Pair distribution g(r)",
}
_COPY_AT_MOST = 20_000


class TablesDock(QWidget):
    """What was tracked and measured, in published units.

    A click on a row selects the particle and shows its frame; a particle that is selected in
    the canvas or in a plot is found here.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = own_viewer(viewer)
        self.session = session_of(viewer)
        link_canvas(self.viewer)
        self._table: pd.DataFrame | None = None
        self._following = False
        self._background = Background(self)
        self._build()
        self._connect()
        self.refresh()

    # -- what is shown ---------------------------------------------------------------------

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables there are by name, in pixels and frames."""
        found: dict[str, pd.DataFrame] = {}
        if self.session.tracking is not None:
            found["particles"] = self.session.tracking.particles
        measured = self.session.measurements
        if measured is not None:
            found |= {"tracks": measured.tracks, "frames": measured.frames}
            found |= {name: measured.curves[name] for name in _TITLES if name in measured.curves}
        return found

    def show_table(self, name: str) -> None:
        """Show one of `tables`."""
        self.kind.setCurrentIndex(self.kind.findData(name))

    def refresh(self, _: Any = None) -> None:
        """Take over what the session has now."""
        tables, wanted = self.tables(), self.kind.currentData()
        self.kind.blockSignals(True)
        self.kind.clear()
        for name in tables:
            self.kind.addItem(_TITLES[name], name)
        if wanted in tables:
            self.kind.setCurrentIndex(self.kind.findData(wanted))
        elif "tracks" in tables:
            self.kind.setCurrentIndex(self.kind.findData("tracks"))
        self.kind.blockSignals(False)
        for widget in (self.kind, self.only, self.view, self.copy_button, self.export_button):
            widget.setEnabled(bool(tables))
        self._show_chosen()

    def _show_chosen(self) -> None:
        import pandas as pd

        table = self.tables().get(self.kind.currentData())
        self._table = table
        tracking = self.session.tracking
        if table is None or tracking is None:
            self.model.set_table(pd.DataFrame())
            self.say("There is nothing to show yet: run Track, then Measure.")
            return
        movie = tracking.movie
        size, time = movie.pixel_size, movie.frame_time
        tips = [
            f"{units.axis_label(str(name), size, time)}: click to sort" for name in table.columns
        ]
        self._following = True
        self.model.set_table(units.publish(table, size, time), tips)
        self.view.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.view.resizeColumnsToContents()
        self._following = False
        self.only.setVisible("track" in table)
        self._filter()

    def _filter(self) -> None:
        try:
            ranges = parse_tracks(self.only.text())
        except ValueError as error:
            self.say(str(error), error=True)
            return
        self._following = True
        self.model.filter(ranges)
        self._following = False
        rows = self.model.rowCount()
        hint = "" if self.session.measurements is not None else " Run Measure for more tables."
        self.say(f"{rows:,} row{'' if rows == 1 else 's'}.{hint}")
        self._follow()

    # -- selection, both ways --------------------------------------------------------------

    def _choose(self, *_: Any) -> None:
        """Select the particle of the row that the user went to."""
        index = self.view.currentIndex()
        if self._following or not index.isValid():
            return
        row = index.row()
        track, frame = self.model.particle(row)
        now = self._current_frame()
        if track is None and frame is None:
            return
        if track is None:
            track = self.session.selection.track
        if frame is None:
            seen = self.kind.currentData() != "tracks" or (
                self.model.value(row, "first_frame") <= now <= self.model.value(row, "last_frame")
            )
            frame = now if seen else int(self.model.value(row, "first_frame"))
        self.session.select(track, frame)

    def _follow(self, selection: Selection | None = None) -> None:
        """Go to the row of what is selected in the frame that is shown."""
        chosen = self.session.selection
        frame = self._current_frame() if selection is None else selection.frame
        row = self.model.row_of(chosen.track, self._current_frame() if frame is None else frame)
        current = self.view.currentIndex()
        if row is None or (current.isValid() and current.row() == row):
            if row is None and chosen.track is None:
                self.view.clearSelection()
            return
        self._following = True
        index = self.model.index(row, max(current.column(), 0))
        how = QItemSelectionModel.SelectionFlag
        self.view.selectionModel().setCurrentIndex(index, how.ClearAndSelect | how.Rows)
        self.view.scrollTo(index, QAbstractItemView.ScrollHint.EnsureVisible)
        self._following = False

    def _current_frame(self) -> int:
        dims = self.viewer.dims
        return int(dims.current_step[0]) if dims.ndim > 2 else 0

    # -- taking it elsewhere ---------------------------------------------------------------

    def copy(self) -> None:
        """Put the selected rows, or all, on the clipboard, for a spreadsheet."""
        rows = sorted({index.row() for index in self.view.selectionModel().selectedRows()})
        if len(rows) < 2:
            rows = list(range(self.model.rowCount()))
        if len(rows) > _COPY_AT_MOST:
            self.say(
                f"{len(rows):,} rows are too many to copy. Select some, or export.", error=True
            )
            return
        QApplication.clipboard().setText(self.model.text(rows))
        self.say(f"Copied {len(rows):,} rows; paste them into a spreadsheet.")

    def export(self) -> None:
        """Ask for a file name and write the shown rows."""
        name = f"{self.kind.currentData()}.csv"
        path, _ = QFileDialog.getSaveFileName(
            self, "Export table", name, "CSV (*.csv);;Parquet (*.parquet)"
        )
        if path:
            self.export_to(path)

    def export_to(self, path: str | Path) -> None:
        """Write the shown rows to a CSV or Parquet file, in the background."""
        path = Path(path)
        path = path if path.suffix else path.with_suffix(".csv")
        if self._table is None or self._background.running:
            return
        table = self._table.iloc[self.model.shown]
        result = self.session.measurements or self.session.tracking
        movie = result.movie
        self.say("Writing …")
        self._background.start(
            lambda job: write_table(
                table,
                path,
                pixel_size=movie.pixel_size,
                frame_time=movie.frame_time,
                provenance=result.provenance,
            )
        )

    def say(self, text: str, *, error: bool = False) -> None:
        """Show a message below the table."""
        self.message.setText(text)
        self.message.setStyleSheet("color: #e06c5a;" if error else "")

    # -- inside ----------------------------------------------------------------------------

    def _build(self) -> None:
        self.kind = QComboBox()
        self.kind.setToolTip(
            "Which table: a row for every particle in every frame, for every track, every frame."
        )
        self.kind.setMinimumContentsLength(14)
        self.kind.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.only = QLineEdit()
        self.only.setPlaceholderText("all tracks")
        self.only.setToolTip("Show only these tracks, for example 3, 7-9.")
        self.only.setClearButtonEnabled(True)
        self.only.setMaximumWidth(130)
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Copy the selected rows, or all, for a spreadsheet (Ctrl+C).")
        self.export_button = QPushButton("Export …")
        self.export_button.setToolTip("Write the shown rows to CSV or Parquet.")
        top = QHBoxLayout()
        top.addWidget(self.kind, 1)
        top.addWidget(self.only)
        top.addWidget(self.copy_button)
        top.addWidget(self.export_button)
        self.model = TableModel(self)
        self.view = QTableView()
        self.view.setModel(self.model)
        self.view.setSortingEnabled(True)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.horizontalHeader().setResizeContentsPrecision(50)
        self.view.verticalHeader().setDefaultSectionSize(22)
        self.message = QLabel()
        self.message.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(top)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.message)
        self.setMinimumWidth(320)
        self.view.setMinimumHeight(90)

    def _connect(self) -> None:
        self._filtering = QTimer(self)
        self._filtering.setSingleShot(True)
        self._filtering.setInterval(200)
        self._filtering.timeout.connect(self._filter)
        self.kind.currentIndexChanged.connect(self._show_chosen)
        self.only.textChanged.connect(self._filtering.start)
        self.view.selectionModel().currentRowChanged.connect(self._choose)
        self.view.clicked.connect(self._choose)
        self.copy_button.clicked.connect(self.copy)
        self.export_button.clicked.connect(self.export)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), self.view)
        shortcut.setContext(Qt.ShortcutContext.WidgetShortcut)
        shortcut.activated.connect(self.copy)
        self._background.finished.connect(lambda path: self.say(f"Written: {path}"))
        self._background.failed.connect(lambda text: self.say(text, error=True))
        listen(
            self,
            (self.session.selected, self._follow),
            (self.session.tracked, self.refresh),
            (self.session.measured, self.refresh),
            (self.viewer.dims.events.current_step, self._follow_frame),
        )

    def _follow_frame(self, _: Any = None) -> None:
        self._follow()
