"""The Quality dock: raw, denoised and reference; verdicts in plain words; plots and maps."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_insitu_tem.gui.choosers import LayerChooser
from napari_insitu_tem.gui.form import fill_width
from napari_insitu_tem.gui.layers import movie_from_layer
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.result_plots import ResultPlots
from napari_insitu_tem.gui.saving import FIGURES, SaveButton
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.results import Compared
from napari_insitu_tem.tasks.quality import Quality

if TYPE_CHECKING:
    import napari

__all__ = ["QualityDock"]

_COLOURS = {"good": "#5fb878", "doubt": "#e0a030", "told": "#9aa0a6"}
_MARKS = {"good": "✓", "doubt": "!", "told": "·"}
_TITLES = {
    "residual_spectrum": "Spectrum of the residual",
    "residual_correlation": "Correlation in the residual",
    "ring_correlation": "Fourier ring correlation",
    "signal_to_noise_db": "Signal to noise, by frame",
    "dose_e_per_A2": "Dose, by frame",
    "dose_e_per_px": "Dose per pixel, by frame",
    "residual_variance_of_expected": "Variance taken away, by frame",
    "upsnr_db": "Unsupervised PSNR, by frame",
    "matched_psnr_db": "PSNR after gain and offset, by frame",
    "ssim": "SSIM, by frame",
    "structure_fraction": "Structure in the residual, by frame",
    "invented_fraction": "Invented detail, by frame",
}


class QualityDock(TaskPanel):
    """The quality task, by point and click."""

    loads_ahead = ("napari_insitu_tem.gui.plot_canvas", "scipy.stats", "skimage.metrics")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "quality")
        self.found: Quality | None = None
        self._source: Layer | None = None
        self._proposed: Layer | None = None
        self._raw = LayerChooser(self.viewer, Image, "Raw", none_means="choose …")
        self._raw.tooltip = "The movie before it was denoised."
        self._reference = LayerChooser(self.viewer, Image, "Reference", none_means="none")
        self._reference.tooltip = "What it should look like, free of noise, where that is known."
        for chooser, label in ((self._raw, "Raw"), (self._reference, "Reference")):
            self.inputs.addRow(label, chooser.native)
            fill_width(chooser.native)
        self._chooser.changed.connect(self._propose_raw)
        self._build_results()
        listen(
            self,
            (self.viewer.layers.events.inserted, self._propose_raw),
            (self.viewer.dims.events.current_step, self._mark),
            at_end=(self._raw.disconnect, self._reference.disconnect),
        )
        self._propose_raw()

    # -- what the panel asks -----------------------------------------------------------------

    def subject(self) -> Compared:
        """Return the chosen movies; raises in plain words."""
        denoised, raw = self.input_layer(), self._raw.value
        if denoised is None:
            raise ValueError(f"There is no denoised movie yet: {self._advice()}")
        if raw is None:
            raise ValueError("Choose the raw movie, the one that was denoised.")
        if raw is denoised:
            raise ValueError("Raw and denoised are the same layer; choose two.")
        reference = self._reference.value
        return Compared(
            movie_from_layer(denoised),
            movie_from_layer(raw),
            None if reference is None else movie_from_layer(reference),
        )

    def show_result(self, result: Quality, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Show the maps, the verdicts and the plots."""
        for (_, given, _), name in zip(tuples, result.images(), strict=True):
            given |= _appearance(result, name)
        layers = super().show_result(result, tuples, source)
        self.found, self._source = result, layers[0]
        self._verdicts.setText(_verdict_words(result))
        self._verdicts.show()
        self.plots.show_drawings(result.drawings())
        self._mark()
        self.viewer.layers.selection.active = layers[0]
        self.say("")  # the outcome stands on top
        return layers

    def save(self, path: str | Path) -> list[Path]:
        """Save the shown plot as SVG or PNG with its numbers, or the figures of every frame as CSV.

        Raises
        ------
        ValueError
            When there is nothing to save yet, or the ending is another.
        """
        from napari_insitu_tem.io.tables import TABLE_SUFFIXES, write_table

        path = Path(path)
        if self.found is not None and path.suffix.lower() in TABLE_SUFFIXES:
            return [write_table(self.found.frames, path)]
        return self.plots.save(path)

    # -- inside ------------------------------------------------------------------------------

    def _base_name(self, layer: Layer | None) -> str:
        # "movie [residual]", not "movie [denoised] [residual]".
        return self.task.title if layer is None else layer.name.partition(" [")[0]

    def _advice(self) -> str:
        return "run Denoise first, or open the raw and the denoised movie."

    def _build_results(self) -> None:
        self._verdicts = QLabel()
        self._verdicts.setObjectName("verdicts")
        self._verdicts.setWordWrap(True)
        self._verdicts.setTextFormat(Qt.TextFormat.RichText)
        self._verdicts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # What it all means comes first, above the settings that led to it.
        layout = self.layout()
        layout.insertWidget(2, self._verdicts)
        self._verdicts.hide()
        save = SaveButton(
            self.save,
            lambda: f"{self.plots.which.currentData()}.svg",
            text="Save plot or table …",
            tip="Save the plot as SVG or PNG with its numbers beside it as CSV, or the figures of "
            "every frame as CSV. Export writes everything.",
            filters=f"{FIGURES};;Figures of every frame (*.csv)",
        )
        self.plots = ResultPlots("Run Quality first.", _TITLES, save=save)
        self.plots.said.connect(lambda text, error: self.say(text, error=error))
        self.extras.addWidget(self.plots)

    def _mark(self, _: Any = None) -> None:
        if self._source in self.viewer.layers:
            self.plots.mark(None, shown_frame(self.viewer, self._source))

    def _propose_raw(self, _: Any = None) -> None:
        """Choose as raw what the denoised layer is named after, unless the user chose another."""
        denoised, chosen = self._chooser.value, self._raw.value
        if denoised is None or (chosen is not None and chosen is not self._proposed):
            return
        name = denoised.name.rpartition(" [")[0]
        fits = [layer for layer in self._raw.choices if layer is not None and layer.name == name]
        if name and fits:
            self._raw.value = self._proposed = fits[0]


