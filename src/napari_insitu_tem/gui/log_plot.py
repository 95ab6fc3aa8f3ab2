"""A small plot of a holder's log: one quantity, the movie's span, the shown frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from napari_insitu_tem.io.holder_logs import HolderLog
from napari_insitu_tem.io.readings import quantity_words

__all__ = ["LogPlot"]

#: More points than this are thinned out for drawing.
_POINTS = 4000


class LogPlot(QWidget):
    """Plots a log; matplotlib is imported with the first one."""

    def __init__(self) -> None:
        super().__init__()
        self._log: HolderLog | None = None
        self._frames: np.ndarray | None = None
        self._canvas: Any = None
        self.column = QComboBox()
        self.column.setToolTip("What to plot of the log, and to show on the canvas.")
        self.column.currentIndexChanged.connect(self._replot)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self.column)
        self.hide()

    def show_log(self, log: HolderLog | None) -> None:
        """Plot a log, its temperature if it has one; None hides the plot."""
        self._log, self._frames = log, None
        if log is not None:
            self._make_canvas()
            before = self.column.currentData()
            self.column.blockSignals(True)
            self.column.clear()
            for name in log.quantities:
                self.column.addItem(quantity_words(name), name)
            for wanted in (before, "temperature_C", "temperature_K"):
                if wanted in log.quantities:
                    self.column.setCurrentIndex(log.quantities.index(wanted))
                    break
            self.column.blockSignals(False)
            self._replot()
        self.setVisible(log is not None)

    def show_frames(self, times: np.ndarray | None) -> None:
        """Mark when the movie's frames were taken, in seconds of the log; None: not known."""
        same = times is self._frames or (
            times is not None and self._frames is not None and np.array_equal(times, self._frames)
        )
        if not same:
            self._frames = times
            self._replot()

    def show_frame(self, index: int) -> None:
        """Mark the shown frame."""
        if self._canvas is not None:
            self._canvas.mark(None, index)

    def _make_canvas(self) -> None:
        if self._canvas is None:
            from napari_insitu_tem.gui.plot_canvas import PlotCanvas

            self._canvas = PlotCanvas()
            self._canvas.setMinimumHeight(210)
            self._layout.addWidget(self._canvas)

    def _replot(self, _: Any = None) -> None:
        if self._canvas is not None:
            self._canvas.plot(self._draw if self._log is not None else None)

    def _draw(self, axes: Any) -> Any:
        from napari_insitu_tem.figures import Drawn

        log, name, frames = self._log, self.column.currentData(), self._frames
        if log is None or name is None:
            raise ValueError("There is no log to plot.")
        table = log.table[["time_s", name]]
        step = max(1, len(table) // _POINTS)
        axes.plot(table["time_s"][::step], table[name][::step], color="#0072B2", lw=1)
        axes.set_xlabel("time in the log (s)")
        axes.set_ylabel(quantity_words(name))
        if frames is not None and len(frames):
            axes.axvspan(frames[0], frames[-1], color="#D55E00", alpha=0.3, lw=0)
            first, last = log.span
            # A short movie in a long log shows only when zoomed in on.
            if (
                frames[0] <= last
                and frames[-1] >= first
                and frames[-1] - frames[0] < (last - first) / 50
            ):
                half = 5 * max(frames[-1] - frames[0], (last - first) / 1000)
                middle = (frames[0] + frames[-1]) / 2
                near = table[table["time_s"].between(middle - half, middle + half)]
                axes.set_xlim(middle - half, middle + half)
                if len(near) and near[name].notna().any():
                    low, high = near[name].min(), near[name].max()
                    margin = 0.08 * (high - low) or 1.0
                    axes.set_ylim(low - margin, high + margin)
        return Drawn(table, frame_x=frames)
