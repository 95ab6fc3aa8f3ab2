"""Results into the viewer: made once, updated by later runs, nothing of the user's lost."""

from __future__ import annotations

from typing import Any

from napari.layers import Labels, Layer, Tracks

from napari_insitu_tem.gui.layers import KEY

__all__ = ["show_layers"]


def show_layers(viewer: Any, tuples: list[Any], earlier: list[Layer]) -> list[Layer]:
    """Show layer tuples, updating the `earlier` layers of the same kinds where there are.

    A Labels layer with corrections by hand is left as it is, under a new name, and a fresh
    one is made beside it.
    """
    shown = []
    reusable = list(earlier)
    for data, kwargs, kind in tuples:
        old = next((layer for layer in reusable if layer._type_string == kind), None)
        if old is not None:
            reusable.remove(old)
        if isinstance(old, Labels) and old.metadata.get("corrected"):
            old.name = f"{old.name} (corrected by hand)"
            old = None
        if old is None:
            old = viewer.add_layer(Layer.create(data, kwargs, kind))
        else:
            _update(old, data, kwargs)
        shown.append(old)
    return shown


def _update(layer: Layer, data: Any, kwargs: dict[str, Any]) -> None:
    if isinstance(layer, Tracks):
        # The graph must fit the data at all times, and new data wipes the features.
        layer.graph = {}
        layer.data = data
        layer.features = kwargs["features"]
        layer.graph = kwargs["graph"]
    else:
        layer.data = data
    for name in ("scale", "translate", "units", "axis_labels"):
        if name in kwargs:
            setattr(layer, name, kwargs[name])
    layer.metadata = kwargs.get("metadata", {})
    if "contrast_limits" in kwargs and KEY in layer.metadata:
        layer.contrast_limits = kwargs["contrast_limits"]
