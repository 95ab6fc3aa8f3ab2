"""Regions drawn over a movie as shapes: rectangles, ellipses and polygons, one a region."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.layers import Image, Shapes

from napari_insitu_tem.gui.guides import hide_guide, place_guide, rectangle_corners, show_guide

__all__ = ["DrawnRegions"]

_NAME = "Fourier regions"
_AREAS = ("rectangle", "ellipse", "polygon")
_CORNERS = 48


class DrawnRegions:
    """The Shapes layer of a dock's regions, read in the movie's pixels.

    Parameters
    ----------
    viewer : napari.Viewer
        Where it lies.
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self._layer: weakref.ref[Shapes] | None = None

    @property
    def layer(self) -> Shapes | None:
        """The layer, while it is there and shown."""
        layer = self._layer() if self._layer is not None else None
        there = layer is not None and layer in self.viewer.layers and layer.visible
        return layer if there else None

    def add(self, image: Image) -> tuple[Shapes, bool]:
        """Put one more rectangle over an image; returns the layer, and whether it is new."""
        height, width = image.data.shape[-2:]
        layer = self.layer
        if layer is None or not len(layer.data):
            earlier = self._layer() if self._layer is not None else None
            shown = show_guide(
                self.viewer, image, "rectangle", _corners(height, width, 0), _NAME, earlier
            )
            new = shown is not earlier
            self._layer = weakref.ref(shown)
            return shown, new
        place_guide(layer, image)
        layer.add_rectangles(
            _corners(height, width, len(layer.data)),
            edge_color="#ffd640",
            face_color="transparent",
            edge_width=max(1.0, max(height, width) / 250),
        )
        layer.selected_data = {len(layer.data) - 1}
        layer.mode = "select"
        self.viewer.layers.selection.active = layer
        return layer, False

    def hide(self) -> None:
        """Take all regions out of sight: the whole frame counts."""
        layer = self.layer
        if layer is not None:
            hide_guide(layer)

    def corners(self, image: Image) -> list[np.ndarray]:
        """Return the corners (n, 2) of every region as y, x in pixels of the image."""
        layer = self.layer
        if layer is None:
            return []
        found = []
        for data, kind in zip(layer.data, layer.shape_type, strict=True):
            if kind not in _AREAS:
                continue
            points = np.asarray(data, float)[:, -2:]
            if kind == "ellipse":
                points = _on_ellipse(points)
            world = points * layer.scale[-2:] + layer.translate[-2:]
            found.append((world - image.translate[-2:]) / image.scale[-2:])
        return found

    def chosen(self) -> int:
        """Return the index of the selected region, or of the last one."""
        layer = self.layer
        if layer is None or not len(layer.data):
            return 0
        areas = [index for index, kind in enumerate(layer.shape_type) if kind in _AREAS]
        selected = [place for place, index in enumerate(areas) if index in layer.selected_data]
        return selected[-1] if selected else max(len(areas) - 1, 0)


def _corners(height: int, width: int, number: int) -> np.ndarray:
    """Return a rectangle in the left half, the next in the right half, and so on."""
    left = 0.1 if number % 2 == 0 else 0.55
    top = 0.25 + 0.08 * (number // 2 % 4)
    low = np.array([top * height, left * width]) - 0.5
    high = low + np.array([0.4 * height, 0.35 * width])
    return rectangle_corners(low, high)


def _on_ellipse(box: np.ndarray) -> np.ndarray:
    centre, one, other = box.mean(axis=0), (box[1] - box[0]) / 2, (box[3] - box[0]) / 2
    turn = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)[:, np.newaxis]
    return centre + np.cos(turn) * one + np.sin(turn) * other
