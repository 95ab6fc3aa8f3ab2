"""Which of a file's movies to open: a list to choose from."""

from __future__ import annotations

from collections.abc import Sequence

from napari.qt import get_current_stylesheet
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_insitu_tem.io.signal import SignalInfo

__all__ = ["SignalDialog"]


class SignalDialog(QDialog):
    """Lists the signals of a file; those that are no movie are shown with the reason.

    Parameters
    ----------
    signals : sequence of SignalInfo
        All that the file holds, in its order.
    title : str
        The file's name.
    parent : QWidget, optional
        The window it belongs to.
    """

    def __init__(
        self, signals: Sequence[SignalInfo], title: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Open {title}")
        self.setMinimumWidth(460)
        self._list = QListWidget()
        self._list.setWordWrap(True)
        self._list.setSpacing(3)
        self._list.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        for number, signal in enumerate(signals):
            self._list.addItem(self._item(number, signal))
        buttons = QDialogButtonBox()
        self._open = buttons.addButton("Open selected", QDialogButtonBox.ButtonRole.AcceptRole)
        self._all = buttons.addButton("Open all", QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._all.clicked.connect(self._accept_all)
        self._list.itemDoubleClicked.connect(lambda item: self.accept())
        self._list.itemSelectionChanged.connect(self._follow_selection)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(f"'{title}' holds several images or movies. Which ones?"))
        layout.addWidget(self._list)
        layout.addWidget(buttons)
        self._select_first()

    def chosen(self) -> list[int]:
        """Return the numbers of the selected signals."""
        return sorted(item.data(Qt.ItemDataRole.UserRole) for item in self._list.selectedItems())

    @classmethod
    def ask(cls, signals: Sequence[SignalInfo], title: str) -> list[int]:
        """Show the dialog and return the chosen numbers; nothing when it was cancelled."""
        from qtpy.QtWidgets import QApplication

        dialog = cls(signals, title, QApplication.activeWindow())
        dialog.setStyleSheet(get_current_stylesheet())
        return dialog.chosen() if dialog.exec() else []

    @staticmethod
    def _item(number: int, signal: SignalInfo) -> QListWidgetItem:
        size = f", {signal.pixel_size:.4g} nm per pixel" if signal.pixel_size else ""
        step = f", {signal.frame_time:.4g} s per frame" if signal.frame_time else ""
        name = signal.name or f"signal {number + 1}"
        item = QListWidgetItem(f"{name}\n{signal.summary}{size}{step}")
        item.setData(Qt.ItemDataRole.UserRole, number)
        if not signal.is_movie:
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        return item

    def _usable(self) -> list[QListWidgetItem]:
        items = (self._list.item(row) for row in range(self._list.count()))
        return [item for item in items if item.flags() & Qt.ItemFlag.ItemIsSelectable]

    def _select_first(self) -> None:
        for item in self._usable()[:1]:
            item.setSelected(True)

    def _accept_all(self) -> None:
        for item in self._usable():
            item.setSelected(True)
        self.accept()

    def _follow_selection(self) -> None:
        self._open.setEnabled(bool(self._list.selectedItems()))
