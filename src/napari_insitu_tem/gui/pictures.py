"""Arrays as pictures for Qt widgets: grey, or coloured by a map."""

from __future__ import annotations

import numpy as np
from qtpy.QtGui import QImage

__all__ = ["coloured", "grey"]

_COLOURS: dict[str, np.ndarray] = {}


def grey(values: np.ndarray, low: float, high: float) -> QImage:
    """Return a picture of values (y, x) from black at `low` to white at `high`."""
    return _image(_levels(values, low, high)[..., np.newaxis].repeat(3, axis=2))


def coloured(values: np.ndarray, low: float, high: float, colours: str = "inferno") -> QImage:
    """Return a picture of values (y, x) in the colours of a napari colormap."""
    if colours not in _COLOURS:
        from napari.utils.colormaps import ensure_colormap

        shades = ensure_colormap(colours).map(np.linspace(0, 1, 256))
        _COLOURS[colours] = (255 * shades[:, :3]).astype(np.uint8)
    return _image(_COLOURS[colours][_levels(values, low, high)])


def _levels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    width = high - low
    share = (np.asarray(values, np.float32) - low) / (width if width > 0 else 1.0)
    return (255 * np.clip(share, 0, 1)).astype(np.uint8)


def _image(pixels: np.ndarray) -> QImage:
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
