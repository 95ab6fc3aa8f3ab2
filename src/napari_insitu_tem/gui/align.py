"""The Align dock: the task's panel, the drift curve, and its export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Layer

from napari_insitu_tem import units
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.saving import FIGURES, SaveButton
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.tasks.align import Alignment

if TYPE_CHECKING:
    import napari

__all__ = ["AlignDock", "draw_drift"]


class AlignDock(TaskPanel):
    """The align task, by point and click, with the drift that it found."""

    loads_ahead = ("napari_insitu_tem.gui.plot_canvas",)

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "align")
        self.alignment: Alignment | None = None
        self._canvas: Any = None
        self._shown: Layer | None = None
        self._save = SaveButton(
            self.save,
            lambda: "drift.csv",
            text="Save the drift …",
            tip="Save the drift as a table (CSV) or a figure (SVG, PNG).",
            filters=f"Table (*.csv);;{FIGURES}",
        )
        self._save.setObjectName("save_drift")
        self._save.said.connect(lambda text, error: self.say(text, error=error))
        self._save.hide()
        self.extras.addWidget(self._save)
        listen(self, (self.viewer.dims.events.current_step, self._mark))

    def show_result(
        self, result: Alignment, tuples: list[Any], source: Layer | None
    ) -> list[Layer]:
        """Show the aligned movie, hide the drifting one, and plot the drift."""
        layers = super().show_result(result, tuples, source)
        if source is not None and source not in layers:
            source.visible = False
        self.alignment, self._shown = result, layers[0]
        if self._canvas is None:
            from napari_insitu_tem.gui.plot_canvas import PlotCanvas

            self._canvas = PlotCanvas()
            self.extras.insertWidget(self.extras.count() - 1, self._canvas)
        self._canvas.plot(lambda axes: draw_drift(result, axes))
        self._save.show()
        self._mark()
        self.say(result.message)
        return layers

    def save(self, path: str | Path) -> list[Path]:
        """Save the drift to a CSV, SVG or PNG file, by the name's ending.

        Raises
        ------
        ValueError
            When there is nothing to save yet, or the ending is another.
        """
        path = Path(path)
        if self.alignment is None:
            raise ValueError("There is no drift yet. Run Align first.")
        if path.suffix == ".csv":
            self.alignment.published_drift().to_csv(path, index=False)
        elif path.suffix in (".svg", ".png"):
            from matplotlib import rc_context
            from matplotlib.figure import Figure

            from napari_insitu_tem.figures.style import RC

            with rc_context(RC):
                figure = Figure(figsize=(4, 3), layout="constrained")
                draw_drift(self.alignment, figure.add_subplot())
                figure.savefig(path, dpi=300)
        else:
            raise ValueError(f"'{path.name}' should end in .csv, .svg or .png.")
        return [path]

    def _mark(self, _: Any = None) -> None:
        if self._canvas is not None and self._shown is not None:
            self._canvas.mark(None, shown_frame(self.viewer, self._shown))


def draw_drift(alignment: Alignment, axes: Any) -> Any:
    """Draw the drift over time, or over frames, on matplotlib axes."""
    from napari_insitu_tem.figures import Drawn

    movie, table = alignment.movie, alignment.published_drift()
    timed = movie.time is not None
    along = table["time_s"] if timed else table["frame"]
    for name, color in (("drift_x", "#0072B2"), ("drift_y", "#D55E00")):
        column = units.column_name(name, movie.pixel_size, movie.frame_time)
        axes.plot(along, table[column], color=color, lw=1.2, label=name[-1])
        bad = table["interpolated"]
        if bad.any():
            axes.plot(along[bad], table[column][bad], "o", ms=3, mfc="white", color=color)
    axes.set_xlabel("Time (s)" if timed else "Frame")
    axes.set_ylabel(f"Drift ({'nm' if movie.pixel_size else 'px'})")
    axes.legend(frameon=False)
    return Drawn(table, frame_x=along.to_numpy(float))
