"""The Zone axis dock: the map over the movie, a threshold that takes effect at once, its effect."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Labels, Layer

from napari_insitu_tem.gui.gestures import show_frame
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.result_plots import ResultPlots
from napari_insitu_tem.gui.saving import FIGURES, SaveButton
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.gui.zone_axis_view import ClickedParticle, ReadableFrames
from napari_insitu_tem.settings import Settings
from napari_insitu_tem.tasks.zone_axis import ZoneAxis, ZoneAxisSettings
from napari_insitu_tem.tasks.zone_axis.words import passing

if TYPE_CHECKING:
    import napari

__all__ = ["ZoneAxisDock"]

_PLOTS = {"threshold": "Effect of the threshold", "evenness": "Evenness over time"}
_READABLE, _NOT_READABLE, _DIM = "#3ddc84", "#e8a33d", "90"


class ZoneAxisDock(TaskPanel):
    """The zone-axis task, by point and click."""

    loads_ahead = ("napari_insitu_tem.gui.plot_canvas", "trackpy.linking.linking", "torch")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "zone_axis", hidden=("threshold",))
        self.found: ZoneAxis | None = None
        self._outlines: weakref.ref[Labels] | None = None
        self.readable = ReadableFrames(ZoneAxisSettings().threshold)
        self.readable.changed.connect(self._refresh)
        self.readable.particle_chosen.connect(self._choose)
        self._clicks = ClickedParticle(self.readable.choose)
        self.readable.frame_chosen.connect(self._go_to)
        save = SaveButton(
            self.save,
            lambda: f"{self.plots.which.currentData()}.svg",
            text="Save plot or table …",
            tip="Save the plot as SVG or PNG with its numbers beside it, or the table of all "
            "particles and frames as CSV, at the threshold that is set.",
            filters=f"{FIGURES};;Table of all particles (*.csv)",
        )
        self.plots = ResultPlots("Run Zone axis first.", _PLOTS, save=save)
        self.plots.said.connect(lambda text, error: self.say(text, error=error))
        self.plots.picked.connect(self._pick)
        self.extras.addWidget(self.readable)
        self.extras.addWidget(self.plots)
        self._reset.clicked.connect(
            lambda: self.readable.box.setValue(ZoneAxisSettings().threshold)
        )
        listen(
            self,
            (self.viewer.dims.events.current_step, self._moved),
            at_end=(self._clicks.let_go,),
        )

    # -- what the panel asks ---------------------------------------------------------------

    def settings(self) -> Settings:
        """Return the settings to run with, with the threshold of the slider."""
        values = {**self.form.value().to_dict(), "threshold": self.readable.threshold}
        return ZoneAxisSettings.from_dict(values)

    def show_result(self, result: ZoneAxis, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Show the map and the particles over the movie, and what the threshold keeps."""
        layers = super().show_result(result, tuples, source)
        self.found = result
        for layer in layers:
            if isinstance(layer, Image):
                _show_as_map(layer)
            elif isinstance(layer, Labels):
                layer.contour, layer.opacity = 2, 1.0
                self._outlines = weakref.ref(layer)
                self._clicks.listen_to(layer)
        self.readable.show_result(result)
        self._refresh()
        self._moved()
        # What passes stands above and follows the slider; here is what else there is to know.
        first = passing(result, result.threshold) if len(result.table) else ""
        self.say(result.message.removeprefix(first).strip())
        return layers

    # -- saving ----------------------------------------------------------------------------

    def save(self, path: str | Path) -> list[Path]:
        """Save the shown plot as SVG or PNG with its numbers, or the table as CSV or Parquet.

        Raises
        ------
        ValueError
            When there is nothing to save yet, or the ending is another.
        """
        from napari_insitu_tem.io.tables import TABLE_SUFFIXES, write_table

        if self.found is None or not len(self.found.table):
            raise ValueError("There is nothing to save yet. Run Zone axis first.")
        threshold, path = self.readable.threshold, Path(path)
        if path.suffix.lower() in TABLE_SUFFIXES:
            table = self.found.tables(threshold)["zone_axis"]
            return [write_table(table, path, provenance=self.found.provenance)]
        return self.plots.save(path)

    # -- inside ----------------------------------------------------------------------------

    def _layer(self) -> Labels | None:
        layer = self._outlines() if self._outlines is not None else None
        return layer if layer is not None and layer in self.viewer.layers else None

    def _refresh(self, _: float = 0) -> None:
        """Show what passes the threshold; nothing is computed anew."""
        self._plot()
        self._colour()

    def _plot(self) -> None:
        if self.found is None:
            return
        drawings = self.found.drawings(self.readable.threshold)
        if self.found.movie.n_frames == 1:
            drawings.pop("evenness", None)
        self.plots.show_drawings(drawings)
        self._mark()

    def _colour(self) -> None:
        """Colour the outlines of the shown frame: green what is readable, orange what is not."""
        from napari.utils.colormaps import DirectLabelColormap

        layer = self._layer()
        if layer is None or self.found is None:
            return
        colours: dict[int | None, Any] = {None: "transparent", 0: "transparent"}
        rows = self.found.table[self.found.table["frame"] == shown_frame(self.viewer, layer)]
        for particle, evenness in zip(rows["particle"], rows["evenness"], strict=True):
            passes = evenness >= self.readable.threshold
            dim = "" if self.readable.particle in (0, particle) else _DIM
            colours[int(particle)] = (_READABLE if passes else _NOT_READABLE) + dim
        layer.colormap = DirectLabelColormap(color_dict=colours)

    def _moved(self, _: Any = None) -> None:
        layer = self._layer()
        if layer is not None:
            self.readable.set_shown(shown_frame(self.viewer, layer))
            self._colour()
            self._mark()

    def _choose(self, _: int) -> None:
        self._colour()
        self._mark()

    def _mark(self, _: int = 0) -> None:
        layer = self._layer()
        if layer is not None:
            self.plots.mark(self.readable.particle or None, shown_frame(self.viewer, layer))

    def _pick(self, particle: int, frame: int) -> None:
        self.readable.choose(particle)
        self._go_to(frame)

    def _go_to(self, frame: int) -> None:
        layer = self._layer()
        if layer is not None:
            show_frame(self.viewer, layer, frame)


def _show_as_map(layer: Image) -> None:
    """Show 0 to 1 from transparent to bright, so that the movie stays visible below."""
    import numpy as np
    from napari.utils.colormaps import Colormap, ensure_colormap

    colours = ensure_colormap("inferno").map(np.linspace(0, 1, 64))
    colours[:, 3] = np.minimum(np.linspace(0, 1, 64) * 2, 0.6)
    layer.colormap = Colormap(colours, name="zone axis")
    layer.contrast_limits_range = (0.0, 1.0)
    layer.contrast_limits = (0.0, 1.0)
    layer.blending = "translucent"
