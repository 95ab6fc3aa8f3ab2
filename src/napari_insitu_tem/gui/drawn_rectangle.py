"""DrawnRectangle: one rectangle that a dock lays over a movie, to be dragged and read."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from napari.layers import Image, Shapes

from napari_insitu_tem.gui.guides import (
    guide_corners,
    hide_guide,
    rectangle_corners,
    rectangle_edges,
    show_guide,
)

__all__ = ["Box", "DrawnRectangle"]


class Box(NamedTuple):
    """The pixels of a frame whose centres are inside a rectangle."""

    top: int
    left: int
    height: int
    width: int


class DrawnRectangle:
    """A rectangle over a movie; a dock has one for each purpose.

    Parameters
    ----------
    viewer : napari.Viewer
        Where it lies.
    name : str
        Of its layer.
    changed : callable
        Called without arguments whenever it is dragged, shown or hidden.
    """

    def __init__(self, viewer: Any, name: str, changed: Callable[[], None]) -> None:
        self.viewer, self.name, self._changed = viewer, name, changed
        self._layer: weakref.ref[Shapes] | None = None

    @property
    def layer(self) -> Shapes | None:
        """Its layer, while it is there and shown."""
        layer = self._layer() if self._layer is not None else None
        there = layer is not None and layer in self.viewer.layers and layer.visible
        return layer if there else None

    def show(self, image: Image, low: Any, high: Any) -> None:
        """Lay it over an image, from corner `low` to corner `high` (y, x in pixels)."""
        earlier = self._layer() if self._layer is not None else None
        corners = rectangle_corners(low, high)
        layer = show_guide(self.viewer, image, "rectangle", corners, self.name, earlier)
        if layer is not earlier:
            layer.events.data.connect(self._dragged)
            layer.events.visible.connect(self._dragged)
            self._layer = weakref.ref(layer)
        self._changed()

    def hide(self) -> None:
        """Take it out of sight, so that it no longer counts."""
        layer = self.layer
        if layer is not None:
            hide_guide(layer)

    def corners(self, image: Image) -> np.ndarray | None:
        """Return its corners (4, 2) as y, x in pixels of an image; None when it is not shown."""
        layer = self.layer
        return None if layer is None else guide_corners(layer, image)

    def box(self, image: Image) -> Box | None:
        """Return the pixels of an image that are inside; None when it is not shown."""
        layer = self.layer
        edges = None if layer is None else rectangle_edges(layer, image)
        if edges is None:
            return None
        top, bottom, left, right = edges
        height, width = image.data.shape[-2:]
        return Box(top, left, height - top - bottom, width - left - right)

    def _dragged(self, _: Any = None) -> None:
        self._changed()
