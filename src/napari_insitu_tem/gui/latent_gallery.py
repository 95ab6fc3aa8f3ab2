"""LatentGallery: the maps of all latent variables as small multiples; a click chooses one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from qtpy.QtGui import QColor, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QToolTip, QWidget

from napari_insitu_tem.gui.pictures import coloured

__all__ = ["LatentGallery"]

#: Width of a map on the screen, at least; the space below for its name; the space between.
_WIDTH, _NAME, _GAP = 62, 14, 5
_CHOSEN, _TEXT, _FAINT = QColor("#f0e442"), QColor("#d0d4da"), QColor("#7c828c")


class LatentGallery(QWidget):
    """Shows maps side by side, each on its own scale or all on one."""

    #: A latent was clicked.
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("gallery")
        self.setAccessibleName("Maps of all latent variables")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.latents: list[int] = []
        self.current: int | None = None
        self._pictures: list[QImage] = []
        self._largest: list[float] = []
        self._faint: frozenset[int] = frozenset()
        self._ratio = 1.0

    def show_maps(
        self,
        maps: np.ndarray,
        latents: Sequence[int],
        *,
        shared: bool,
        signed: bool,
        faint: frozenset[int] = frozenset(),
    ) -> None:
        """Show maps.

        Parameters
        ----------
        maps : (rows, columns, n) array
            In the order in which they are shown.
        latents : sequence of int
            Their numbers.
        shared : bool
            One scale for all of them, or each its own.
        signed : bool
            Whether values run to both sides of zero.
        faint : frozenset of int
            Latents whose names are dimmed: those that are not active.
        """
        highest = [float(np.abs(maps[..., place]).max(initial=0)) for place in range(len(latents))]
        common = max(highest, default=0.0)
        self.latents, self._faint, self._largest = list(map(int, latents)), faint, highest
        self._ratio = maps.shape[0] / max(1, maps.shape[1])
        self._pictures = []
        for place, own in enumerate(highest):
            high = common if shared else own
            low = -high if signed else 0.0
            self._pictures.append(
                coloured(maps[..., place], low, high, "PiYG" if signed else "inferno")
            )
        self._fit()
        self.update()

    def mark(self, latent: int | None) -> None:
        """Frame the map of a latent."""
        self.current = latent
        self.update()

    def place_of(self, latent: int) -> QPointF:
        """Return the middle of a latent's map in the widget."""
        return self._box(self.latents.index(latent)).center()

    def latent_at(self, point: QPointF) -> int | None:
        """Return the latent whose map lies at a point."""
        for place, latent in enumerate(self.latents):
            if self._box(place).adjusted(0, 0, 0, _NAME).contains(point):
                return latent
        return None

    # -- Qt ----------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return a size that holds all maps."""
        return QSize(3 * (_WIDTH + _GAP), self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Take as many rows as the width asks for."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the maps and their names."""
        painter = QPainter(self)
        font = painter.font()
        font.setPixelSize(11)
        painter.setFont(font)
        for place, (latent, picture) in enumerate(zip(self.latents, self._pictures, strict=True)):
            box = self._box(place)
            painter.drawImage(box, picture)
            painter.setPen(_FAINT if latent in self._faint else _TEXT)
            name = QRectF(box.left(), box.bottom(), box.width(), _NAME)
            painter.drawText(name, Qt.AlignmentFlag.AlignCenter, f"z{latent}")
            if latent == self.current:
                painter.setPen(_CHOSEN)
                painter.drawRect(box.adjusted(-1, -1, 1, 1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose the map under the mouse."""
        latent = self.latent_at(event.position())
        if latent is not None:
            self.mark(latent)
            self.chosen.emit(latent)

    def event(self, event: QEvent) -> bool:
        """Say what a map is, under the mouse."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            latent = self.latent_at(QPointF(event.pos()))
            if latent is not None:
                value = self._largest[self.latents.index(latent)]
                state = "not active" if latent in self._faint else "active"
                text = f"Latent variable {latent} ({state}); largest value {value:.3g}"
                QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    # -- inside ------------------------------------------------------------------------------

    def _across(self) -> int:
        return max(1, (self.width() + _GAP) // (_WIDTH + _GAP))

    def _size(self) -> tuple[float, float]:
        width = (self.width() + _GAP) / self._across() - _GAP
        return width, width * self._ratio

    def _box(self, place: int) -> QRectF:
        row, column = divmod(place, self._across())
        width, height = self._size()
        return QRectF(column * (width + _GAP), row * (height + _NAME + _GAP) + 1, width, height)

    def _fit(self) -> None:
        rows = -(-len(self.latents) // self._across())
        height = round(rows * (self._size()[1] + _NAME + _GAP)) + 2
        if height != self.minimumHeight():
            self.setFixedHeight(max(height, 1))
