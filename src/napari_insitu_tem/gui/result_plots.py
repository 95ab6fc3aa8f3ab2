"""ResultPlots: the plots of a result in its dock: which, the canvas, and the button that saves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from napari_insitu_tem.gui.saving import SaveButton

__all__ = ["ResultPlots"]


class ResultPlots(QWidget):
    """Hidden until there is something to plot; the canvas is made then, as matplotlib is slow.

    Parameters
    ----------
    advice : str
        What to run first, for those who save before.
    titles : mapping
        Titles of the drawings by name, in the order in which they are offered; others follow
        under their own names.
    save : SaveButton, optional
        A button that saves more than plots.
    prefix : str
        What the proposed file name begins with.
    """

    #: The particle and the frame of a point that was clicked, as `PlotCanvas.picked`.
    picked = Signal(int, int)
    #: What to show to the user, and whether it is an error.
    said = Signal(str, bool)

    def __init__(
        self,
        advice: str,
        titles: Mapping[str, str],
        *,
        save: SaveButton | None = None,
        prefix: str = "",
    ) -> None:
        super().__init__()
        self.canvas: Any = None
        self._advice, self._titles = advice, titles
        self._drawings: dict[str, Callable[[Any], Any]] = {}
        self.which = QComboBox()
        self.which.setObjectName("which_plot")
        self.which.setToolTip("What to plot.")
        self.which.currentIndexChanged.connect(self._plot)
        button = save if save is not None else SaveButton(
            self.save, lambda: f"{prefix}{self.which.currentData()}.svg"
        )  # fmt: skip
        button.said.connect(self.said)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.which)
        layout.addWidget(button)
        self.hide()

    def show_drawings(self, drawings: Mapping[str, Callable[[Any], Any]]) -> None:
        """Offer these drawings, by name; the one that was chosen stays chosen."""
        self._drawings = dict(drawings)
        if self.canvas is None:
            from napari_insitu_tem.gui.plot_canvas import PlotCanvas

            self.canvas = PlotCanvas()
            self.canvas.picked.connect(self.picked)
            self.canvas.failed.connect(lambda words: self.said.emit(words, True))
            self.layout().insertWidget(1, self.canvas)
        names = [name for name in self._titles if name in drawings]
        names += [name for name in drawings if name not in self._titles]
        chosen = self.which.currentData()
        self.which.blockSignals(True)
        self.which.clear()
        for name in names:
            self.which.addItem(self._titles.get(name, name), name)
        self.which.setCurrentIndex(max(self.which.findData(chosen), 0))
        self.which.blockSignals(False)
        self.which.setVisible(len(names) > 1)
        self.setVisible(bool(names))
        self._plot()

    def mark(self, particle: int | None, frame: int) -> None:
        """Mark a particle, if any, and a frame in the plot."""
        if self.canvas is not None:
            self.canvas.mark(particle, frame)

    def save(self, path: str | Path) -> list[Path]:
        """Save the shown plot to an SVG or PNG file, with the numbers behind it as CSV.

        Raises
        ------
        ValueError
            When there is nothing to save yet, or the ending is another.
        """
        from napari_insitu_tem.figures import save_drawing

        if not self._drawings:
            raise ValueError(f"There is no plot yet. {self._advice}")
        return save_drawing(self._drawings[self.which.currentData()], path)

    def _plot(self, _: int = 0) -> None:
        draw = self._drawings.get(self.which.currentData())
        if self.canvas is not None:
            self.canvas.plot(draw)
