"""The Heterogeneity dock: the task's panel, and how much of the frame every region takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from qtpy.QtWidgets import QFileDialog, QPushButton

from napari_insitu_tem.gui.background import plain_words
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.tasks.heterogeneity import Heterogeneity

if TYPE_CHECKING:
    import napari

__all__ = ["HeterogeneityDock"]

_FILTERS = "Figure (*.svg);;Picture (*.png)"


class HeterogeneityDock(TaskPanel):
    """The heterogeneity task, by point and click."""

    loads_ahead = ("napari_insitu_tem.gui.plot_canvas", "scipy.cluster.vq")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "heterogeneity")
        self.found: Heterogeneity | None = None
        self._canvas: Any = None
        self._shown: Layer | None = None
        self._save = QPushButton("Save the plot …")
        self._save.setObjectName("save_plot")
        self._save.setToolTip("Save the plot as SVG or PNG, and its numbers beside it as CSV.")
        self._save.clicked.connect(self._ask_and_save)
        self._save.hide()
        self.extras.addWidget(self._save)
        listen(self, (self.viewer.dims.events.current_step, self._mark))

    def show_result(
        self, result: Heterogeneity, tuples: list[Any], source: Layer | None
    ) -> list[Layer]:
        """Show the regions over the movie, and their share over time."""
        layers = super().show_result(result, tuples, source)
        layers[0].colormap = _colours(result.found.count)
        self.found, self._shown = result, layers[0]
        if self._canvas is None:
            from napari_insitu_tem.gui.plot_canvas import PlotCanvas

            self._canvas = PlotCanvas()
            self.extras.insertWidget(self.extras.count() - 1, self._canvas)
        self._canvas.plot(result.drawings()["regions"])
        self._save.show()
        self._mark()
        self.say(result.message)
        return layers

    def save(self, path: str | Path) -> list[Path]:
        """Save the plot to an SVG or PNG file, with the numbers behind it as CSV.

        Raises
        ------
        ValueError
            When there is nothing to save yet, or the ending is another.
        """
        from napari_insitu_tem.figures import save_drawing

        if self.found is None:
            raise ValueError("There is no plot yet. Run Heterogeneity first.")
        return save_drawing(self.found.drawings()["regions"], path)

    def _ask_and_save(self) -> None:
        path, chosen = QFileDialog.getSaveFileName(self, "Save the plot", "regions.svg", _FILTERS)
        if not path:
            return
        if not Path(path).suffix:
            path += chosen[chosen.index("*") + 1 : chosen.index(")")]
        try:
            self.save(path)
        except (OSError, ValueError) as error:
            self.say(plain_words(error), error=True)
        else:
            self.say(f"Saved {path}, and its numbers beside it.")

    def _mark(self, _: Any = None) -> None:
        if self._canvas is not None and self._shown in self.viewer.layers:
            self._canvas.mark(None, shown_frame(self.viewer, self._shown))


def _colours(count: int) -> Any:
    """Return the plot's colours for the regions."""
    from napari.utils.colormaps import DirectLabelColormap

    from napari_insitu_tem.figures.style import PALETTE

    colours: dict[int | None, Any] = {None: "transparent", 0: "transparent"}
    for number in range(1, count + 1):
        colours[number] = PALETTE[(number - 1) % len(PALETTE)]
    return DirectLabelColormap(color_dict=colours)
