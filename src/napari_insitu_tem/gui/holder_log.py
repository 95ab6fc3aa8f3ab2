"""The Holder log dock: a log's file, how it is aligned, its plot, and its values on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from qtpy.QtWidgets import QCheckBox, QLabel

from napari_insitu_tem.gui.background import Background
from napari_insitu_tem.gui.frame_readout import readout_of
from napari_insitu_tem.gui.layers import KEY, movie_from_layer
from napari_insitu_tem.gui.log_plot import LogPlot
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.io.holder_logs import HolderLog, read_holder_log
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.holder_log import frame_log_times

if TYPE_CHECKING:
    import napari

__all__ = ["HolderLogDock"]


class HolderLogDock(TaskPanel):
    """The holder_log task, by point and click.

    The log becomes part of the movie's own layer, since the frames stay as they are.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "holder_log")
        self._log: HolderLog | None = None
        self._read_path: str | None = None
        self._reader = Background(self)
        self._reader.finished.connect(self._show_log)
        self._reader.failed.connect(self._not_read)
        self._about = QLabel()
        self._about.setWordWrap(True)
        self._about.setObjectName("about")
        self._about.hide()
        self.plot = LogPlot()
        self._readout = readout_of(self.viewer)
        self._on_canvas = QCheckBox("Show the value of the frame on the canvas")
        self._on_canvas.setObjectName("on_canvas")
        self._on_canvas.setChecked(self._readout.on)
        self._on_canvas.toggled.connect(self._readout.switch)
        for widget in (self._about, self.plot, self._on_canvas):
            self.extras.addWidget(widget)
        self.plot.column.currentIndexChanged.connect(self._choose_column)
        self.form.changed.connect(self._follow_form)
        self._chooser.changed.connect(self._place)
        event, follow, reader = self.viewer.dims.events.current_step, self._mark, self._reader
        event.connect(follow)

        def let_go() -> None:
            event.disconnect(follow)
            reader.cancel()

        self.destroyed.connect(let_go)

    def show_result(self, result: Movie, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Give the log to the movie's layer, and show it on the canvas."""
        if source is None or source not in self.viewer.layers:
            return super().show_result(result, tuples, source)
        source.metadata = {**source.metadata, KEY: result}
        self._on_canvas.setChecked(True)
        self._choose_column()
        return [source]

    # -- inside ----------------------------------------------------------------------------

    def _follow_form(self) -> None:
        path = self._chosen_path()
        if path != self._read_path and not self._reader.running:
            self._read_path = path
            if path is None:
                self._show_log((path, None))
            else:
                self._about.setText("Reading …")
                self._about.show()
                self._reader.start(lambda job: (path, read_holder_log(path)))
        self._place()

    def _chosen_path(self) -> str | None:
        try:
            path = self.form.value().path
        except ValueError:
            return self._read_path
        return None if path is None else str(path)

    def _show_log(self, read: tuple[str | None, HolderLog | None]) -> None:
        path, self._log = read
        self._about.setText(
            "" if self._log is None else " ".join([self._log.describe(), *self._log.notes])
        )
        self._about.setVisible(self._log is not None)
        self.plot.show_log(self._log)
        self._choose_column()
        self._place()

    def _not_read(self, text: str) -> None:
        self._show_log((None, None))
        self.say(text, error=True)

    def _place(self, *_: Any) -> None:
        """Mark in the plot where the movie lies, if that is known yet."""
        if self._log is None:
            return
        times, layer = None, self.input_layer()
        if layer is not None:
            try:
                times = frame_log_times(movie_from_layer(layer), self._log, self.form.value())
            except ValueError:
                times = None  # Run says what is missing
        self.plot.show_frames(times)
        self._mark()

    def _mark(self, _: Any = None) -> None:
        layer = self.input_layer()
        if self._log is not None and layer is not None:
            self.plot.show_frame(shown_frame(self.viewer, layer))

    def _choose_column(self, _: Any = None) -> None:
        self._readout.column = self.plot.column.currentData()
        self._readout.update()
