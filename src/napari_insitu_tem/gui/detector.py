"""The Detector dock: where the vacuum is, the fitted camera with its plot, and its shelf."""

from __future__ import annotations

import html
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton

from napari_insitu_tem.analysis.vacuum import Vacuum
from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.cameras import CameraShelf
from napari_insitu_tem.gui.drawn_rectangle import DrawnRectangle
from napari_insitu_tem.gui.layers import KEY, movie_from_layer
from napari_insitu_tem.gui.result_plots import ResultPlots
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.io.cameras import Camera
from napari_insitu_tem.tasks.detector import search_vacuum
from napari_insitu_tem.tasks.detector.fit import DetectorFit, with_error

if TYPE_CHECKING:
    import napari

__all__ = ["DetectorDock"]

_PLOTS = {"transfer": "Modulation transfer", "noise_power": "Noise power"}


class DetectorDock(TaskPanel):
    """The detector task, by point and click.

    The dose becomes part of the movie's own layer, since its frames stay as they are.
    """

    loads_ahead = ("napari_insitu_tem.gui.plot_canvas", "scipy.optimize")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "detector", hidden=("save_as",))
        self.found: DetectorFit | None = None
        self.rectangle = DrawnRectangle(self.viewer, "vacuum rectangle", self._read_rectangle)
        self._overlay: weakref.ref[Labels] | None = None
        self._search = Background(self)
        self._search.finished.connect(self._show_search)
        self._search.failed.connect(lambda text: self.say(text, error=True))
        buttons = QHBoxLayout()
        for name, title, tip, action in (
            ("find_vacuum", "Find vacuum", "Show the parts of the frame that show only noise.",
             self.find_vacuum),
            ("draw_vacuum", "Draw rectangle", "Drag a rectangle over a part where only the beam "
             "is.", self.draw_rectangle),
        ):  # fmt: skip
            button = QPushButton(title)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(action)
            buttons.addWidget(button)
        self.extras.addLayout(buttons)
        self._build_results()
        self.shelf = CameraShelf(self._camera)
        self.shelf.said.connect(lambda text, error: self.say(text, error=error))
        self.extras.addWidget(self.shelf)
        search = self._search
        self.destroyed.connect(lambda: search.cancel())

    # -- what the user does ----------------------------------------------------------------

    def find_vacuum(self) -> None:
        """Look for vacuum, and show it over the movie."""
        layer = self._image()
        if layer is None or self._search.running:
            return
        try:
            movie = movie_from_layer(layer)
        except ValueError as error:
            self.say(plain_words(error), error=True)
            return
        reference = weakref.ref(layer)
        self.say("Looking for vacuum …")
        self._search.start(lambda job: (reference, search_vacuum(movie, job)))

    def draw_rectangle(self) -> None:
        """Put a rectangle over the movie whose inside is the vacuum."""
        layer = self._image()
        if layer is None:
            return
        self._hide_overlay()
        size = np.array(layer.data.shape[-2:])
        self.rectangle.show(layer, size / 8 - 0.5, size * 3 / 8 - 0.5)
        self.say("Drag the rectangle, or its handles, to where only the beam is. Then Run.")

    def show_result(
        self, result: DetectorFit, tuples: list[Any], source: Layer | None
    ) -> list[Layer]:
        """Give the dose to the movie's layer; show the plot, the values and the vacuum used."""
        if source is not None and source in self.viewer.layers:
            movie = result.movie.replace(provenance=result.provenance)
            source.metadata = {**source.metadata, KEY: movie}
            layers = [source]
            self.rectangle.hide()
            self._show_overlay(source, result.vacuum)
        else:
            layers = super().show_result(result, tuples, source)
        self.found = result
        self._table.setText(_table(result))
        self._table.show()
        self.plots.show_drawings(result.drawings())
        self.shelf.offer(True)
        self.say(result.message)
        return layers

    # -- inside ----------------------------------------------------------------------------

    def _build_results(self) -> None:
        self._table = QLabel()
        self._table.setObjectName("parameters")
        self._table.setTextFormat(Qt.TextFormat.RichText)
        self._table.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._table.hide()
        self.plots = ResultPlots("Run Detector first.", _PLOTS)
        self.plots.said.connect(lambda text, error: self.say(text, error=error))
        self.extras.addWidget(self._table)
        self.extras.addWidget(self.plots)

    def _camera(self, name: str) -> Camera:
        if self.found is None:
            raise ValueError("There is no camera to save yet. Run Detector first.")
        return self.found.camera(name)

    def _image(self) -> Image | None:
        layer = self.input_layer()
        if layer is None:
            self.say(f"There is no movie yet: {self._advice()}", error=True)
        return layer

    def _read_rectangle(self) -> None:
        layer = self.input_layer()
        box = self.rectangle.box(layer) if layer is not None else None
        if box is None:
            return
        region = self.form.editor("region")
        region.setCurrentIndex(region.findData("rectangle"))
        for name, value in box._asdict().items():
            self.form.editor(name).setValue(value)

    def _show_search(self, found: tuple[weakref.ref[Image], Vacuum]) -> None:
        layer, vacuum = found[0](), found[1]
        if layer is None or layer not in self.viewer.layers:
            return
        self._show_overlay(layer, vacuum.mask)
        count = int(vacuum.empty.sum())
        if count:
            self.say(f"{count} of {vacuum.examined} tiles of {vacuum.tile} px show only noise.")
        else:
            reasons = ", ".join(sorted(vacuum.refused, key=lambda name: -vacuum.refused[name]))
            self.say(f"No part of the frame shows only noise: {reasons}.", error=True)

    def _show_overlay(self, image: Image, mask: np.ndarray) -> None:
        """Tint the vacuum; the layer is nobody's masks."""
        placing = {
            name: getattr(image, name)[-2:]
            for name in ("scale", "translate", "units", "axis_labels")
        }
        overlay = self._shown_overlay()
        if overlay is None:
            active = self.viewer.layers.selection.active
            overlay = self.viewer.add_labels(
                mask.astype(np.uint8),
                name="vacuum",
                opacity=0.3,
                colormap={1: "#56B4E9", None: "transparent"},
                metadata={"preview": True},
                **placing,
            )
            overlay.editable = False
            self._overlay = weakref.ref(overlay)
            if active is not None:
                self.viewer.layers.selection.active = active
        else:
            overlay.data = mask.astype(np.uint8)
            for name, value in placing.items():
                setattr(overlay, name, value)
        overlay.visible = True

    def _hide_overlay(self) -> None:
        overlay = self._shown_overlay()
        if overlay is not None:
            overlay.visible = False

    def _shown_overlay(self) -> Labels | None:
        overlay = self._overlay() if self._overlay is not None else None
        return overlay if overlay is not None and overlay in self.viewer.layers else None


def _table(result: DetectorFit) -> str:
    """Lay the parameters out as rows of quantity and value ± error with its unit."""
    rows = []
    for row in result.parameters().itertuples():
        value = f"{with_error(row.value, row.error)} {row.unit}".strip()
        rows.append(
            f"<td>{html.escape(row.quantity)}&nbsp;&nbsp;</td><td>{html.escape(value)}</td>"
        )
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
