"""The Thon rings dock: the rings of the frame that is shown, and the lens over time."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton

from napari_insitu_tem.analysis.fourier.regions import regions_to_text
from napari_insitu_tem.analysis.fourier.thon import averaged
from napari_insitu_tem.analysis.fourier.thon_fit import ThonFit
from napari_insitu_tem.analysis.fourier.window import FourierError
from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.drawn_rectangle import DrawnRectangle
from napari_insitu_tem.gui.layers import movie_from_layer
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.radial_view import RadialView
from napari_insitu_tem.gui.result_plots import ResultPlots
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.gui.thon_view import ThonPicture, ThonView, curves_of, picture_of
from napari_insitu_tem.settings import Settings
from napari_insitu_tem.tasks.thon import Thon, ThonSettings, region_of, rings_of

if TYPE_CHECKING:
    import napari

    from napari_insitu_tem.movie import Movie

__all__ = ["ThonDock"]

_DELAY_MS = 120
_PLOTS = {"thon": "Defocus", "astigmatism": "Astigmatism", "rings": "Rings, all frames"}


class ThonDock(TaskPanel):
    """The task `thon`, by point and click, with rings that follow the slider."""

    loads_ahead = ("napari_insitu_tem.gui.plot_canvas", "scipy.optimize", "scipy.stats")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "thon", hidden=("region",))
        self.found: Thon | None = None
        self.region = DrawnRectangle(self.viewer, "Film", self.refresh)
        self._shown: weakref.ref[Layer] | None = None
        self._fitting = Background(self)
        self._fitting.finished.connect(self._show_fit)
        self._fitting.failed.connect(self._show_nothing)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self._fit)
        self._build_live()
        self.plots = ResultPlots("Run Thon rings first.", _PLOTS)
        self.plots.said.connect(lambda text, error: self.say(text, error=error))
        self.extras.addWidget(self.plots)
        self.form.changed.connect(self.refresh)
        self._chooser.changed.connect(self.refresh)
        listen(
            self,
            (self.viewer.dims.events.current_step, self._moved),
            at_end=(self._fitting.cancel,),
        )
        self.refresh()

    # -- what the user does ----------------------------------------------------------------

    def draw_region(self) -> None:
        """Put a rectangle over the movie, to be dragged to where film is."""
        image = self.input_layer()
        if not isinstance(image, Image):
            self.say(f"There is no movie yet: {self._advice()}", error=True)
            return
        size = np.array(image.data.shape[-2:])
        self.region.show(image, 0.25 * size, 0.75 * size)
        self.say("Drag the rectangle, or its handles, to where amorphous film is. Then Run.")

    def use_whole_frame(self) -> None:
        """Forget the drawn region."""
        self.region.hide()
        self.refresh()

    def settings(self) -> Settings:
        """Return the settings to run with, with the drawn region."""
        image = self.input_layer()
        corners = self.region.corners(image) if isinstance(image, Image) else None
        text = regions_to_text([corners]) if corners is not None else ""
        return ThonSettings.from_dict({**self.form.value().to_dict(), "region": text})

    def show_result(self, result: Thon, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Plot the course; there are no layers to show."""
        layers = super().show_result(result, [], source)
        self.found = result
        self._shown = weakref.ref(source) if source is not None else None
        self.plots.show_drawings(result.drawings())
        self._mark()
        self.say(result.message)
        return layers

    def refresh(self, *_: Any) -> None:
        """Fit the shown frame again soon; many calls in a row count as one."""
        self._timer.start()

    # -- the rings of the shown frame ------------------------------------------------------

    def _build_live(self) -> None:
        buttons = QHBoxLayout()
        for name, title, tip, action in (
            ("draw_region", "Draw region", "Drag a rectangle to where amorphous film is.",
             self.draw_region),
            ("whole_frame", "Whole frame", "Forget the region.", self.use_whole_frame),
        ):  # fmt: skip
            button = QPushButton(title)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(action)
            buttons.addWidget(button)
        self.extras.addLayout(buttons)
        self.rings = ThonView()
        self.radial = RadialView()
        self.radial.setToolTip("Power over its background, averaged along the fitted rings.")
        self.words = QLabel()
        self.words.setObjectName("rings_found")
        self.words.setWordWrap(True)
        for widget in (self.rings, self.radial, self.words):
            self.extras.addWidget(widget)

    def _fit(self) -> None:
        if self._fitting.running:
            self._timer.start()
            return
        image = self.input_layer()
        if not isinstance(image, Image):
            self._show_nothing("")
            return
        try:
            movie, settings = movie_from_layer(image), self.settings()
        except ValueError as error:
            self._show_nothing(plain_words(error))
            return
        index = shown_frame(self.viewer, image)
        self._fitting.start(lambda _: _fitted(movie, index, settings))

    def _show_fit(self, found: tuple[ThonPicture, ThonFit | None, str]) -> None:
        picture, fit, words = found
        self.rings.show_picture(picture)
        self.radial.show_picture(None if fit is None else curves_of(fit))
        self.radial.setVisible(fit is not None)
        self.words.setText(words)

    def _show_nothing(self, words: str) -> None:
        self.rings.show_picture(None)
        self.radial.show_picture(None)
        self.words.setText(words)

    def _moved(self, _: Any = None) -> None:
        self.refresh()
        self._mark()

    def _mark(self) -> None:
        layer = self._shown() if self._shown is not None else None
        if layer is not None and layer in self.viewer.layers:
            self.plots.mark(None, shown_frame(self.viewer, layer))


def _fitted(
    movie: Movie, index: int, settings: Settings
) -> tuple[ThonPicture, ThonFit | None, str]:
    """Return the picture of a frame's spectrum, its fit, and both in words."""
    assert isinstance(settings, ThonSettings)
    mask = region_of(movie, settings)
    half = settings.frames // 2
    near = range(max(index - half, 0), min(index + half + 1, movie.n_frames))
    spectrum = averaged([movie.frame(each) for each in near], mask, size=settings.window)
    assert movie.pixel_size is not None
    fit: ThonFit | None = None
    try:
        fit = rings_of(spectrum, movie, settings)
        words = (
            f"Defocus {fit.lens.defocus:.1f} ± {fit.defocus_error:.1f} nm; astigmatism "
            f"{fit.lens.astigmatism:.1f} ± {fit.astigmatism_error:.1f} nm at "
            f"{fit.lens.angle:.0f} ± {fit.angle_error:.0f}°; score {fit.score:.2f}, "
            f"{fit.rings} rings."
        )
    except FourierError as error:
        words = plain_words(error)
    return picture_of(spectrum, fit, settings.optics, movie.pixel_size), fit, words
