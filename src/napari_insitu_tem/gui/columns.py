"""The Columns dock: columns as points to correct by hand, sites over time, events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Layer, Points
from qtpy.QtWidgets import QFileDialog

from napari_insitu_tem.gui.background import Background
from napari_insitu_tem.gui.columns_edit import ColumnEditor
from napari_insitu_tem.gui.columns_tools import ColumnTools
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.saving import ask_where, save_and_tell
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.job import Job
from napari_insitu_tem.tasks.columns import Columns

if TYPE_CHECKING:
    import napari

    from napari_insitu_tem.gui.columns_raster import ColumnCourse

__all__ = ["ColumnsDock"]


class ColumnsDock(TaskPanel):
    """The columns task, by point and click, with hand correction and what happens over time."""

    loads_ahead = ("napari_insitu_tem.gui.columns_raster", "scipy.spatial", "scipy.ndimage")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "columns")
        self.editor: ColumnEditor | None = None
        self.course: ColumnCourse | None = None
        self._following = Background(self)
        self._following.finished.connect(self._followed)
        self._following.failed.connect(lambda text: self.say(text, error=True))
        self._following.ended.connect(lambda: self.tools.again.setEnabled(True))
        self._build_results()
        listen(
            self,
            (self.viewer.dims.events.current_step, self._mark_frame),
            at_end=(self._following.cancel, self._let_go),
        )

    @property
    def found(self) -> Columns | None:
        """The columns with all corrections, or None before the first run."""
        return self.editor.found if self.editor is not None else None

    # -- what the user does ----------------------------------------------------------------

    def show_result(self, result: Columns, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Show the columns as points over the movie, and their course."""
        if self._corrected():
            assert self.editor is not None
            # What was corrected stays, under another name; the new columns get their own layer.
            self.editor.layer.name = f"{self.editor.layer.name} (corrected by hand)"
            self._made.clear()
        self._let_go()
        layers = super().show_result(result, tuples, source)
        points = next(layer for layer in layers if isinstance(layer, Points))
        self.editor = ColumnEditor(points, result)
        self.editor.changed.connect(self._show_changes)
        points.selected_data.events.items_changed.connect(self._selected)
        points.events.mode.connect(self._show_mode)
        points.mouse_drag_callbacks.append(self._clicked)
        self.editor.colour_by(self.tools.colour.currentData())
        self._show_course(result)
        self.tools.show()
        self.tools.note.setText("No corrections by hand.")
        self.tools.undo.setEnabled(False)
        self.say(result.message)
        return layers

    def go_to(self, site: int, frame: int) -> None:
        """Show a frame, and select the column at a site there (0: only the frame)."""
        if self.editor is None:
            return
        layer = self.editor.layer
        if layer not in self.viewer.layers:
            return
        if self.viewer.dims.ndim > 2:
            time = float(layer.translate[0]) + frame * float(layer.scale[0])
            self.viewer.dims.set_point(self.viewer.dims.ndim - 3, time)
        table = self.editor.found.table
        if site and "site" in table:
            own = (table["site"] == site) & (table["frame"] == frame)
            self.viewer.layers.selection.active = layer
            layer.selected_data = set(np.flatnonzero(own.to_numpy()).tolist())

    def follow_again(self) -> None:
        """Find sites, events and counts again from the corrected columns."""
        if self.editor is None or self._following.running:
            return
        found = self.editor.found
        self.tools.again.setEnabled(False)
        self.say("Following the corrected columns …")
        self._following.start(lambda job: _follow(found, job))

    def save(self, path: str | Path) -> list[Path]:
        """Save the shown plot to an SVG or PNG file, with the numbers behind it as CSV.

        Raises
        ------
        ValueError
            When there is nothing to save yet, or the ending is another.
        """
        if self.course is None:
            raise ValueError("There is no plot yet. Run Columns on a movie first.")
        return self.course.save(path)

    def save_tables(self, folder: str | Path) -> list[Path]:
        """Save all tables and plots, with corrections, into a folder; and how they came about.

        Raises
        ------
        ValueError
            When there is nothing to save yet.
        """
        from napari_insitu_tem.io.export import export

        if self.found is None:
            raise ValueError("There are no tables yet. Run Columns first.")
        return export(self.found, folder, video=False, job=Job(on_progress=lambda _: None))

    # -- inside ----------------------------------------------------------------------------

    def _build_results(self) -> None:
        self.tools = ColumnTools()
        self.tools.mode_chosen.connect(self._use)
        self.tools.feature_chosen.connect(self._recolour)
        self.tools.undo_asked.connect(self._take_back)
        self.tools.delete_asked.connect(self._delete)
        self.tools.follow_asked.connect(self.follow_again)
        self.tools.plot_asked.connect(self._ask_and_save)
        self.tools.tables_asked.connect(self._ask_and_save_tables)
        self.tools.hide()
        self.extras.addWidget(self.tools)

    def _let_go(self) -> None:
        if self.editor is None:
            return
        layer = self.editor.layer
        self.editor.let_go()
        layer.selected_data.events.items_changed.disconnect(self._selected)
        layer.events.mode.disconnect(self._show_mode)
        if self._clicked in layer.mouse_drag_callbacks:
            layer.mouse_drag_callbacks.remove(self._clicked)
        self.editor = None

    def _corrected(self) -> bool:
        return (
            self.editor is not None
            and self.editor.corrections.total > 0
            and self.editor.layer in self.viewer.layers
        )

    def _use(self, mode: str) -> None:
        if self.editor is not None and self.editor.layer in self.viewer.layers:
            self.viewer.layers.selection.active = self.editor.layer
            self.editor.layer.mode = mode

    def _show_mode(self, _: Any = None) -> None:
        if self.editor is None:
            return
        self.tools.show_mode(str(self.editor.layer.mode))

    def _delete(self) -> None:
        if self.editor is not None:
            self.editor.layer.remove_selected()

    def _take_back(self) -> None:
        if self.editor is not None:
            self.editor.undo()

    def _recolour(self, feature: str) -> None:
        if self.editor is not None:
            self.editor.colour_by(feature)

    def _show_changes(self) -> None:
        editor = self.editor
        if editor is None:
            return
        self.tools.undo.setEnabled(editor.can_undo)
        words = "No corrections by hand."
        if editor.corrections.total:
            words = f"By hand: {editor.corrections}."
            if editor.found.dynamics is not None:
                words += " Plots and events are from before; press Follow again."
        self.tools.note.setText(words)

    def _show_course(self, found: Columns) -> None:
        if self.course is None:
            from napari_insitu_tem.gui.columns_raster import ColumnCourse

            self.course = ColumnCourse()
            self.course.picked.connect(self.go_to)
            self.extras.addWidget(self.course)
        self.course.show_columns(found)
        self.tools.save.setEnabled(bool(found.drawings()))
        self.tools.again.setEnabled(found.movie.n_frames > 1)

    def _followed(self, outcome: tuple[Columns, str]) -> None:
        found, words = outcome
        if self.editor is None or len(found.table) != len(self.editor.found.table):
            self.say("The columns were changed meanwhile; press Follow again.", error=True)
            return
        self.editor.replace(found)
        self._show_course(found)
        note = f"By hand: {self.editor.corrections}." if self.editor.corrections.total else ""
        self.tools.note.setText(f"{note} Followed again." if note else "Followed again.")
        self.say(words)

    def _frame(self) -> int:
        if self.editor is None or self.viewer.dims.ndim < 3:
            return 0
        layer = self.editor.layer
        time = float(self.viewer.dims.point[-3])
        return round((time - float(layer.translate[0])) / float(layer.scale[0]))

    def _mark_frame(self, _: Any = None) -> None:
        if self.course is not None and self.editor is not None:
            self.course.canvas.mark(self.course.canvas.track, self._frame())

    def _selected(self, _: Any = None) -> None:
        if self.editor is not None and len(self.editor.layer.selected_data) == 1:
            self._highlight(next(iter(self.editor.layer.selected_data)))

    def _clicked(self, layer: Points, event: Any) -> None:
        if str(layer.mode) != "pan_zoom":
            return
        value = layer.get_value(
            event.position,
            view_direction=event.view_direction,
            dims_displayed=event.dims_displayed,
            world=True,
        )
        if value is not None:
            self._highlight(int(value))

    def _highlight(self, row: int) -> None:
        """Mark the site of a point in plot and table."""
        if self.editor is None or self.course is None or row >= len(self.editor.found.table):
            return
        column = self.editor.found.table.iloc[row]
        if "site" in column:
            self.course.mark(int(column["site"]), self._frame())

    def _ask_and_save(self) -> None:
        path = ask_where(self, "Save the plot", "columns.svg")
        if path:
            self._save_and_say(lambda: self.save(path))

    def _ask_and_save_tables(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Save the tables into")
        if folder:
            self._save_and_say(lambda: self.save_tables(folder))

    def _save_and_say(self, save: Callable[[], list[Path]]) -> None:
        words, failed = save_and_tell(save)
        self.say(words, error=failed)


def _follow(found: Columns, job: Job) -> tuple[Columns, str]:
    """Return the columns followed anew, and what was found; runs in the background."""
    from napari_insitu_tem.tasks.columns.following import follow

    course, words = follow(found, job)
    if course is None:
        return found.replace(dynamics=None), words
    return found.replace(table=course.table, dynamics=course), words
