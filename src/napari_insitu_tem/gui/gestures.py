"""Gestures: clicks and drawn lines on a layer of the canvas, in the layer's own pixels."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from napari.layers import Labels, Layer, Points
from psygnal import Signal

__all__ = ["Gestures", "show_frame", "shown_frame"]

#: A press that moves less than this on the screen is a click.
_STILL = 4.0


def shown_frame(viewer: Any, layer: Layer) -> int:
    """Return the frame of a (t, y, x) layer that the viewer shows; 0 of a still image."""
    if layer.ndim < 3:
        return 0
    index = round(float(layer.world_to_data(viewer.dims.point)[0]))
    return int(np.clip(index, 0, layer.data.shape[0] - 1))


def show_frame(viewer: Any, layer: Layer, frame: int) -> None:
    """Let the viewer show a frame of a (t, y, x) layer."""
    if layer.ndim > 2:
        axis = viewer.dims.ndim - layer.ndim
        viewer.dims.set_point(axis, layer.data_to_world((frame, 0, 0))[0])


class Gestures:
    """Hears clicks and drags on one Labels layer while switched on.

    A line that is being drawn, and whatever `show` is given, appears in a layer of points
    that is there as long as the gestures are on.
    """

    #: Emitted with (y, x) in the layer's pixels, and the modifier keys.
    clicked = Signal(object, object)
    #: Emitted with the corners (n, 2) of a drawn line in the layer's pixels.
    drawn = Signal(object)
    #: Emitted when the user chose another layer or one of napari's own tools.
    interrupted = Signal()

    def __init__(self, viewer: Any, layer: Labels) -> None:
        self.viewer, self.layer = viewer, layer
        self._guide: Points | None = None
        self._lines = False
        self.on = False

    def start(self, *, lines: bool) -> None:
        """Begin to listen; with `lines`, dragging draws instead of moving the view."""
        self.stop()
        self.layer.visible = True
        self.layer.mode = "pan_zoom"
        self._make_guide()
        self.viewer.layers.selection.active = self.layer
        self._lines, self.on = lines, True
        self.layer.mouse_pan = not lines
        self.layer.mouse_drag_callbacks.append(self._on_press)
        # On a Labels layer napari binds Escape itself, which goes before the viewer's keys.
        self.layer.bind_key("Escape", lambda _: self.interrupted.emit(), overwrite=True)
        self.layer.events.mode.connect(self._on_interrupt)
        self.viewer.layers.selection.events.active.connect(self._on_interrupt)
        self.viewer.layers.events.removed.connect(self._on_interrupt)

    def stop(self) -> None:
        """Listen no longer, and give the mouse back to napari."""
        if not self.on:
            return
        self.on = False
        self.layer.mouse_drag_callbacks.remove(self._on_press)
        self.layer.bind_key("Escape", None, overwrite=True)
        self.layer.events.mode.disconnect(self._on_interrupt)
        self.viewer.layers.selection.events.active.disconnect(self._on_interrupt)
        self.viewer.layers.events.removed.disconnect(self._on_interrupt)
        if self.layer.mode == "pan_zoom":
            self.layer.mouse_pan = True
        if self._guide is not None and self._guide in self.viewer.layers:
            active = self.viewer.layers.selection.active
            self.viewer.layers.remove(self._guide)
            if active in self.viewer.layers:
                self.viewer.layers.selection.active = active
        self._guide = None

    def show(self, points: np.ndarray, colour: str | np.ndarray = "yellow") -> None:
        """Show (n, 2) points, in the layer's pixels."""
        if self._guide is None or self._guide not in self.viewer.layers:
            return
        points = np.asarray(points, float).reshape(-1, 2)
        self._guide.data = np.array([self._to_world(point) for point in points]).reshape(-1, 2)
        if len(points):
            self._guide.face_color = colour
            self._guide.size = 7 / self.viewer.scene.camera.zoom

    def _make_guide(self) -> None:
        self._guide = Points(
            np.empty((0, 2)),
            name="drawing",
            units=self.layer.units[-2:],
            border_width=0,
            face_color="yellow",
            metadata={"preview": True},
        )
        self.viewer.add_layer(self._guide)

    def _to_world(self, point: np.ndarray) -> np.ndarray:
        leading = np.zeros(self.layer.ndim - 2)
        return np.asarray(self.layer.data_to_world((*leading, *point)))[-2:]

    def _to_pixels(self, event: Any) -> np.ndarray:
        return np.asarray(self.layer.world_to_data(event.position))[-2:]

    def _on_interrupt(self, _: Any = None) -> None:
        active = self.viewer.layers.selection.active
        gone = self.layer not in self.viewer.layers
        if gone or self.layer.mode != "pan_zoom" or active not in (self.layer, self._guide, None):
            self.interrupted.emit()

    def _on_press(self, _: Layer, event: Any) -> Generator[None, None, None]:
        if event.button != 1 or self.viewer.dims.ndisplay != 2:
            return
        start = np.asarray(event.pos, float)
        modifiers = tuple(getattr(key, "name", str(key)) for key in event.modifiers)
        line, moved = [self._to_pixels(event)], False
        yield
        while event.type == "mouse_move":
            moved = moved or np.linalg.norm(np.asarray(event.pos) - start) >= _STILL
            if self._lines and moved:
                line.append(self._to_pixels(event))
                self.show(_dotted(np.array(line), spacing=5 / self._screen_pixels()))
            yield
        if not moved:
            self.clicked.emit(line[0], modifiers)
        elif self._lines:
            self.show(np.empty((0, 2)))
            self.drawn.emit(np.array(line))

    def _screen_pixels(self) -> float:
        """Return how many screen pixels one pixel of the layer takes."""
        return max(1e-6, abs(float(self.layer.scale[-1])) * self.viewer.scene.camera.zoom)


def _dotted(line: np.ndarray, *, spacing: float) -> np.ndarray:
    """Return points along a line, evenly spaced."""
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.arange(0, lengths[-1], max(spacing, lengths[-1] / 400 + 1e-9))
    return np.stack([np.interp(at, lengths, line[:, axis]) for axis in (0, 1)], axis=1)
