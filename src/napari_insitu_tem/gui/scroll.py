"""Column: scrolls up and down, and is never narrower than what it holds."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

__all__ = ["Column"]


class Column(QScrollArea):
    """Scrolls a widget vertically only, and leaves room for the bar beside it.

    Parameters
    ----------
    inner : QWidget
        What it holds; where that comes to need more room, the column grows with it.
    """

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(inner)
        inner.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Look at the width that is needed whenever the layout changes."""
        changed = event is not None and event.type() == QEvent.Type.LayoutRequest
        inner, bar = self.widget(), self.verticalScrollBar()
        if changed and inner is not None and bar is not None and watched is inner:
            self.setMinimumWidth(inner.minimumSizeHint().width() + bar.sizeHint().width())
        return bool(super().eventFilter(watched, event))
