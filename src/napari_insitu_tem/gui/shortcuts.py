"""All shortcuts of the plugin in one place, and the dock that shows them."""

from __future__ import annotations

import html
import importlib
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QLabel, QLineEdit, QTextBrowser, QVBoxLayout, QWidget

__all__ = ["Shortcut", "ShortcutsDock", "all_shortcuts", "bind_keys"]

Dock = TypeVar("Dock", bound=QWidget)

#: Heading, and the module whose ``SHORTCUTS`` stand under it.
_TABLES = (
    ("Correct by hand", "napari_insitu_tem.gui.correct_tools"),
    ("Separate layers", "napari_insitu_tem.gui.separate_moves"),
)


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


def bind_keys(
    viewer: Any, dock: Dock, actions: dict[str, Callable[[Dock], None]]
) -> Callable[[], None]:
    """Bind keys of a viewer for as long as a dock is in its window.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose keys.
    dock : QWidget
        Given to the actions. It is held weakly, and not used once napari took it out.
    actions : dict of callable
        Keys, as napari writes them, to what they do.

    Returns
    -------
    callable
        Unbinds them, except what was bound anew meanwhile.
    """
    reference = weakref.ref(dock)

    def make(action: Callable[[Dock], None]) -> Callable[[Any], None]:
        def press(_: Any) -> None:
            owner = reference()
            if owner is not None and owner.window() is not owner:
                action(owner)

        return press

    bound = {key: make(action) for key, action in actions.items()}
    for key, function in bound.items():
        viewer.bind_key(key, function, overwrite=True)

    def unbind() -> None:
        for key, function in bound.items():
            current = viewer.bind_key(key, None, overwrite=True)
            if current is not None and current is not function:
                viewer.bind_key(key, current, overwrite=True)

    return unbind


class ShortcutsDock(QWidget):
    """A list of all shortcuts that can be searched."""

    def __init__(self, viewer: Any = None) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        hint = QLabel("Keys go to the canvas: click it once if they do not work.")
        hint.setWordWrap(True)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search …")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._show)
        self.list = QTextBrowser()
        layout.addWidget(hint)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        self.setMinimumWidth(300)
        self._show("")

    def _show(self, wanted: str) -> None:
        wanted, parts = wanted.strip().lower(), []
        for heading, shortcuts in all_shortcuts():
            rows = []
            for shortcut in shortcuts:
                cells = shown_keys(shortcut.keys), shortcut.title, shortcut.description
                if wanted in " ".join(cells).lower():
                    keys, title, words = (html.escape(cell) for cell in cells)
                    rows.append(
                        f"<tr><td style='white-space: pre'>{keys}</td>"
                        f"<td><b>{title}</b><br>{words}</td></tr>"
                    )
            if rows:
                parts.append(f"<h4>{heading}</h4><table cellpadding='3'>{''.join(rows)}</table>")
        self.list.setHtml("".join(parts) or "Nothing is called so.")
