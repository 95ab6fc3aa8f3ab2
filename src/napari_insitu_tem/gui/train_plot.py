"""The live plot of a training: loss on the training frames, and on those set aside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_insitu_tem.learning.settings import Report

__all__ = ["LossPlot"]

#: More points than this are thinned out for drawing.
_POINTS = 400


class LossPlot(QWidget):
    """Plots reports; matplotlib is imported with the first one."""

    def __init__(self) -> None:
        super().__init__()
        self._canvas: Any = None
        self._reports: Sequence[Report] = ()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.hide()

    def show_reports(self, reports: Sequence[Report]) -> None:
        """Plot these; nothing hides the plot."""
        self._reports = tuple(reports)
        if reports and self._canvas is None:
            from napari_insitu_tem.gui.plot_canvas import PlotCanvas

            self._canvas = PlotCanvas()
            self._canvas.toolbar.hide()
            self._canvas.canvas.setMinimumSize(220, 190)
            self._layout.addWidget(self._canvas)
        self.setVisible(bool(reports))
        if reports:
            self._canvas.plot(self._draw)

    def _draw(self, axes: Any) -> Any:
        import pandas as pd

        from napari_insitu_tem.figures.style import PALETTE, Drawn

        table = pd.DataFrame([report.to_dict() for report in self._reports])
        step = max(1, len(table) // _POINTS)
        axes.plot(
            table["step"][::step],
            table["train_loss"].rolling(step, min_periods=1).mean()[::step],
            color=PALETTE[0],
            lw=1,
            alpha=0.7,
            label="training",
        )
        judged = table[table["validation_loss"].notna()]
        if len(judged):
            best = judged.loc[judged["validation_loss"].astype(float).idxmin()]
            axes.plot(
                judged["step"],
                judged["validation_loss"].astype(float),
                "o-",
                color=PALETTE[1],
                ms=3.5,
                lw=1.4,
                label="set aside",
            )
            axes.plot(best["step"], best["validation_loss"], "o", mfc="none", mec="black", ms=8)
        axes.set_xlabel("step")
        axes.set_ylabel("loss")
        axes.legend(frameon=False)
        return Drawn(table)
