"""Where most happens, over the live picture: the map, and the numbered regions."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Points

from napari_insitu_tem.gui.kept_layers import KeptLayers, replace_pixels
from napari_insitu_tem.live.activity import Activity

__all__ = ["ACTIVITY", "REGIONS", "LiveActivity"]

ACTIVITY, REGIONS = "live [activity]", "live [regions]"
#: Stands out from grey and from all colours of the map.
_COLOUR = "#00e5ff"


class LiveActivity(KeptLayers):
    """Shows maps of activity over the raw picture, in layers that stay the same objects.

    A pixel of the map is a window; it lies where the window's middle is.
    """

    def show(self, activity: Activity | None) -> None:
        """Show a map and its regions; None empties both."""
        if activity is None:
            self._empty()
            return
        self._show_map(activity)
        self._show_regions(activity)

    # -- inside ----------------------------------------------------------------------------

    def _show_map(self, activity: Activity) -> None:
        layer = self.alive(ACTIVITY)
        placing = _placing(activity, activity.grid.spacing, activity.grid.first_centre)
        if layer is None:
            if self.is_deleted(ACTIVITY):
                return
            layer = Image(
                activity.map.copy(),
                name=ACTIVITY,
                colormap="inferno",
                blending="additive",
                opacity=0.7,
                # The variance squared spans decades; without this only its summit is seen.
                gamma=0.5,
                contrast_limits=activity.limits,
                metadata={"preview": True},
                **placing,
            )
            self.add(ACTIVITY, layer)
        else:
            replace_pixels(layer, activity.map)
            _place(layer, placing)
        self.set_limits(ACTIVITY, layer, activity.limits)

    def _show_regions(self, activity: Activity) -> None:
        layer = self.alive(REGIONS)
        edge, regions = activity.grid.edge, activity.regions
        places = np.array([(region.y, region.x) for region in regions]).reshape(-1, 2)
        numbers = np.arange(1, len(regions) + 1)
        placing = _placing(activity, 1.0, 0.0)
        if layer is None:
            if self.is_deleted(REGIONS):
                return
            layer = Points(
                places,
                name=REGIONS,
                symbol="square",
                size=edge,
                face_color="transparent",
                border_color=_COLOUR,
                border_width=0.04,
                features={"number": numbers},
                text={"string": "{number}", "size": 18, "color": _COLOUR},
                metadata={"preview": True},
                **placing,
            )
            layer.editable = False
            self.add(REGIONS, layer)
            return
        layer.selected_data = set()
        layer.current_size = edge
        layer.data = places
        layer.size = edge
        layer.features = {"number": numbers}
        _place(layer, placing)

    def _empty(self) -> None:
        image, points = self.alive(ACTIVITY), self.alive(REGIONS)
        if image is not None:
            replace_pixels(image, np.zeros_like(image.data))
        if points is not None:
            points.selected_data = set()
            points.data = np.zeros((0, 2))


def _placing(activity: Activity, spacing: float, first: float) -> dict[str, Any]:
    """Return scale and place of what is so many pixels of the frame apart, and begins there."""
    size = activity.pixel_size or 1.0
    return {
        "scale": (size * spacing, size * spacing),
        "translate": (size * first, size * first),
        "units": ("nm", "nm") if activity.pixel_size else ("pixel", "pixel"),
    }


def _place(layer: Any, placing: dict[str, Any]) -> None:
    for name, value in placing.items():
        if tuple(getattr(layer, name)) != value:
            setattr(layer, name, value)
