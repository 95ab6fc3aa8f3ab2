"""The Thon rings dock: the rings of the frame that is shown, and the lens over time."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Layer, Shapes
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QPushButton

from napari_insitu_tem.analysis.fourier.regions import regions_to_text
from napari_insitu_tem.analysis.fourier.thon import averaged
from napari_insitu_tem.analysis.fourier.thon_fit import ThonFit
from napari_insitu_tem.analysis.fourier.window import FourierError
from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.guides import guide_corners, hide_guide, show_guide
from napari_insitu_tem.gui.layers import movie_from_layer
from napari_insitu_tem.gui.lifetime import listen
from napari_insitu_tem.gui.radial_view import RadialView
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
_FILTERS = "Figure (*.svg);;Picture (*.png)"
_PLOTS = {"thon": "Defocus", "astigmatism": "Astigmatism", "rings": "Rings, all frames"}


class ThonDock(TaskPanel):
    """The task `thon`, by point and click, with rings that follow the slider."""

    loads_ahead = ("napari_insitu_tem.gui.plot_canvas", "scipy.optimize", "scipy.stats")

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "thon", hidden=("region",))
        self.found: Thon | None = None
        self._canvas: Any = None
        self._guide: weakref.ref[Shapes] | None = None
        self._shown: weakref.ref[Layer] | None = None
        self._fitting = Background(self)
        self._fitting.finished.connect(self._show_fit)
        self._fitting.failed.connect(self._show_nothing)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self._fit)
        self._build_live()
        self._build_results()
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
        earlier = self._guide() if self._guide is not None else None
        height, width = image.data.shape[-2:]
        low, high = 0.25 * np.array([height, width]), 0.75 * np.array([height, width])
        corners = np.array([low, (low[0], high[1]), high, (high[0], low[1])])
        guide = show_guide(self.viewer, image, "rectangle", corners, "Film", earlier)
        if guide is not earlier:
            guide.events.data.connect(self.refresh)
            guide.events.visible.connect(self.refresh)
            self._guide = weakref.ref(guide)
        self.refresh()
        self.say("Drag the rectangle, or its handles, to where amorphous film is. Then Run.")

    def use_whole_frame(self) -> None:
        """Forget the drawn region."""
        guide = self._guide() if self._guide is not None else None
        if guide is not None and guide in self.viewer.layers:
            hide_guide(guide)
        self.refresh()

    def settings(self) -> Settings:
        """Return the settings to run with, with the drawn region."""
        image, text = self.input_layer(), ""
        guide = self._guide() if self._guide is not None else None
        if guide is not None and guide in self.viewer.layers and guide.visible:
            corners = guide_corners(guide, image) if isinstance(image, Image) else None
            text = regions_to_text([corners]) if corners is not None else ""
        return ThonSettings.from_dict({**self.form.value().to_dict(), "region": text})

    def show_result(self, result: Thon, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Plot the course; there are no layers to show."""
        layers = super().show_result(result, [], source)
        self.found = result
        self._shown = weakref.ref(source) if source is not None else None
        if self._canvas is None:
            from napari_insitu_tem.gui.plot_canvas import PlotCanvas

            self._canvas = PlotCanvas()
            self.extras.insertWidget(self.extras.indexOf(self._which) + 1, self._canvas)
        self._plot()
        self._which.show()
        self._save.show()
        self.say(result.message)
        return layers

    def save(self, path: str | Path) -> list[Path]:
        """Save the shown plot to an SVG or PNG file, with the numbers behind it as CSV.

        Raises
        ------
        ValueError
            When there is nothing to save yet, or the ending is another.
        """
        from napari_insitu_tem.figures import save_drawing

        if self.found is None:
            raise ValueError("There is no plot yet. Run Thon rings first.")
        return save_drawing(self.found.drawings()[self._which.currentData()], path)

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
        layer = self._shown() if self._shown is not None else None
        if self._canvas is not None and layer is not None and layer in self.viewer.layers:
            self._canvas.mark(None, shown_frame(self.viewer, layer))

    # -- results ---------------------------------------------------------------------------

    def _build_results(self) -> None:
        self._which = QComboBox()
        self._which.setObjectName("which_plot")
        self._which.setToolTip("What to plot.")
        for name, title in _PLOTS.items():
            self._which.addItem(title, name)
        self._which.currentIndexChanged.connect(self._plot)
        self._save = QPushButton("Save the plot …")
        self._save.setObjectName("save_plot")
        self._save.setToolTip("Save the plot as SVG or PNG, and its numbers beside it as CSV.")
        self._save.clicked.connect(self._ask_and_save)
        for widget in (self._which, self._save):
            widget.hide()
            self.extras.addWidget(widget)

    def _plot(self, _: int = 0) -> None:
        if self._canvas is not None and self.found is not None:
            self._canvas.plot(self.found.drawings()[self._which.currentData()])
            self._moved()

    def _ask_and_save(self) -> None:
        name = f"{self._which.currentData()}.svg"
        path, chosen = QFileDialog.getSaveFileName(self, "Save the plot", name, _FILTERS)
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
