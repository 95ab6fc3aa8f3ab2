"""The Calibrate dock: the form, and a scale bar, a banner and a crop by mouse."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image, Layer, Shapes
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton

from napari_insitu_tem.analysis.scale_bar import Banner, ScaleBar, find_banner, find_scale_bar
from napari_insitu_tem.gui.background import Background, plain_words
from napari_insitu_tem.gui.guides import (
    hide_guide,
    line_length,
    place_guide,
    rectangle_corners,
    rectangle_edges,
    show_guide,
)
from napari_insitu_tem.gui.layers import KEY, calibration_kwargs, movie_from_layer
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.gui.task_panel import TaskPanel
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.tasks.calibrate import CalibrateSettings

if TYPE_CHECKING:
    import napari

__all__ = ["CalibrateDock", "calibration_words"]

_Reader = Callable[[Shapes, Image], None]
_EDGES = ("crop_top", "crop_bottom", "crop_left", "crop_right")
#: What only says how large and how long things are, and leaves the frames as they are.
_UNITS = ("pixel_size", "frame_time", "dose", "scale_bar_length", "scale_bar_pixels")


class CalibrateDock(TaskPanel):
    """The calibrate task, by point and click.

    Setting units alone calibrates the layer itself. A crop, cut or bin makes a new layer; the
    old one is calibrated too, so that both have the same units, and hidden.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__(viewer, "calibrate")
        self._guides: dict[str, weakref.ref[Shapes]] = {}
        self._readers: dict[str, Callable[[Shapes], None]] = {}
        self._finder = Background(self)
        self._finder.finished.connect(self._show_found)
        self._finder.failed.connect(lambda text: self.say(text, error=True))
        self._now = QLabel()
        self._now.setWordWrap(True)
        self._now.setObjectName("now")
        self.extras.addWidget(self._now)
        buttons = QGridLayout()
        for place, (name, title, tip, action) in enumerate(
            (
                ("find_bar", "Find scale bar", "Look for a burned-in scale bar in the shown frame.",
                 self.find_scale_bar),
                ("draw_bar", "Draw a line over it", "Drag the ends of a line to those of the "
                 "scale bar, then enter what is printed at it.", self.draw_line),
                ("find_banner", "Find banner", "Propose the crop that removes a burned-in banner "
                 "or border.", self.find_banner),
                ("draw_crop", "Crop to rectangle", "Drag a rectangle to what shall stay.",
                 self.draw_rectangle),
                ("first", "Begin at this frame", "Cut away the frames before the shown one.",
                 lambda: self._cut("first_frame")),
                ("last", "End at this frame", "Cut away the frames after the shown one.",
                 lambda: self._cut("last_frame")),
            )
        ):  # fmt: skip
            button = QPushButton(title)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.clicked.connect(action)
            buttons.addWidget(button, place // 2, place % 2)
        self.extras.addLayout(buttons)
        self._chooser.changed.connect(self.show_current)
        finder = self._finder
        self.destroyed.connect(lambda: finder.cancel())
        self.show_current()

    # -- what the user does ----------------------------------------------------------------

    def show_current(self, *_: Any) -> None:
        """Say the chosen movie's calibration in words."""
        layer = self.input_layer()
        try:
            text = f"Now: {calibration_words(movie_from_layer(layer))}" if layer is not None else ""
        except ValueError as error:
            text = plain_words(error)
        self._now.setText(text)
        self._now.setVisible(bool(text))

    def find_scale_bar(self) -> None:
        """Look for a scale bar in the shown frame, and mark it."""
        self._find(find_scale_bar)

    def find_banner(self) -> None:
        """Propose the crop that removes a banner, and mark what stays."""
        self._find(find_banner)

    def draw_line(self) -> None:
        """Put a line over the movie whose length is the scale bar's."""
        layer = self._image()
        if layer is None:
            return
        height, width = layer.data.shape[-2:]
        at = np.array([[0.9 * height, 0.1 * width], [0.9 * height, 0.35 * width]])
        self._show_line(layer, at)
        self.say("Drag the ends of the line to those of the scale bar, and enter what it says.")

    def draw_rectangle(self) -> None:
        """Put a rectangle over the movie whose inside stays."""
        layer = self._image()
        if layer is None:
            return
        height, width = layer.data.shape[-2:]
        edges = [self.form.editor(name).value() for name in _EDGES]
        if not any(edges):
            edges = [height // 10, height // 10, width // 10, width // 10]
        self._show_rectangle(layer, *edges)
        self.say("Drag the rectangle, or its handles, to what shall stay.")

    def show_result(self, result: Movie, tuples: list[Any], source: Layer | None) -> list[Layer]:
        """Calibrate the layer itself; show what was cropped, cut or binned in another."""
        settings = CalibrateSettings.from_dict(result.provenance.steps[-1].settings)
        units = CalibrateSettings(**{name: getattr(settings, name) for name in _UNITS})
        for guide in self._shown_guides():
            hide_guide(guide)
        layers = [source] if source is not None else []
        if source is not None and source in self.viewer.layers and not settings.time_axis:
            self._calibrate_source(source, result, settings, units)
        if settings != units or source is None or source not in self.viewer.layers:
            layers = super().show_result(result, tuples, source)
            if source is not None and source in self.viewer.layers:
                source.visible = False
                # Running again is to redo this, not to crop what was cropped.
                self._chooser.value = source
        self.viewer.reset_view()
        self.show_current()
        self.say(f"Done: {calibration_words(result)}")
        return layers

    # -- inside ----------------------------------------------------------------------------

    def _calibrate_source(
        self, source: Layer, result: Movie, settings: CalibrateSettings, units: CalibrateSettings
    ) -> None:
        """Give the movie that was opened the same units, with a history that says so."""
        movie = movie_from_layer(source).replace(
            pixel_size=result.pixel_size and result.pixel_size / settings.bin,
            frame_time=result.frame_time and result.frame_time / settings.bin_frames,
            dose=result.dose and result.dose / settings.bin_frames,
            provenance=_history_of_units(result.provenance, units),
        )
        for name, value in calibration_kwargs(movie).items():
            setattr(source, name, value[-source.ndim :])
        source.metadata = {**source.metadata, KEY: movie}
        for guide in self._shown_guides():
            place_guide(guide, source)

    def _image(self) -> Image | None:
        layer = self.input_layer()
        if layer is None:
            self.say(f"There is no movie yet: {self._advice()}", error=True)
        return layer

    def _find(self, function: Any) -> None:
        layer = self._image()
        if layer is None or self._finder.running:
            return
        index = shown_frame(self.viewer, layer)
        try:
            movie = movie_from_layer(layer)
        except ValueError as error:
            self.say(plain_words(error), error=True)
            return
        layer_reference = weakref.ref(layer)
        self.say("Looking …")
        self._finder.start(lambda job: (layer_reference, function(movie.frame(index))))

    def _show_found(self, found: tuple[weakref.ref[Image], ScaleBar | Banner | None]) -> None:
        layer = found[0]()
        if layer is None or layer not in self.viewer.layers:
            return
        if isinstance(found[1], Banner):
            self._show_banner(layer, found[1])
            return
        bar = found[1]
        if bar is None:
            self.say("No scale bar was found in this frame. Draw a line over it.", error=True)
            return
        ends = np.array([[bar.y, bar.x - 0.5], [bar.y, bar.x + bar.length - 0.5]])
        self._show_line(layer, ends)
        self.form.editor("scale_bar_pixels").setValue(bar.length)
        self.say(f"Found a scale bar of {bar.length:.4g} px. Enter the length printed at it.")
        self.form.editor("scale_bar_length").setFocus()

    def _show_banner(self, layer: Image, banner: Banner) -> None:
        if not banner:
            self.say("No banner or border was found in this frame.", error=True)
            return
        edges = dataclasses.astuple(banner)
        self._show_rectangle(layer, *edges)
        words = [
            f"{pixels} px at the {edge}"
            for pixels, edge in zip(edges, ("top", "bottom", "left", "right"), strict=True)
            if pixels
        ]
        self.say(f"Found {', '.join(words)} to crop away. Run to do so.")

    def _show_line(self, layer: Image, ends: np.ndarray) -> None:
        def read(guide: Shapes, image: Image) -> None:
            length = line_length(guide, image)
            if length:
                self.form.editor("scale_bar_pixels").setValue(length)

        self._show_guide("line", layer, ends, "scale bar line", read)

    def _show_rectangle(self, layer: Image, top: int, bottom: int, left: int, right: int) -> None:
        height, width = layer.data.shape[-2:]
        low, high = (top - 0.5, left - 0.5), (height - bottom - 0.5, width - right - 0.5)
        corners = rectangle_corners(low, high)

        def read(guide: Shapes, image: Image) -> None:
            edges = rectangle_edges(guide, image)
            for name, value in zip(_EDGES, edges or (), strict=False):
                self.form.editor(name).setValue(value)

        self._show_guide("rectangle", layer, corners, "crop rectangle", read)

    def _show_guide(
        self, kind: str, layer: Image, corners: np.ndarray, name: str, read: _Reader
    ) -> None:
        """Show a guide, and read it into the form whenever it is dragged."""
        earlier = self._guides.get(kind, lambda: None)()
        self._readers[kind] = lambda guide: None  # it is being moved by us, not dragged
        guide = show_guide(self.viewer, layer, kind, corners, name, earlier)
        image = weakref.ref(layer)

        def read_guide(guide: Shapes) -> None:
            shown = image()
            if shown is not None and guide.visible:
                read(guide, shown)

        self._readers[kind] = read_guide
        if guide is not earlier:
            self._guides[kind] = weakref.ref(guide)
            guide.events.data.connect(lambda _=None: self._readers[kind](guide))
        read_guide(guide)

    def _cut(self, name: str) -> None:
        layer = self._image()
        if layer is not None:
            self.form.editor(name).setValue(shown_frame(self.viewer, layer))

    def _shown_guides(self) -> list[Shapes]:
        guides = (reference() for reference in self._guides.values())
        return [guide for guide in guides if guide is not None and guide in self.viewer.layers]


def calibration_words(movie: Movie) -> str:
    """Say a movie's extent and calibration in a sentence."""
    height, width = movie.frame_shape
    known = [
        f"{movie.pixel_size:.4g} nm a pixel" if movie.pixel_size else "no pixel size",
        f"{movie.frame_time:.4g} s a frame" if movie.frame_time else "no frame time",
        f"{movie.dose:.4g} e/Å² a frame" if movie.dose else "no dose",
    ]
    frames = "1 frame" if movie.n_frames == 1 else f"{movie.n_frames} frames"
    return f"{', '.join(known)}; {frames} of {width} × {height} px."


def _history_of_units(history: Provenance, units: CalibrateSettings) -> Provenance:
    last = dataclasses.replace(history.steps[-1], settings=units.to_dict())
    return dataclasses.replace(history, steps=(*history.steps[:-1], last))
