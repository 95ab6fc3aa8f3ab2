"""A window that shows one frame as several methods leave it, to choose one by a click."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.tasks.denoise.candidates import Candidate

__all__ = ["CompareMethods", "shown_part"]

#: Edge of a picture on the screen, and of the part of the frame that it shows.
_SHOWN, _PART = 256, 256
_COLUMNS = 4
_OUTLIERS = (0.5, 99.5)


class CompareMethods(QDialog):
    """Pictures of one frame beside each other; a click on one chooses its method.

    All show the same part of the frame. Each has its own contrast, as the viewer would give it:
    with the noise gone, there is more room for what is left.

    Parameters
    ----------
    raw : (y, x) array
        The frame as it is.
    found : sequence of Candidate
        The frame as the methods leave it.
    centre : (float, float)
        What the user looks at, px.
    """

    chosen = Signal(object)

    def __init__(
        self,
        raw: np.ndarray,
        found: Sequence[Candidate],
        centre: tuple[float, float],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Compare methods")
        part = shown_part(raw.shape, centre)
        grid = QGridLayout()
        grid.setSpacing(8)
        self.buttons: list[QToolButton] = []
        pictures = [("as it is", None, raw), *((each.name, each, each.frame) for each in found)]
        for number, (name, candidate, frame) in enumerate(pictures):
            grid.addWidget(
                self._picture(name, candidate, frame[part]), number // _COLUMNS, number % _COLUMNS
            )
        inner = QWidget()
        inner.setLayout(grid)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        size = " × ".join(str(side.stop - side.start) for side in part)
        words = QLabel(
            f"{size} px of the frame, where the view is centred. Click a picture to choose its "
            "method; close the window to leave things as they are."
        )
        words.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(words)
        layout.addWidget(scroll)
        columns = min(_COLUMNS, len(pictures))
        rows = -(-len(pictures) // _COLUMNS)
        self.resize(columns * (_SHOWN + 24) + 30, min(rows * (_SHOWN + 56) + 70, 900))

    def _picture(self, name: str, candidate: Candidate | None, frame: np.ndarray) -> QWidget:
        button = QToolButton()
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        pixmap = _pixmap(frame)
        button.setIcon(QIcon(pixmap))
        button.setIconSize(pixmap.size())
        button.setText(name if candidate is None else f"{name}, {_duration(candidate.seconds)}")
        button.setObjectName(f"candidate_{name}")
        button.setAutoRaise(True)
        if candidate is None:
            button.setToolTip("The frame without denoising.")
        else:
            button.setToolTip(f"Choose '{name}'.")
            button.clicked.connect(lambda: self._choose(candidate))
        self.buttons.append(button)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(button)
        return holder

    def _choose(self, candidate: Candidate) -> None:
        self.chosen.emit(candidate)
        self.accept()


def shown_part(shape: tuple[int, ...], centre: tuple[float, float]) -> tuple[slice, slice]:
    """Return the part of a frame around a point, wholly within the frame."""
    rows, columns = (
        slice(start, min(start + _PART, size))
        for size, start in (
            (size, int(np.clip(round(middle - _PART / 2), 0, max(size - _PART, 0))))
            for size, middle in zip(shape, centre, strict=True)
        )
    )
    return rows, columns


def _pixmap(frame: np.ndarray) -> QPixmap:
    low, high = np.percentile(frame, _OUTLIERS)
    grey = np.clip((frame - low) / max(float(high - low), 1e-12), 0, 1)
    pixels = np.ascontiguousarray((255 * grey).astype(np.uint8))
    height, width = pixels.shape
    image = QImage(pixels.data, width, height, width, QImage.Format.Format_Grayscale8).copy()
    return QPixmap.fromImage(image).scaled(
        _SHOWN,
        _SHOWN,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.FastTransformation,
    )


def _duration(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
