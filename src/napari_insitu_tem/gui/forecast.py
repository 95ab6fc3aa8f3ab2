"""The Forecast dock: learn from a movie, see what it foresees beside what came, and surprise."""

from __future__ import annotations

import dataclasses
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Layer, Shapes
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QPushButton

from napari_insitu_tem.gui.background import plain_words
from napari_insitu_tem.gui.forecast_view import LearningView
from napari_insitu_tem.gui.guides import hide_guide, rectangle_edges, show_guide
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.job import Job
from napari_insitu_tem.tasks.forecast import Forecast

if TYPE_CHECKING:
    import napari

__all__ = ["ForecastDock"]

_POLL_MS = 500
_PLOTS = {
    "ssim": "SSIM, by frames ahead",
    "mse": "MSE, by frames ahead",
    "mae": "MAE, by frames ahead",
    "psnr": "PSNR, by frames ahead",
    "coverage": "What intervals hold",
    "surprise": "Surprise, over time",
}
_FILTERS = "Figure (*.svg);;Picture (*.png)"


class ForecastDock(TaskPanel):
    """The forecast task, by point and click."""

    # Not scipy.stats (nor skimage.metrics, which loads it): it asks torch for its types, and fails
    # while a run is just importing that.
    loads_ahead = ("napari_insitu_tem.gui.plot_canvas",)

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "forecast")
        self.found: Forecast | None = None
        self._canvas: Any = None
        self._shown: Layer | None = None
        self._guide: weakref.ref[Shapes] | None = None
        self._reports: list[Any] = []
        self._seen = 0
        self._build_tools()
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._show_learning)
        self._background.ended.connect(self._stop_watching)
        listen(self, (self.viewer.dims.events.current_step, self._mark))

    # -- what the user does ------------------------------------------------------------------

    def run(self) -> None:
        """Learn and forecast, in the background; or cancel that."""
        if not self._background.running:
            self._reports, self._seen = [], 0
            self._timer.start()
        super().run()
        if not self._background.running:
            self._timer.stop()

    def draw_window(self) -> None:
        """Put a square over the movie that is the window to forecast."""
        layer = self.input_layer()
        if layer is None:
            self.say(f"There is no movie yet: {self._advice()}", error=True)
            return
        height, width = layer.data.shape[-2:]
        edge = min(self.form.value().size, height, width)  # type: ignore[attr-defined]
        low = np.array([(height - edge) / 2, (width - edge) / 2]) - 0.5
        high = low + edge
        corners = np.array([low, (low[0], high[1]), high, (high[0], low[1])])
        earlier = self._guide() if self._guide is not None else None
        guide = show_guide(self.viewer, layer, "rectangle", corners, "forecast window", earlier)
        if guide is not earlier:
            self._guide = weakref.ref(guide)
            guide.events.data.connect(lambda _=None: self._read_guide())
        self._read_guide()
        self.say("Drag the square, or its handles, over what is to be foreseen. Then Run.")

    def start_here(self) -> None:
        """Take the frame that is shown as the present."""
        layer = self.input_layer()
        if layer is None:
            self.say(f"There is no movie yet: {self._advice()}", error=True)
            return
        frame = shown_frame(self.viewer, layer)
        settings = self.form.value()
        self.form.set_value(settings.model_copy(update={"start": frame}))
        self.say(f"The present is frame {frame}. Clear 'Forecast from' to forecast every frame.")

    def save(self, path: str | Path) -> list[Path]:
        """Save the shown plot to an SVG or PNG file, with the numbers behind it as CSV.

        Raises
        ------
        ValueError
            When there is nothing to save yet, or the ending is another.
        """
        from napari_insitu_tem.figures import save_drawing

        if self.found is None:
            raise ValueError("There is no plot yet. Run Forecast first.")
        return save_drawing(self.found.drawings()[self._which.currentData()], path)

    # -- what the panel asks -----------------------------------------------------------------

    def prepared(self, job: Job) -> Job:
        """Return the job, whose reports are kept for the window."""
        return dataclasses.replace(job, on_report=self._reports.append)

    def show_result(self, result: Forecast, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Show forecast, difference and spread in time with the movie, and the plots."""
        for (_, given, _), name in zip(tuples, result.images(), strict=True):
            given |= _appearance(result, name, source)
        layers = super().show_result(result, tuples, source)
        self.found, self._shown = result, layers[0]
        guide = self._guide() if self._guide is not None else None
        if guide is not None and guide in self.viewer.layers:
            hide_guide(guide)
        if self._canvas is None:
            from napari_insitu_tem.gui.plot_canvas import PlotCanvas

            self._canvas = PlotCanvas()
            self._canvas.failed.connect(lambda text: self.say(text, error=True))
            self.extras.insertWidget(self.extras.indexOf(self._which) + 1, self._canvas)
        shown = self._which.currentData()
        self._which.blockSignals(True)
        self._which.clear()
        for name in result.drawings():
            self._which.addItem(_PLOTS.get(name, name), name)
        self._which.setCurrentIndex(max(0, self._which.findData(shown)))
        self._which.blockSignals(False)
        self._which.setVisible(self._which.count() > 0)
        self._save.setVisible(self._which.count() > 0)
        self._plot()
        self.viewer.layers.selection.active = layers[0]
        self._verdict.setText(result.message)
        self._verdict.show()
        self.say("")
        return layers

    # -- inside ------------------------------------------------------------------------------

    def _build_tools(self) -> None:
        row = QHBoxLayout()
        for name, words, tip, action in (
            (
                "draw_window",
                "Draw window",
                "Draw a square over the movie, which alone is learnt from and foreseen.",
                self.draw_window,
            ),
            (
                "start_here",
                "Forecast from this frame",
                "Take the frame that you look at as the present.",
                self.start_here,
            ),
        ):
            button = QPushButton(words)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(action)
            row.addWidget(button)
        self.extras.addLayout(row)
        self.learning = LearningView()
        self._which = QComboBox()
        self._which.setObjectName("which_plot")
        self._which.setToolTip("What to plot.")
        self._which.currentIndexChanged.connect(self._plot)
        self._save = QPushButton("Save the plot …")
        self._save.setObjectName("save_plot")
        self._save.setToolTip("Save the plot as SVG or PNG, and its numbers beside it as CSV.")
        self._save.clicked.connect(self._ask_and_save)
        self._verdict = QLabel()
        self._verdict.setObjectName("verdict")
        self._verdict.setWordWrap(True)
        self.layout().insertWidget(2, self._verdict)
        self._verdict.hide()
        self.extras.addWidget(self.learning)
        for widget in (self._which, self._save):
            widget.hide()
            self.extras.addWidget(widget)

    def _show_learning(self) -> None:
        if len(self._reports) > self._seen:
            self._seen = len(self._reports)
            self.learning.show_reports(list(self._reports))

    def _stop_watching(self) -> None:
        self._timer.stop()
        self._show_learning()

    def _plot(self, _: int = 0) -> None:
        name = self._which.currentData()
        if self._canvas is not None and self.found is not None and name is not None:
            self._canvas.plot(self.found.drawings()[name])
            self._mark()

    def _mark(self, _: Any = None) -> None:
        if self._canvas is not None and self._shown in self.viewer.layers:
            self._canvas.mark(None, shown_frame(self.viewer, self._shown))

    def _read_guide(self) -> None:
        guide = self._guide() if self._guide is not None else None
        layer = self.input_layer()
        if guide is None or layer is None or not guide.visible:
            return
        edges = rectangle_edges(guide, layer)
        if edges is None:
            return
        top, bottom, left, right = edges
        height, width = layer.data.shape[-2:]
        size = max(16, min(height - top - bottom, width - left - right))
        values = {"region": "window", "top": top, "left": left, "size": size}
        self.form.set_value(self.form.value().model_copy(update=values))

    def _ask_and_save(self) -> None:
        name = f"forecast_{self._which.currentData()}.svg"
        path, chosen = QFileDialog.getSaveFileName(self, "Save the plot", name, _FILTERS)
        if not path:
            return
        if not Path(path).suffix:
            path += chosen[chosen.index("*") + 1 : chosen.index(")")]
        try:
            self.save(path)
        except (OSError, ValueError) as error:
            self.say(plain_words(error), error=True)
        else:
            self.say(f"Saved {path}, and its numbers beside it.")


def _appearance(result: Forecast, name: str, source: Layer | None) -> dict[str, Any]:
    """Return how a movie is shown: the forecast as the movie, differences around grey."""
    if name == "forecast":
        limits = source.contrast_limits if isinstance(source, Image) else None
        return {} if limits is None else {"contrast_limits": tuple(limits)}
    if name == "surprise":
        return {"contrast_limits": (0.5, 4.0), "colormap": "inferno", "visible": False}
    errors = result.track["error"] if len(result.track) else None
    size = 3 * float(np.sqrt(np.nanmedian(errors))) if errors is not None else 1.0
    size = size if np.isfinite(size) and size > 0 else 1.0
    if name == "difference":
        return {"contrast_limits": (-size, size), "colormap": "PiYG", "visible": False}
    return {"contrast_limits": (0.0, size), "colormap": "magma", "visible": False}