def _appearance(result: Quality, name: str) -> dict[str, Any]:
    """Return how a map is shown: noise grey around 0, what sticks out bright."""
    if name == "residual":
        size = 3 * float(np.median(result.frames["residual_counts"]))
        return {"contrast_limits": (-size, size) if size > 0 else (-1.0, 1.0)}
    limit = _limit(result)
    if name == "structure":
        return {"contrast_limits": (-2 * limit, 2 * limit), "colormap": "PiYG", "visible": False}
    return {
        "contrast_limits": (0.5 * limit, 2 * limit),
        "colormap": "inferno",
        "blending": "additive",
        "visible": bool(result.frames["invented_fraction"].max() > 0),
    }


def _limit(result: Quality) -> float:
    from napari_insitu_tem.analysis.quality.structure import SCALES, limit_of_chance

    return limit_of_chance(int(np.prod(result.movie.frame_shape)), len(SCALES))


def _verdict_words(result: Quality) -> str:
    state = "doubt" if result.doubts else "good"
    lines = [
        f'<p style="margin:2px 0"><b style="color:{_COLOURS[state]}">'
        f"{html.escape(result.message)}</b></p>"
    ]
    order = {"doubt": 0, "good": 1, "told": 2}
    for verdict in sorted(result.verdicts, key=lambda each: order[each.state]):
        colour = _COLOURS[verdict.state]
        lines.append(
            f'<p style="margin:2px 0"><b style="color:{colour}">{_MARKS[verdict.state]} '
            f"{html.escape(verdict.about)}</b>: {html.escape(verdict.words)}</p>"
        )
    return "".join(lines)
