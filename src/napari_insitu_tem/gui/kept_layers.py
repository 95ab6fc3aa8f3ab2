"""Layers that are updated in place for as long as something runs."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.layers import Image, Layer

__all__ = ["KeptLayers", "replace_pixels"]


class KeptLayers:
    """Layers by name, made when first asked for; one that the user deleted stays deleted.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they are shown.
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self._layers: dict[str, weakref.ref[Layer]] = {}
        self._limits: dict[str, tuple[float, float]] = {}

    def begin(self) -> None:
        """Let layers that are gone be made anew, and find limits afresh."""
        self._layers = {
            name: layer for name, layer in self._layers.items() if self.alive(name) is not None
        }
        self._limits = {}

    def alive(self, name: str) -> Any:
        """Return the layer of a name; None where there is none, or none any more."""
        reference = self._layers.get(name)
        layer = reference() if reference is not None else None
        return layer if layer is not None and layer in self.viewer.layers else None

    def is_deleted(self, name: str) -> bool:
        """Return whether the user deleted a layer."""
        return name in self._layers and self.alive(name) is None

    def add(self, name: str, layer: Layer) -> None:
        """Add a layer; the user's choice among the layers stays."""
        active = self.viewer.layers.selection.active
        self.viewer.add_layer(layer)
        self._layers[name] = weakref.ref(layer)
        if active is not None and active in self.viewer.layers:
            self.viewer.layers.selection.active = active

    def set_limits(self, name: str, layer: Image, limits: tuple[float, float]) -> None:
        """Set contrast limits, unless the user has set others."""
        ours = self._limits.get(name)
        if ours is not None and not np.allclose(ours, layer.contrast_limits):
            return  # the user's own
        if ours != limits:
            low, high = layer.contrast_limits_range
            layer.contrast_limits_range = min(low, limits[0]), max(high, limits[1])
            layer.contrast_limits = limits
            self._limits[name] = limits


def replace_pixels(layer: Any, pixels: np.ndarray) -> None:
    """Give a layer other pixels, without what napari does for a change of layer data."""
    if layer.data.shape != pixels.shape or layer.data.dtype != pixels.dtype:
        layer.data = pixels.copy()
        return
    np.copyto(layer.data, pixels)
    layer.refresh(thumbnail=False, highlight=False, extent=False)
