"""All shortcuts of the plugin in one place, and the dock that shows them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

__all__ = ["Shortcut", "ShortcutsDock", "all_shortcuts"]

#: Heading, and the module whose ``SHORTCUTS`` stand under it.
_TABLES = (("Correct by hand", "napari_insitu_tem.gui.correct_tools"),)


@dataclass(frozen=True)
class Shortcut:
    """A key (or click) and what it does; keys as napari writes them, ``"Shift-S"``."""

    keys: str
    title: str
    description: str = ""


#: What napari itself binds and one uses beside the plugin's own.
_NAPARI = (
    Shortcut("2", "Paint", "Paint with the number chosen in the layer's controls."),
    Shortcut("1", "Erase", "Erase with the brush."),
    Shortcut("4", "Fill", "Give the particle clicked on another number."),
    Shortcut("5", "Pick", "Choose the number of the particle clicked on."),
    Shortcut("M", "New number", "Choose a number that is not used yet."),
    Shortcut("[ ]", "Brush size", "Smaller and larger."),
    Shortcut("Left Right", "Frame by frame", "Go one frame back or on."),
    Shortcut("Space", "Hold to move", "Move the view while a tool is chosen."),
    Shortcut("V", "Show or hide", "The selected layer."),
)


def all_shortcuts() -> list[tuple[str, tuple[Shortcut, ...]]]:
    """Return every heading with its shortcuts."""
    own = [(title, importlib.import_module(name).SHORTCUTS) for title, name in _TABLES]
    return [*own, ("napari, on a masks layer", _NAPARI)]


def shown_keys(keys: str) -> str:
    """Return keys as this system writes them."""
    if "click" in keys or " " in keys:
        return keys.replace("-", "+")
    text = QKeySequence(keys.replace("-", "+").replace("Control", "Ctrl"))
    return text.toString(QKeySequence.SequenceFormat.NativeText) or keys


class ShortcutsDock(QWidget):
    """A table of all shortcuts that can be searched."""

    def __init__(self, viewer: Any = None) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        hint = QLabel("Keys work while the mouse is on the canvas.")
        hint.setWordWrap(True)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search …")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.tree = QTreeWidget()
        self.tree.setColumnCount(3)
        self.tree.setHeaderLabels(["Keys", "What", ""])
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.tree.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.tree.setRootIsDecorated(False)
        self.tree.setWordWrap(True)
        for heading, shortcuts in all_shortcuts():
            top = QTreeWidgetItem(self.tree, [heading])
            font = top.font(0)
            font.setBold(True)
            top.setFont(0, font)
            top.setFirstColumnSpanned(True)
            for shortcut in shortcuts:
                words = [shown_keys(shortcut.keys), shortcut.title, shortcut.description]
                item = QTreeWidgetItem(top, words)
                item.setToolTip(2, shortcut.description)
            top.setExpanded(True)
        header = self.tree.header()
        for column in (0, 1):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        layout.addWidget(hint)
        layout.addWidget(self.search)
        layout.addWidget(self.tree)
        self.setMinimumWidth(300)

    def _filter(self, text: str) -> None:
        wanted = text.strip().lower()
        for row in range(self.tree.topLevelItemCount()):
            top = self.tree.topLevelItem(row)
            shown = 0
            for index in range(top.childCount()):
                item = top.child(index)
                words = " ".join(item.text(column) for column in range(3)).lower()
                item.setHidden(wanted not in words)
                shown += wanted in words
            top.setHidden(not shown)
