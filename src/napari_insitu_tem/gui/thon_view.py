"""Thon rings as a picture: the measured spectrum on the left, the fitted one on the right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget
from scipy import ndimage

from napari_insitu_tem.analysis.fourier.thon import ThonSpectrum
from napari_insitu_tem.analysis.fourier.thon_fit import ThonFit
from napari_insitu_tem.analysis.fourier.thon_model import Optics, oscillation
from napari_insitu_tem.gui.radial_view import Curve, RadialPicture

__all__ = ["ThonView", "curves_of", "picture_of"]

_SIZE = 301
_BLUR = 0.7
_DEPTHS = 1.2  # of the rings, from black to white
_MEASURED, _FITTED = "#9aa0a6", "#ff9a3c"


@dataclass(frozen=True, eq=False)
class ThonPicture:
    """Grey values (n, n) uint8, and whether their right half is a fit."""

    grey: np.ndarray
    fitted: bool


def picture_of(
    spectrum: ThonSpectrum, fit: ThonFit | None, optics: Optics, pixel_size: float
) -> ThonPicture:
    """Return the spectrum over its background; its right half as fitted, where there is a fit."""
    highest = 0.4 if fit is None else float(fit.frequency[-1]) * pixel_size
    at = np.linspace(-highest, highest, _SIZE)
    size = spectrum.size
    places = np.clip(np.rint(at * size).astype(int) + size // 2, 0, size - 1)
    # A touch of blur, without which single frequencies scatter as much as they are high.
    power = ndimage.gaussian_filter(spectrum.centred(), _BLUR, mode="wrap")[np.ix_(places, places)]
    frequency = np.hypot(at[:, np.newaxis], at)
    if fit is None:
        logarithm = np.log(np.maximum(power, 1e-30))
        ring = np.rint(frequency * size).astype(int)
        mean = np.bincount(ring.ravel(), logarithm.ravel()) / np.maximum(
            np.bincount(ring.ravel()), 1
        )
        return ThonPicture(_grey(logarithm - mean[ring], 1.0), fitted=False)
    known = fit.frequency * pixel_size
    over = power / np.interp(frequency, known, fit.background) - 1
    angle = np.arctan2(-at[:, np.newaxis], at)
    wave = oscillation(optics, frequency / pixel_size, fit.lens.along(angle), 1 / size / pixel_size)
    shown = np.where(at > 0, np.interp(frequency, known, fit.depth) * wave, over)
    # Rings fade outwards; each frequency gets the contrast of its own.
    depth = np.maximum(np.interp(frequency, known, fit.depth), 0.4 * fit.depth.max())
    grey = _grey(shown / depth, _DEPTHS)
    grey[frequency < known[0]] = 0
    return ThonPicture(grey, fitted=True)


def curves_of(fit: ThonFit) -> RadialPicture:
    """Return measured and fitted rings along curves of equal phase."""
    curves = Curve(fit.measured, _MEASURED, "measured"), Curve(fit.fitted, _FITTED, "fitted")
    return RadialPicture(fit.frequency, curves, "nm", title="over background:")


def _grey(values: np.ndarray, half: float) -> np.ndarray:
    return np.asarray(255 * np.clip(0.5 + values / (2 * half), 0, 1), np.uint8)


class ThonView(QWidget):
    """Paints a `ThonPicture`, square, with words over its halves."""

    def __init__(self) -> None:
        super().__init__()
        self.picture: ThonPicture | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumHeight(220)
        self.setToolTip(
            "The power spectrum of the film around the frame that you look at, over its "
            "background: left as measured, right as fitted. Rings that go on across the middle "
            "fit."
        )

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a size that suits a dock."""
        return QSize(280, 280)

    def show_picture(self, picture: ThonPicture | None) -> None:
        """Show another picture, or none."""
        self.picture = picture
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the picture."""
        painter = QPainter(self)
        side = float(min(self.width(), self.height()))
        area = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
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
        if not self.picture.fitted:
            return
        painter.setPen(QPen(QColor(_FITTED), 1))
        painter.drawLine(
            QPointF(area.center().x(), area.top()), QPointF(area.center().x(), area.bottom())
        )
        for text, left in (("measured", area.left()), ("fitted", area.center().x())):
            box = QRectF(left + 4, area.top() + 4, 66, 16)
            painter.fillRect(box, QColor(0, 0, 0, 170))
            painter.setPen(QColor(_FITTED if text == "fitted" else "white"))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)
