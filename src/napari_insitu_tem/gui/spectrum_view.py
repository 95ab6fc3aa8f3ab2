"""A power spectrum as a picture, with its peaks marked: painted fast enough to follow a slider."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_insitu_tem.analysis.fourier.pairs import Pair
from napari_insitu_tem.analysis.fourier.spectrum import Spectrum

__all__ = ["SpectrumPicture", "SpectrumView", "picture_of"]

_PEAK = "#ffd640"
_BRIGHTEST = "#5fe06a"
_DECADES = 2.0
_ROOM = 1.8


@dataclass(frozen=True, eq=False)
class SpectrumPicture:
    """What is shown of a spectrum.

    Parameters
    ----------
    grey : (n, n) uint8 array
        The logarithm of the power over the noise, zero frequency in the middle, y downwards.
    highest : float
        Frequency at the edges, cycles per pixel.
    pairs : tuple of Pair
        What to mark, the brightest first.
    names : tuple of str
        What is written beside every pair, if anything.
    """

    grey: np.ndarray
    highest: float
    pairs: tuple[Pair, ...]
    names: tuple[str, ...] = ()


def picture_of(
    spectrum: Spectrum,
    pairs: tuple[Pair, ...],
    *,
    names: tuple[str, ...] = (),
    size: int = 301,
) -> SpectrumPicture:
    """Prepare a spectrum for showing: near enough that its peaks lie well apart."""
    farthest = max((pair.magnitude for pair in pairs), default=0.5 / _ROOM)
    # In steps, so that the view does not breathe with every frame.
    highest = min(0.5, 2.0 ** (np.ceil(2 * np.log2(farthest * _ROOM)) / 2))
    power = spectrum.centred()
    height, width = power.shape
    at = np.linspace(-highest, highest, size)
    rows = np.clip(np.rint(at * height).astype(int) + height // 2, 0, height - 1)
    columns = np.clip(np.rint(at * width).astype(int) + width // 2, 0, width - 1)
    noise = spectrum.noise(np.hypot(at[:, np.newaxis], at))
    shown = np.log10(np.maximum(power[np.ix_(rows, columns)] / noise, 1e-6))
    top = max(float(shown.max()), 1.0)
    grey = np.clip((shown - top + _DECADES + 0.5) / (_DECADES + 0.5), 0, 1)
    return SpectrumPicture((255 * grey).astype(np.uint8), float(highest), tuple(pairs), names)


class SpectrumView(QWidget):
    """Paints a `SpectrumPicture`, square, with a ring around every peak."""

    def __init__(self) -> None:
        super().__init__()
        self.picture: SpectrumPicture | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(220)
        self.setToolTip(
            "The power spectrum of the region in the frame that you look at, over its noise. "
            "Rings: pairs of peaks (green: the brightest)."
        )

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size that suits a dock."""
        return QSize(280, 280)

    def show_picture(self, picture: SpectrumPicture | None) -> None:
        """Show another picture, or none."""
        self.picture = picture
        self.update()

    def place_of(self, frequency: np.ndarray) -> tuple[float, float]:
        """Return where a frequency (y, x) is shown, as x, y in the widget's pixels."""
        area = self._area()
        highest = self.picture.highest if self.picture is not None else 0.5
        return (
            area.center().x() + float(frequency[1]) / highest * area.width() / 2,
            area.center().y() + float(frequency[0]) / highest * area.height() / 2,
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the picture and its rings."""
        painter = QPainter(self)
        area = self._area()
        painter.fillRect(area, QColor("black"))
        if self.picture is None:
            painter.setPen(QColor("#9aa0a6"))
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), "no spectrum yet")
            return
        grey = np.ascontiguousarray(self.picture.grey)
        height, width = grey.shape
        image = QImage(grey.data, width, height, width, QImage.Format.Format_Grayscale8)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(area, image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = area.width() / 28
        for index, pair in enumerate(self.picture.pairs):
            painter.setPen(QPen(QColor(_PEAK if index else _BRIGHTEST), 1.5))
            for sign in (1, -1):
                painter.drawEllipse(QPointF(*self.place_of(sign * pair.frequency)), radius, radius)
            if index < len(self.picture.names):
                x, y = self.place_of(pair.frequency)
                painter.drawText(QPointF(x + 1.2 * radius, y + radius), self.picture.names[index])

    def _area(self) -> QRectF:
        side = float(min(self.width(), self.height()))
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
