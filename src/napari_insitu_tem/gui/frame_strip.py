"""FrameStrip: all frames in one line, with the corrected and the suspicious ones marked."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

__all__ = ["FrameStrip"]

_BACK, _CORRECTED, _SUSPICIOUS, _SHOWN = (
    QColor(name) for name in ("#50565f", "#5cb85c", "#e8a33d", "#ffffff")
)


class FrameStrip(QWidget):
    """Shows where in time something is; a click goes there.

    Parameters
    ----------
    parent : QWidget, optional
        Qt's.
    good : str
        What the green frames are, said under the mouse.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, good: str = "corrected by hand") -> None:
        super().__init__(parent)
        self.good = good
        self.n_frames, self.shown = 1, 0
        self.corrected: frozenset[int] = frozenset()
        self.suspicious: dict[int, str] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Frames")

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a flat, wide size."""
        return QSize(200, 22)

    def set_frames(
        self, n_frames: int, corrected: Iterable[int], suspicious: dict[int, str]
    ) -> None:
        """Show these marks."""
        self.n_frames = max(1, n_frames)
        self.corrected, self.suspicious = frozenset(corrected), suspicious
        self.update()

    def set_shown(self, frame: int) -> None:
        """Show which frame the viewer shows."""
        self.shown = frame
        self.update()

    def frame_at(self, x: float) -> int:
        """Return the frame drawn at a horizontal position."""
        return int(min(self.n_frames - 1, max(0, x / self.width() * self.n_frames)))

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the strip."""
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_BACK)
        height = self.height()
        painter.drawRoundedRect(QRectF(0, 4, self.width(), height - 8), 3, 3)
        for frames, colour in ((self.suspicious, _SUSPICIOUS), (self.corrected, _CORRECTED)):
            painter.setBrush(colour)
            for frame in frames:
                painter.drawRect(self._place(frame, 4, height - 8, least=3))
        painter.setBrush(_SHOWN)
        painter.drawRect(self._place(self.shown, 0, height, least=2, most=2))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go to the frame that was clicked, or to a mark close by."""
        self.chosen.emit(self._near(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Say what is marked under the mouse."""
        frame = self._near(event.position().x())
        words = [f"Frame {frame}"]
        if frame in self.corrected:
            words.append(self.good)
        if frame in self.suspicious:
            words.append(self.suspicious[frame])
        QToolTip.showText(event.globalPosition().toPoint(), ": ".join(words[:2]), self)

    def _near(self, x: float) -> int:
        frame, reach = self.frame_at(x), 3 / self.width() * self.n_frames
        marks = [
            mark for mark in self.corrected | set(self.suspicious) if abs(mark - frame) <= reach
        ]
        return min(marks, key=lambda mark: abs(mark - frame), default=frame)

    def _place(
        self, frame: int, top: float, height: float, *, least: float, most: float | None = None
    ) -> QRectF:
        width = self.width() / self.n_frames
        shown = max(least, width if most is None else min(width, most))
        return QRectF((frame + 0.5) * width - shown / 2, top, shown, height)
