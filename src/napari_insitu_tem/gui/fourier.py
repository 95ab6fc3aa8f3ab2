"""The Fourier checks dock: regions, their spectrum in the frame that is shown, and the courses."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Labels, Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton

from napari_insitu_tem.analysis.fourier.regions import regions_to_text
from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.fourier_live import LiveSpectrum, live_spectrum
from napari_insitu_tem.gui.fourier_regions import DrawnRegions
from napari_insitu_tem.gui.layers import movie_from_layer
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.radial_view import RadialView
from napari_insitu_tem.gui.result_plots import ResultPlots
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.spectrum_view import SpectrumView
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.settings import Settings
from napari_insitu_tem.tasks.fourier import FourierChecks, FourierSettings

if TYPE_CHECKING:
    import napari

__all__ = ["FourierDock"]

_DELAY_MS = 60
_PLOTS = {
    "misorientation": "Angle between lattices",
    "lattices": "Turn of the lattice",
    "spacings": "Spacing",
    "lattice_area": "Area of the lattice",
}
#: As Wang et al. show them: unchanged cyan, grown blue, shrunk red.
_CHANGES = {None: "transparent", 0: "transparent", 1: "#33d6d630", 2: "#2f6bffb0", 3: "#ff3b30b0"}


class FourierDock(TaskPanel):
    """The Fourier checks, by point and click, with a spectrum that follows the slider."""

    loads_ahead = (
        "napari_insitu_tem.gui.plot_canvas",
        "napari_insitu_tem.analysis.fourier.series",
        "scipy.interpolate",
        "skimage.draw",
    )

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "fourier", hidden=("regions",))
        self.found: FourierChecks | None = None
        self.regions = DrawnRegions(self.viewer)
        self._shown: weakref.ref[Layer] | None = None
        self._live_spectrum = Background(self)
        self._live_spectrum.finished.connect(self._show_spectrum)
        self._live_spectrum.failed.connect(self._show_no_spectrum)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self._transform)
        self._build_live()
        self.plots = ResultPlots("Run Fourier checks first.", _PLOTS)
        self.plots.said.connect(lambda text, error: self.say(text, error=error))
        self.extras.addWidget(self.plots)
        self.form.changed.connect(self.refresh)
        self._chooser.changed.connect(self.refresh)
        live = self._live_spectrum
        listen(
            self,
            (self.viewer.dims.events.current_step, self._moved),
            at_end=(live.cancel,),
        )
        self.refresh()

    # -- what the user does ----------------------------------------------------------------

    def draw_region(self) -> None:
        """Put a rectangle over the movie whose inside is a region; each time one more."""
        image = self.input_layer()
        if image is None:
            self.say(f"There is no movie yet: {self._advice()}", error=True)
            return
        layer, new = self.regions.add(image)
        if new:
            layer.events.data.connect(self.refresh)
            layer.selected_data.events.items_changed.connect(self.refresh)
            layer.events.visible.connect(self.refresh)
        self.refresh()
        self.say(
            "Drag the rectangle, or its handles, to where the lattice is; napari's own tools draw "
            "ellipses and polygons, too. Then Run."
        )

    def use_whole_frame(self) -> None:
        """Forget the drawn regions."""
        self.regions.hide()
        self.refresh()

    def settings(self) -> Settings:
        """Return the settings to run with, with the drawn regions."""
        image = self.input_layer()
        corners = self.regions.corners(image) if isinstance(image, Image) else []
        values = {**self.form.value().to_dict(), "regions": regions_to_text(corners)}
        return FourierSettings.from_dict(values)

    def show_result(
        self, result: FourierChecks, tuples: list[Any], source: Layer | None
    ) -> list[Layer]:
        """Show the maps over the movie, and the courses as plots."""
        maps = [_flat(part) for part in tuples] if result.images() else []
        layers = super().show_result(result, maps, source)
        for layer in layers:
            _colour(layer)
        self.found = result
        self.session.show_checks(result)
        self._shown = weakref.ref(source) if source is not None else None
        self.plots.show_drawings(result.drawings())
        self._mark()
        self.say(result.message)
        return layers

    def refresh(self, *_: Any) -> None:
        """Transform the shown frame again soon; many calls in a row count as one."""
        self._timer.start()

    # -- the live spectrum -----------------------------------------------------------------

    def _build_live(self) -> None:
        buttons = QHBoxLayout()
        for name, title, tip, action in (
            ("draw_region", "Draw region", "Add a rectangle to drag over a lattice; each is a "
             "region.", self.draw_region),
            ("whole_frame", "Whole frame", "Forget the regions.", self.use_whole_frame),
        ):  # fmt: skip
            button = QPushButton(title)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(action)
            buttons.addWidget(button)
        self.extras.addLayout(buttons)
        self.spectrum = SpectrumView()
        self.extras.addWidget(self.spectrum)
        self.radial = RadialView()
        self.radial.setToolTip(
            "The same spectrum, averaged over all directions, and its noise: what an amorphous "
            "film or the camera leaves. Dotted: pairs of peaks."
        )
        self.extras.addWidget(self.radial)
        self.peaks = QLabel()
        self.peaks.setObjectName("peaks")
        self.peaks.setWordWrap(True)
        self.extras.addWidget(self.peaks)

    def _transform(self) -> None:
        if self._live_spectrum.running:
            self._timer.start()
            return
        image = self.input_layer()
        if not isinstance(image, Image):
            self._show_no_spectrum("")
            return
        try:
            movie, settings = movie_from_layer(image), self.form.value()
        except ValueError as error:
            self._show_no_spectrum(plain_words(error))
            return
        corners = self.regions.corners(image)
        index, number = shown_frame(self.viewer, image), self.regions.chosen()
        region = corners[number] if corners else None
        self._live_spectrum.start(lambda _: live_spectrum(movie, index, region, settings))

    def _show_spectrum(self, found: LiveSpectrum) -> None:
        self.spectrum.show_picture(found.picture)
        self.radial.show_picture(found.radial)
        self.peaks.setText(found.words)

    def _show_no_spectrum(self, words: str) -> None:
        self.spectrum.show_picture(None)
        self.radial.show_picture(None)
        self.peaks.setText(words)

    def _moved(self, _: Any = None) -> None:
        self.refresh()
        self._mark()

    def _mark(self) -> None:
        layer = self._shown() if self._shown is not None else None
        if layer is not None and layer in self.viewer.layers:
            self.plots.mark(None, shown_frame(self.viewer, layer))


def _flat(part: tuple[Any, dict[str, Any], str]) -> tuple[Any, dict[str, Any], str]:
    """Make a map of one frame two-dimensional, so that it shows at all times."""
    data, kwargs, kind = part
    if data.shape[0] != 1 or not kwargs["name"].endswith("[lattice change]"):
        return part
    placing = ("scale", "translate", "units", "axis_labels")
    flat = {name: value[-2:] if name in placing else value for name, value in kwargs.items()}
    return np.asarray(data)[0], flat, kind


def _colour(layer: Layer) -> None:
    from napari.utils.colormaps import DirectLabelColormap

    from napari_insitu_tem.figures.style import PALETTE

    if not isinstance(layer, Labels):
        return
    if layer.ndim == 2:
        layer.colormap = DirectLabelColormap(color_dict=_CHANGES)
        layer.opacity = 0.9
        return
    colours: dict[int | None, Any] = {None: "white", 0: "transparent"}
    colours |= dict(enumerate(PALETTE, start=1))
    layer.colormap = DirectLabelColormap(color_dict=colours)
    layer.contour = 2
