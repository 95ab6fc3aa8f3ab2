"""What is seen of a forecaster that learns: its loss, and an example that gets better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_insitu_tem.gui.train_plot import LossPlot
from napari_insitu_tem.learning.settings import Report

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent

    from napari_insitu_tem.learning.forecast_training import Example

__all__ = ["ExampleStrip", "LearningView", "strip_of"]

_GAP = 2  # px between the frames of a strip
_PAPER = 255


class LearningView(QWidget):
    """Loss and example, filled in by `show_reports`.

    The thread that learns only appends to a list; this is called by a timer of the window.
    """

    def __init__(self) -> None:
        super().__init__()
        self.plot, self.strip = LossPlot(), ExampleStrip()
        self.plot.setObjectName("loss")
        self.strip.setObjectName("example")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        layout.addWidget(self.strip)
        self.hide()

    def show_reports(self, reports: list[Any]) -> None:
        """Show all reports of a training so far, and its latest example."""
        known = [report for report in reports if isinstance(report, Report)]
        examples = [report for report in reports if not isinstance(report, Report)]
        self.plot.show_reports(known)
        if examples:
            self.strip.show_example(examples[-1])
        self.setVisible(bool(reports))


class ExampleStrip(QLabel):
    """What was given and came above what is foreseen, as wide as the dock."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setToolTip(
            "A clip that was set aside. Above: the frames that are given, then what came. Below: "
            "what the network foresees at this stage."
        )
        self._picture: QPixmap | None = None

    def show_example(self, example: Example) -> None:
        """Show an example."""
        grey = strip_of(example.given, example.came, example.foreseen)
        height, width = grey.shape
        image = QImage(grey.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
        self._picture = QPixmap.fromImage(image.copy())
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Fit the picture to the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._picture is not None and self.width() > 1:
            mode = Qt.TransformationMode.SmoothTransformation
            shown = self._picture.scaledToWidth(self.width(), mode)
            self.setFixedHeight(shown.height())
            self.setPixmap(shown)


def strip_of(given: np.ndarray, came: np.ndarray, foreseen: np.ndarray) -> np.ndarray:
    """Return a picture (y, x) uint8 of two rows: given and came, and below it foreseen."""
    low, high = np.percentile(np.concatenate([given, came]), (0.5, 99.5))
    width = max(float(high - low), 1e-12)

    def grey(frame: np.ndarray) -> np.ndarray:
        shown = np.clip((frame - low) / width, 0, 1) * 255
        return np.pad(shown.astype(np.uint8), _GAP // 2, constant_values=_PAPER)

    empty = np.full_like(grey(given[0]), _PAPER)
    above = [grey(frame) for frame in (*given, *came)]
    below = [empty] * len(given) + [grey(frame) for frame in foreseen]
    rows = [np.concatenate(row, axis=1) for row in (above, below)]
    return np.ascontiguousarray(np.concatenate(rows))
