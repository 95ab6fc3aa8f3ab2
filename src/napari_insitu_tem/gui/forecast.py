"""The Forecast dock: learn from a movie, see what it foresees beside what came, and surprise."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton

from napari_insitu_tem.gui.drawn_rectangle import DrawnRectangle
from napari_insitu_tem.gui.forecast_view import LearningView
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.result_plots import ResultPlots
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


class ForecastDock(TaskPanel):
    """The forecast task, by point and click."""

    # Not scipy.stats (nor skimage.metrics, which loads it): it asks torch for its types, and fails
    # while a run is just importing that.
    loads_ahead = ("napari_insitu_tem.gui.plot_canvas",)

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "forecast")
        self.found: Forecast | None = None
        self._shown: Layer | None = None
        self.drawn_window = DrawnRectangle(self.viewer, "forecast window", self._read_window)
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
        self.drawn_window.show(layer, low, low + edge)
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
        self.drawn_window.hide()
        self.plots.show_drawings(result.drawings())
        self._mark()
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
        self._verdict = QLabel()
        self._verdict.setObjectName("verdict")
        self._verdict.setWordWrap(True)
        self.layout().insertWidget(2, self._verdict)
        self._verdict.hide()
        self.extras.addWidget(self.learning)
        self.plots = ResultPlots("Run Forecast first.", _PLOTS, prefix="forecast_")
        self.plots.said.connect(lambda text, error: self.say(text, error=error))
        self.extras.addWidget(self.plots)

    def _show_learning(self) -> None:
        if len(self._reports) > self._seen:
            self._seen = len(self._reports)
            self.learning.show_reports(list(self._reports))

    def _stop_watching(self) -> None:
        self._timer.stop()
        self._show_learning()

    def _mark(self, _: Any = None) -> None:
        if self._shown in self.viewer.layers:
            self.plots.mark(None, shown_frame(self.viewer, self._shown))

    def _read_window(self) -> None:
        layer = self.input_layer()
        box = self.drawn_window.box(layer) if layer is not None else None
        if box is None:
            return
        size = max(16, min(box.height, box.width))
        values = {"region": "window", "top": box.top, "left": box.left, "size": size}
        self.form.set_value(self.form.value().model_copy(update=values))


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
