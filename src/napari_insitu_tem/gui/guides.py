"""Guides: a line or rectangle that the user drags over a movie, read in the movie's pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Shapes

__all__ = [
    "guide_corners",
    "hide_guide",
    "line_length",
    "place_guide",
    "rectangle_corners",
    "rectangle_edges",
    "show_guide",
]


def show_guide(
    viewer: Any,
    image: Image,
    kind: str,
    corners: np.ndarray,
    name: str,
    earlier: Shapes | None = None,
) -> Shapes:
    """Show a Shapes layer with one line or rectangle over an image, ready to be dragged.

    Parameters
    ----------
    viewer : napari.Viewer
        Where.
    image : napari.layers.Image
        What it lies over; it takes its scale, place and units.
    kind : {"line", "rectangle"}
        The shape.
    corners : (n, 2) array
        As y, x in pixels of the image.
    name : str
        The layer's name.
    earlier : napari.layers.Shapes, optional
        A guide of the same kind to show again, if it is still there.
    """
    corners = np.asarray(corners, float)
    guide = earlier
    if guide is None or guide not in viewer.layers:
        guide = viewer.add_shapes(
            [corners],
            shape_type=kind,
            name=name,
            edge_color="#ffd640",
            face_color="transparent",
            edge_width=max(1.0, max(image.data.shape[-2:]) / 250),
            **_placing(image),
        )
    else:
        place_guide(guide, image)
        guide.data = [(corners, kind)]
        guide.visible = True
        viewer.layers.move(viewer.layers.index(guide), len(viewer.layers))
        viewer.layers.selection.active = guide
    # The corners of a line are dragged one by one, a rectangle as a whole or by its handles.
    guide.mode = "direct" if kind == "line" else "select"
    if kind != "line":
        guide.selected_data = {0}
    return guide


def rectangle_corners(low: Any, high: Any) -> np.ndarray:
    """Return the corners (4, 2) of the upright rectangle between two points (y, x)."""
    return np.array([low, (low[0], high[1]), high, (high[0], low[1])], float)


def place_guide(guide: Shapes, image: Image) -> None:
    """Give a guide the scale, place and units of an image."""
    for name, value in _placing(image).items():
        setattr(guide, name, value)


def hide_guide(guide: Shapes) -> None:
    """Take a guide out of sight.

    It stays in the layer list: napari 0.9 can crash when units change after a Shapes layer
    was removed, since vispy then draws from its deleted buffers.
    """
    guide.selected_data = set()
    guide.mode = "pan_zoom"
    guide.visible = False


def _placing(image: Image) -> dict[str, Any]:
    return {
        name: getattr(image, name)[-2:] for name in ("scale", "translate", "units", "axis_labels")
    }


def guide_corners(guide: Shapes, image: Image) -> np.ndarray | None:
    """Return the corners of the last shape of a guide as y, x in pixels of the image."""
    if not len(guide.data):
        return None
    corners = np.asarray(guide.data[-1], float)[:, -2:]
    world = corners * guide.scale[-2:] + guide.translate[-2:]
    return (world - image.translate[-2:]) / image.scale[-2:]


def line_length(guide: Shapes, image: Image) -> float | None:
    """Return the length of a guide's line in pixels of the image."""
    corners = guide_corners(guide, image)
    if corners is None:
        return None
    return float(np.sum(np.hypot(*np.diff(corners, axis=0).T)))


def rectangle_edges(guide: Shapes, image: Image) -> tuple[int, int, int, int] | None:
    """Return (top, bottom, left, right): pixels outside a guide's rectangle at each edge.

    A pixel whose centre is inside counts as inside.
    """
    corners = guide_corners(guide, image)
    if corners is None:
        return None
    height, width = image.data.shape[-2:]
    low = np.ceil(corners.min(axis=0) - 1e-6).astype(int)
    high = np.floor(corners.max(axis=0) + 1e-6).astype(int)
    return (
        int(np.clip(low[0], 0, height)),
        int(np.clip(height - 1 - high[0], 0, height)),
        int(np.clip(low[1], 0, width)),
        int(np.clip(width - 1 - high[1], 0, width)),
    )
