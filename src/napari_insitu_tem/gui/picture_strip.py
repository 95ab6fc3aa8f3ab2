"""PictureStrip: small pictures in a row with a word below each; a click chooses one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_insitu_tem.gui.pictures import grey

__all__ = ["PictureStrip"]

_GAP, _NAME = 3, 14
_TEXT, _MARK = QColor("#d0d4da"), QColor("#f0e442")


class PictureStrip(QWidget):
    """Shows square pictures side by side, all on one scale of grey."""

    #: Number of the picture that was clicked.
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.words: list[str] = []
        self.marked: int | None = None
        self._pictures: list[QImage] = []

    def show_pictures(self, pictures: np.ndarray, words: Sequence[str]) -> None:
        """Show pictures (n, y, x) with a word each."""
        low, high = np.percentile(pictures, (0.5, 99.5)) if pictures.size else (0.0, 1.0)
        self._pictures = [grey(picture, float(low), float(high)) for picture in pictures]
        self.words, self.marked = list(words), None
        self._fit()
        self.update()

    def mark(self, number: int | None) -> None:
        """Frame a picture."""
        self.marked = number
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a flat, wide size."""
        return QSize(260, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Keep the pictures square."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the strip."""
        painter = QPainter(self)
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        for number, (picture, word) in enumerate(zip(self._pictures, self.words, strict=True)):
            box = self._box(number)
            painter.drawImage(box, picture)
            painter.setPen(_TEXT)
            name = QRectF(box.left() - _GAP, box.bottom(), box.width() + 2 * _GAP, _NAME)
            painter.drawText(name, Qt.AlignmentFlag.AlignCenter, word)
            if number == self.marked:
                painter.setPen(_MARK)
                painter.drawRect(box.adjusted(0, 0, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose the picture under the mouse."""
        for number in range(len(self._pictures)):
            if self._box(number).contains(event.position()):
                self.chosen.emit(number)

    def _box(self, number: int) -> QRectF:
        edge = (self.width() + _GAP) / max(1, len(self._pictures)) - _GAP
        return QRectF(number * (edge + _GAP), 0, edge, edge)

    def _fit(self) -> None:
        height = round(self._box(0).height()) + _NAME if self._pictures else 1
        if height != self.minimumHeight():
            self.setFixedHeight(height)
