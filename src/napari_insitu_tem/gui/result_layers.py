"""Results into the viewer: made once, updated by later runs, nothing of the user's lost."""

from __future__ import annotations

from typing import Any

from napari.layers import Labels, Layer, Points, Tracks

from napari_insitu_tem.gui.carry_over import carry_over
from napari_insitu_tem.gui.label_editor import editor_of
from napari_insitu_tem.gui.layers import KEY
from napari_insitu_tem.results import Segmentation

__all__ = ["show_layers"]


def show_layers(viewer: Any, tuples: list[Any], earlier: list[Layer]) -> list[Layer]:
    """Show layer tuples, updating the `earlier` layers of the same kinds where there are.

    Corrections by hand are carried over to fresh masks of the same movie. Where that cannot
    be (another shape, or track numbers that mean something else now), the corrected layer is
    left as it is, under a new name, and a fresh one is made beside it.
    """
    shown = []
    reusable = list(earlier)
    tracked = any(kind == "tracks" for _, _, kind in tuples)
    for data, given, kind in tuples:
        # What napari takes only of a layer that is there.
        kwargs = {name: value for name, value in given.items() if name != "contour"}
        old = next((layer for layer in reusable if layer._type_string == kind), None)
        if old is not None:
            reusable.remove(old)
        if isinstance(old, Labels) and old.metadata.get("corrected"):
            carried = None if tracked else _carried(old, kwargs)
            if carried is not None:
                data = carried.labels
                metadata = {KEY: carried, "corrected": carried.corrected}
                _update(old, data, {**kwargs, "metadata": metadata})
                shown.append(old)
                continue
            old.name = f"{old.name} (corrected by hand)"
            old = None
        if old is None:
            old = viewer.add_layer(Layer.create(data, kwargs, kind))
            if "contour" in given:
                old.contour = given["contour"]
        else:
            _update(old, data, kwargs)
        shown.append(old)
        if isinstance(old, Labels) and not old.metadata.get("preview"):
            editor_of(old)  # from now on, what is painted in it is marked as corrected
    return shown


def _carried(old: Labels, kwargs: dict[str, Any]) -> Segmentation | None:
    fresh = kwargs.get("metadata", {}).get(KEY)
    if not isinstance(fresh, Segmentation) or fresh.labels.shape != old.data.shape:
        return None
    return carry_over(old, fresh)


def _update(layer: Layer, data: Any, kwargs: dict[str, Any]) -> None:
    if isinstance(layer, Tracks):
        # The graph must fit the data at all times, and new data wipes the features.
        layer.graph = {}
        layer.data = data
        layer.features = kwargs["features"]
        layer.graph = kwargs["graph"]
    elif isinstance(layer, Points):
        layer.data = data
        layer.features = kwargs["features"]
    else:
        layer.data = data
    for name in ("scale", "translate", "units", "axis_labels"):
        if name in kwargs:
            setattr(layer, name, kwargs[name])
    layer.metadata = kwargs.get("metadata", {})
    if "contrast_limits" in kwargs and KEY in layer.metadata:
        layer.contrast_limits = kwargs["contrast_limits"]
