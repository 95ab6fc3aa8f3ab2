"""The Heterogeneity dock: the task's panel, and how much of the frame every region takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer

from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.result_plots import ResultPlots
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.tasks.heterogeneity import Heterogeneity

if TYPE_CHECKING:
    import napari

__all__ = ["HeterogeneityDock"]


class HeterogeneityDock(TaskPanel):
    """The heterogeneity task, by point and click."""

    loads_ahead = ("napari_insitu_tem.gui.plot_canvas", "scipy.cluster.vq")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "heterogeneity")
        self.found: Heterogeneity | None = None
        self._shown: Layer | None = None
        self.plots = ResultPlots("Run Heterogeneity first.", {})
        self.plots.said.connect(lambda text, error: self.say(text, error=error))
        self.extras.addWidget(self.plots)
        listen(self, (self.viewer.dims.events.current_step, self._mark))

    def show_result(
        self, result: Heterogeneity, tuples: list[Any], source: Layer | None
    ) -> list[Layer]:
        """Show the regions over the movie, and their share over time."""
        layers = super().show_result(result, tuples, source)
        layers[0].colormap = _colours(result.found.count)
        self.found, self._shown = result, layers[0]
        self.plots.show_drawings(result.drawings())
        self._mark()
        self.say(result.message)
        return layers

    def _mark(self, _: Any = None) -> None:
        if self._shown in self.viewer.layers:
            self.plots.mark(None, shown_frame(self.viewer, self._shown))


def _colours(count: int) -> Any:
    """Return the plot's colours for the regions."""
    from napari.utils.colormaps import DirectLabelColormap

    from napari_insitu_tem.figures.style import PALETTE

    colours: dict[int | None, Any] = {None: "transparent", 0: "transparent"}
    for number in range(1, count + 1):
        colours[number] = PALETTE[(number - 1) % len(PALETTE)]
    return DirectLabelColormap(color_dict=colours)
