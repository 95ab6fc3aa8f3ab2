"""The live plot of a training: loss on the training frames, and on those set aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_insitu_tem.learning.settings import Report

__all__ = ["LossPlot"]

#: More points than this are thinned out for drawing.
_POINTS = 300
_HEIGHT = 210


class LossPlot(QWidget):
    """Plots reports; matplotlib is imported with the first one.

    The curves are moved instead of drawn anew, which takes half the time: it happens
    while a network trains, and the window shall answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._canvas: Any = None
        self._axes: Any = None
        self._curves: dict[str, Any] = {}
        self._named = 0
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.hide()

    def show_reports(self, reports: Sequence[Report]) -> None:
        """Plot these; nothing hides the plot."""
        if reports:
            if self._canvas is None:
                self._make()
            self._move(reports)
        self.setVisible(bool(reports))

    def curve(self, name: str) -> np.ndarray:
        """Return the points (n, 2) of a curve: ``training``, ``set aside`` or ``best``."""
        if not self._curves:
            return np.empty((0, 2))
        return np.asarray(self._curves[name].get_xydata())

    # -- inside ----------------------------------------------------------------------------

    def _make(self) -> None:
        import matplotlib
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
        from matplotlib.figure import Figure

        from napari_insitu_tem.figures.style import PALETTE, RC

        with matplotlib.rc_context(RC):
            figure = Figure(facecolor="white")
            self._canvas = FigureCanvasQTAgg(figure)
            axes = self._axes = figure.add_subplot()
            styles = {
                "training": {"color": PALETTE[0], "lw": 1, "alpha": 0.7},
                "set aside": {"color": PALETTE[1], "lw": 1.4, "marker": "o", "ms": 3.5},
                "best": {"color": "black", "ls": "", "marker": "o", "ms": 8, "mfc": "none"},
            }
            self._curves = {
                name: axes.plot([], [], label=name, **style)[0] for name, style in styles.items()
            }
            axes.set_xlabel("step")
            axes.set_ylabel("loss", labelpad=2)
            axes.margins(0.03, 0.06)
        figure.subplots_adjust(0.22, 0.21, 0.97, 0.97)
        self._canvas.setMinimumSize(220, _HEIGHT)
        self._layout.addWidget(self._canvas)

    def _move(self, reports: Sequence[Report]) -> None:
        every = -(-len(reports) // _POINTS)
        losses = np.array([report.train_loss for report in reports])
        steps = np.array([report.step for report in reports])
        starts = np.arange(0, len(reports), every)
        counts = np.diff(np.append(starts, len(reports)))
        self._curves["training"].set_data(
            np.add.reduceat(steps, starts) / counts, np.add.reduceat(losses, starts) / counts
        )
        judged = [
            (report.step, report.validation_loss)
            for report in reports
            if report.validation_loss is not None
        ]
        points = np.array(judged, float).reshape(-1, 2)
        self._curves["set aside"].set_data(points[:, 0], points[:, 1])
        best = points[[points[:, 1].argmin()]] if len(points) else points
        self._curves["best"].set_data(best[:, 0], best[:, 1])
        shown = [curve for curve in self._curves.values() if len(curve.get_xdata())]
        if self._axes.get_legend() is None or len(shown) != self._named:
            self._named = len(shown)  # only what there is, since not every training is judged
            self._axes.legend(handles=shown, frameon=False, loc="upper right")
        self._axes.relim()
        self._axes.autoscale_view()
        self._canvas.draw_idle()
