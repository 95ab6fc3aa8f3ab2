"""The shown frame's time and temperature, written on the canvas."""

from __future__ import annotations

import weakref
from typing import Any

from napari.layers import Layer

from napari_insitu_tem.gui.layers import result_of
from napari_insitu_tem.gui.session import own_viewer
from napari_insitu_tem.gui.shown_frame import shown_frame
from napari_insitu_tem.io.readings import clock_text, reading_of
from napari_insitu_tem.movie import Movie

__all__ = ["FrameReadout", "movie_of", "readout_of"]


def movie_of(layer: Layer) -> Movie | None:
    """Return the movie that a layer of this plugin shows or belongs to."""
    result = result_of(layer)
    movie = result if isinstance(result, Movie) else getattr(result, "movie", None)
    return movie if isinstance(movie, Movie) else None


class FrameReadout:
    """Keeps napari's text overlay at the shown frame, while it is on.

    The selected layer's movie counts if it has a log, otherwise the topmost visible one that
    has. Where there is none the text is empty; a text that someone else wrote stays.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose overlay.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = weakref.ref(viewer)
        self._written = ""
        self.on = False
        self.column: str | None = None
        for event in self._events(viewer):
            event.connect(self.update)

    def switch(self, on: bool) -> None:
        """Show the readout, or take it away."""
        self.on = on
        viewer = self._viewer()
        if viewer is not None and on:
            viewer.text_overlay.position = "top_left"
            viewer.text_overlay.font_size = 14
            viewer.text_overlay.visible = True
        elif viewer is not None and viewer.text_overlay.text == self._written:
            viewer.text_overlay.visible = False
        self.update()

    def update(self, _: Any = None) -> None:
        """Write the text of the frame that is shown now."""
        viewer = self._viewer()
        if viewer is None:
            return
        text = self.text() if self.on else ""
        if self.on or viewer.text_overlay.text == self._written:
            viewer.text_overlay.text = text
            self._written = text

    def text(self) -> str:
        """Return what belongs on the canvas now."""
        viewer = self._viewer()
        layer = self._layer(viewer) if viewer is not None else None
        movie = movie_of(layer) if layer is not None else None
        if layer is None or movie is None:
            return ""
        index = min(shown_frame(viewer, layer), movie.n_frames - 1)
        words, times = [], movie.time
        if times is not None:
            frame_time = movie.frame_time
            words.append(clock_text(times[index], frame_time=frame_time, last=times[-1]))
        try:
            reading = reading_of(movie, self.column)
        except ValueError:
            reading = reading_of(movie)  # this layer's log lacks what another's has
        if reading is not None:
            words.append(reading.text(index))
        return "   ".join(words)

    def _layer(self, viewer: Any) -> Layer | None:
        active = viewer.layers.selection.active
        visible = [layer for layer in reversed(viewer.layers) if layer.visible]
        for layer in [*([active] if active is not None else []), *visible]:
            movie = movie_of(layer)
            if movie is not None and movie.frames is not None:
                return layer
        return None

    @staticmethod
    def _events(viewer: Any) -> tuple[Any, ...]:
        return (
            viewer.dims.events.point,
            viewer.layers.events.inserted,
            viewer.layers.events.removed,
            viewer.layers.selection.events.active,
        )


_readouts: dict[int, FrameReadout] = {}


def readout_of(viewer: Any) -> FrameReadout:
    """Return the viewer's readout; the same one each time."""
    viewer = own_viewer(viewer)
    key = id(viewer.layers)
    if key not in _readouts:
        _readouts[key] = FrameReadout(viewer)
        weakref.finalize(viewer.layers, _readouts.pop, key, None)
    return _readouts[key]
