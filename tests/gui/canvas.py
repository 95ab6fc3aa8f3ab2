"""Real mouse and keys on the canvas of a napari window, and real clicks in its plots."""

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication


class Canvas:
    """Clicks and drags at (y, x) of a layer's pixels in the frame that is shown."""

    def __init__(self, viewer, layer):
        self.viewer, self.layer = viewer, layer
        (self.widget,) = [
            w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop"
        ]

    def at(self, y, x):
        leading = self.viewer.dims.point[: self.layer.ndim - 2]
        pixel = self.layer.world_to_data((*leading, 0, 0))
        world = np.asarray(self.layer.data_to_world((*pixel[:-2], y, x)))[-2:]
        size = np.array([self.widget.height(), self.widget.width()])
        place = (
            size / 2
            + (world - np.array(self.viewer.scene.camera.center)[-2:])
            * self.viewer.scene.camera.zoom
        )
        return QPointF(float(place[1]), float(place[0]))

    def _send(self, kind, point, button, buttons, modifiers):
        where = QPointF(self.widget.mapToGlobal(point.toPoint()))
        event = QMouseEvent(kind, point, where, button, buttons, modifiers)
        QApplication.sendEvent(self.widget, event)
        QApplication.processEvents()

    def drag(self, *points, modifiers=Qt.KeyboardModifier.NoModifier):
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        first, last = self.at(*points[0]), self.at(*points[-1])
        self._send(QEvent.Type.MouseMove, first, none, none, modifiers)
        self._send(QEvent.Type.MouseButtonPress, first, left, left, modifiers)
        for start, stop in zip(points[:-1], points[1:], strict=True):
            for part in np.linspace(0, 1, 9)[1:]:
                y, x = np.array(start) + part * (np.array(stop) - np.array(start))
                self._send(QEvent.Type.MouseMove, self.at(y, x), none, left, modifiers)
        self._send(QEvent.Type.MouseButtonRelease, last, left, none, modifiers)

    def click(self, y, x, modifiers=Qt.KeyboardModifier.NoModifier):
        self.drag((y, x), modifiers=modifiers)

    def press(self, key, modifiers=Qt.KeyboardModifier.NoModifier):
        self.widget.setFocus()
        QTest.keyClick(self.widget, key, modifiers)
        QApplication.processEvents()


def settle(qtbot, plot):
    """Wait until a `PlotCanvas` shows what it was told to."""
    qtbot.waitUntil(
        lambda: not plot._stale and plot.drawn is not None and plot._background is not None,
        timeout=30_000,
    )


def click_plot(qtbot, plot, x, y):
    """Click in a `PlotCanvas` at data coordinates of its plot."""
    settle(qtbot, plot)
    at = plot._axes.transData.transform((x, y)) / plot.canvas.device_pixel_ratio
    position = QPoint(round(at[0]), round(plot.canvas.height() - at[1]))
    qtbot.mouseClick(plot.canvas, Qt.MouseButton.LeftButton, pos=position)
