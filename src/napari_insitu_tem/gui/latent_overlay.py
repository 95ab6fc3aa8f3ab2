"""What the latent explorer puts over the movie: a map, the clusters, and the chosen window."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer, Points

from napari_insitu_tem.analysis.windows import WindowGrid

__all__ = ["LatentOverlay"]

_MINE = {"preview": True}  # nothing for others to work on


class LatentOverlay:
    """Layers over one movie, made when first asked for and moved from then on.

    A pixel of a map is a window; it lies where the window's middle is.

    Parameters
    ----------
    viewer : napari.Viewer
        Where.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._layers: dict[str, weakref.ref[Layer]] = {}

    def show_map(
        self, source: Layer, grid: WindowGrid, values: np.ndarray, name: str, *, signed: bool
    ) -> Image:
        """Show a map (rows, columns) over the movie `source`."""
        high = float(np.abs(values).max(initial=0)) or 1.0
        settings = {
            "name": name,
            "contrast_limits": (-high if signed else 0.0, high),
            "colormap": "PiYG" if signed else "inferno",
            **_placing(source, grid),
        }
        layer = self._known("map")
        if layer is None:
            layer = Image(
                values, metadata=_MINE, blending="translucent" if signed else "additive",
                opacity=0.8, **settings,
            )  # fmt: skip
            self._add("map", layer)
        else:
            layer.data = values
            layer.contrast_limits_range = settings["contrast_limits"]
            _set(layer, settings)
            layer.blending = "translucent" if signed else "additive"
        layer.visible = True
        return layer

    def show_clusters(
        self, source: Layer, grid: WindowGrid, labels: np.ndarray, name: str
    ) -> Labels:
        """Show clusters (rows, columns) over the movie."""
        settings = {"name": name, **_placing(source, grid)}
        layer = self._known("clusters")
        if layer is None:
            layer = Labels(labels, metadata=_MINE, opacity=0.4, **settings)
            self._add("clusters", layer)
            layer.editable = False
        else:
            layer.data = labels
            _set(layer, settings)
        layer.visible = True
        return layer

    def hide_clusters(self) -> None:
        """Take the clusters out of sight."""
        layer = self._known("clusters")
        if layer is not None:
            layer.visible = False

    def show_window(self, source: Layer, grid: WindowGrid, row: int, column: int) -> Points:
        """Mark a window."""
        y, x = grid.centre(row, column)
        settings = {
            name: getattr(source, name)[-2:]
            for name in ("scale", "translate", "units", "axis_labels")
        }
        layer = self._known("window")
        if layer is None:
            layer = Points(
                np.array([[y, x]]), size=grid.edge, symbol="square", name="latent window",
                face_color="transparent", border_color="#f0e442", border_width=0.03,
                metadata=_MINE, **settings,
            )  # fmt: skip
            self._add("window", layer)
        else:
            layer.selected_data = set()
            layer.data = np.array([[y, x]])
            layer.size = grid.edge
            _set(layer, settings)
        layer.visible = True
        return layer

    def _known(self, kind: str) -> Any:
        layer = self._layers[kind]() if kind in self._layers else None
        return layer if layer is not None and layer in self._viewer.layers else None

    def _add(self, kind: str, layer: Layer) -> None:
        """Add a layer without taking the movie's place as the chosen one."""
        active = self._viewer.layers.selection.active
        self._viewer.add_layer(layer)
        if active is not None:
            self._viewer.layers.selection.active = active
        self._layers[kind] = weakref.ref(layer)


def _placing(source: Layer, grid: WindowGrid) -> dict[str, Any]:
    scale, translate = np.asarray(source.scale[-2:]), np.asarray(source.translate[-2:])
    return {
        "scale": tuple(scale * grid.spacing),
        "translate": tuple(translate + scale * grid.first_centre),
        "units": source.units[-2:],
        "axis_labels": source.axis_labels[-2:],
    }


def _set(layer: Layer, settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        setattr(layer, name, value)
