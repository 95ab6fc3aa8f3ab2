"""A radially averaged power spectrum as a curve over spacings, painted fast enough for a slider."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

__all__ = ["Curve", "RadialPicture", "RadialView", "spacing_ticks"]

_AXIS = "#9aa0a6"
_MARK = "#ffd640"
_LEFT, _RIGHT, _TOP, _BOTTOM = 8.0, 8.0, 30.0, 34.0
_CROWDED = 34.0  # px between labels


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve: values (n,) at the picture's frequencies, a colour, a name."""

    values: np.ndarray
    colour: str
    name: str


@dataclass(frozen=True, eq=False)
class RadialPicture:
    """What is shown.

    Parameters
    ----------
    frequency : (n,) array
        Cycles per unit of length, growing.
    curves : tuple of Curve
        What is drawn, the first behind the others.
    unit : str
        Of length: ``"nm"`` or ``"px"``.
    marks : tuple of (float, str)
        Frequencies with a label each.
    title : str
        What the values are.
    """

    frequency: np.ndarray
    curves: tuple[Curve, ...]
    unit: str
    marks: tuple[tuple[float, str], ...] = ()
    title: str = ""


def spacing_ticks(lowest: float, highest: float) -> list[float]:
    """Return round spacings (1, 1.5, 2, 3, 5, 7 times a power of ten) between two frequencies."""
    decades = range(int(np.floor(np.log10(1 / highest))), int(np.ceil(np.log10(1 / lowest))) + 1)
    values = [step * 10.0**decade for decade in decades for step in (1, 1.5, 2, 3, 5, 7)]
    return sorted(value for value in values if lowest <= 1 / value <= highest)


class RadialView(QWidget):
    """Paints a `RadialPicture`: evenly in frequency, its axis labelled with spacings."""

    def __init__(self) -> None:
        super().__init__()
        self.picture: RadialPicture | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(150)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size that suits a dock."""
        return QSize(280, 170)

    def show_picture(self, picture: RadialPicture | None) -> None:
        """Show another picture, or none."""
        self.picture = picture
        self.update()

    def x_of(self, frequency: float) -> float:
        """Return where a frequency is shown, in the widget's pixels."""
        area = self._area()
        assert self.picture is not None
        low, high = self.picture.frequency[0], self.picture.frequency[-1]
        return float(area.left() + (frequency - low) / (high - low) * area.width())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint curves, axis and labels."""
        painter = QPainter(self)
        painter.fillRect(QRectF(self.rect()), QColor("black"))
        painter.setFont(_small(painter.font()))
        painter.setPen(QColor(_AXIS))
        picture = self.picture
        if picture is None or len(picture.frequency) < 2:
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), "no spectrum yet")
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axis(painter, picture)
        values = np.concatenate([curve.values for curve in picture.curves])
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        area = self._area()
        place = [self.x_of(float(each)) for each in picture.frequency]
        for curve in picture.curves:
            up = (curve.values - low) / max(high - low, 1e-12)
            points = [
                QPointF(x, area.bottom() - y * area.height())
                for x, y in zip(place, up.tolist(), strict=True)
            ]
            painter.setPen(QPen(QColor(curve.colour), 1.5))
            painter.drawPolyline(QPolygonF(points))
        self._paint_names(painter, picture)
        self._paint_marks(painter, picture)

    def _paint_axis(self, painter: QPainter, picture: RadialPicture) -> None:
        area = self._area()
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        last = self.width() + _CROWDED
        ends = float(picture.frequency[0]), float(picture.frequency[-1])
        for spacing in spacing_ticks(max(ends[0], 1e-6 * ends[1]), ends[1]):
            x = self.x_of(1 / spacing)
            if last - x < _CROWDED:
                continue
            last = x
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
            box = QRectF(x - 30, area.bottom() + 3, 60, 14)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), f"{spacing:g}")
        box = QRectF(area.left(), area.bottom() + 17, area.width(), 15)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), f"spacing ({picture.unit})")

    def _paint_names(self, painter: QPainter, picture: RadialPicture) -> None:
        painter.setPen(QColor(_AXIS))
        x = _LEFT
        for text, colour in [(picture.title, _AXIS)] + [(c.name, c.colour) for c in picture.curves]:
            if text:
                painter.setPen(QColor(colour))
                painter.drawText(QPointF(x, 13.0), text)
                x += painter.fontMetrics().horizontalAdvance(text) + 10

    def _paint_marks(self, painter: QPainter, picture: RadialPicture) -> None:
        area = self._area()
        taken: list[QRectF] = []
        for frequency, label in picture.marks:
            if not picture.frequency[0] <= frequency <= picture.frequency[-1]:
                continue
            x = self.x_of(frequency)
            painter.setPen(QPen(QColor(_MARK), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            width = painter.fontMetrics().horizontalAdvance(label) + 4.0
            # Centred over the line, or beside it where a neighbour takes that place.
            for left in (x - width / 2, x - 4, x + 4 - width):
                left = min(max(left, 0.0), self.width() - width)
                box = QRectF(left, area.top() - 14, width, 13)
                if not any(box.intersects(other) for other in taken):
                    taken.append(box)
                    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), label)
                    break

    def _area(self) -> QRectF:
        return QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)


def _small(font: QFont) -> QFont:
    font.setPixelSize(11)
    return font
