"""Saving what a dock shows: the question for a file name, the button, and what is said then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QPushButton, QWidget

from napari_insitu_tem.gui.background import plain_words

__all__ = ["FIGURES", "SaveButton", "ask_where", "save_and_tell"]

#: The kinds of file that a plot is written as, as Qt's dialogs want them.
FIGURES = "Figure (*.svg);;Picture (*.png)"


def ask_where(parent: QWidget, title: str, name: str, filters: str = FIGURES) -> str:
    """Ask for a file to save to; empty when the user changed her mind.

    Parameters
    ----------
    parent : QWidget
        Before whose window the dialog stands.
    title : str
        Of the dialog.
    name : str
        The file name to begin with.
    filters : str
        Kinds of file, as Qt wants them; a name without ending gets that of the chosen kind.
    """
    path, kind = QFileDialog.getSaveFileName(parent, title, name, filters)
    if path and not Path(path).suffix:
        path += kind[kind.index("*") + 1 : kind.index(")")]
    return path


def save_and_tell(save: Callable[[], Sequence[Path]]) -> tuple[str, bool]:
    """Save; return what to say about it, and whether it failed."""
    try:
        first, *others = save()
    except (OSError, ValueError) as error:
        return plain_words(error), True
    return f"Saved {', '.join([str(first), *(path.name for path in others)])}.", False


class SaveButton(QPushButton):
    """Asks where to, saves there, and says what was written or why not.

    Parameters
    ----------
    save : callable
        Writes to a path; returns the files, or raises `ValueError` or `OSError`.
    propose : callable
        Returns the file name to begin with.
    text, tip : str
        Of the button.
    filters : str
        Kinds of file, as Qt wants them.
    """

    #: What to show to the user, and whether it is an error.
    said = Signal(str, bool)

    def __init__(
        self,
        save: Callable[[str], Sequence[Path]],
        propose: Callable[[], str],
        *,
        text: str = "Save the plot …",
        tip: str = "Save the plot as SVG or PNG, and its numbers beside it as CSV.",
        filters: str = FIGURES,
    ) -> None:
        super().__init__(text)
        self.setObjectName("save_plot")
        self.setToolTip(tip)
        self._save, self._propose, self._filters = save, propose, filters
        self.clicked.connect(lambda _=False: self.ask())

    def ask(self) -> None:
        """Ask where to, and save there."""
        path = ask_where(self, self.text().removesuffix(" …"), self._propose(), self._filters)
        if path:
            self.said.emit(*save_and_tell(lambda: self._save(path)))
