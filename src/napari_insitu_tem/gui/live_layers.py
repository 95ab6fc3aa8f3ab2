"""The live pictures as layers, updated in place: raw on the left, refined on the right."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer

from napari_insitu_tem.gui.kept_layers import KeptLayers, replace_pixels
from napari_insitu_tem.live.picture import Picture

__all__ = ["RAW", "LiveLayers"]

RAW, REFINED, MASKS = "live", "live [refined]", "live [masks]"
#: Between the two pictures, as a part of their width.
_GAP = 0.02


class LiveLayers(KeptLayers):
    """Shows pictures in layers that stay the same objects.

    A layer that the user deleted stays deleted, and contrast limits that the user changed
    are left alone, until it is begun anew.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to show them.
    """

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer)
        self._place: tuple[Any, ...] = ()

    def begin(self) -> None:
        """Make layers that are gone anew with the next picture, and find limits afresh."""
        super().begin()
        self._place = ()

    def show(self, picture: Picture) -> None:
        """Show a picture."""
        frame = picture.frame
        size, width = frame.pixel_size, frame.pixels.shape[1]
        first = not self._place
        place = (frame.pixels.shape, size)
        self._show_image(RAW, frame.pixels, picture.raw_limits, size, 0)
        self._show_image(REFINED, picture.refined, picture.refined_limits, size, width)
        if place != self._place:
            self._place = place
            masks = self.alive(MASKS)
            if masks is not None and masks.data.shape != frame.pixels.shape:
                masks.data = np.zeros(frame.pixels.shape, np.int32)
                _move(masks, size, width)
            if first:
                self.viewer.dims.ndisplay = 2
            self.viewer.reset_view()

    def show_labels(self, labels: np.ndarray) -> None:
        """Show the particles over the refined picture."""
        if not self._place or labels.shape != self._place[0]:
            return
        layer = self.alive(MASKS)
        if layer is None:
            if self.is_deleted(MASKS):
                return
            placing = _placing(self._place[1], labels.shape[1])
            layer = Labels(labels.astype(np.int32), name=MASKS, opacity=0.9, **placing)
            layer.metadata = {"preview": True}
            layer.editable = False
            self.add(MASKS, layer)
            layer.contour = 2
            return
        replace_pixels(layer, labels)

    # -- inside ----------------------------------------------------------------------------

    def _show_image(
        self,
        name: str,
        pixels: np.ndarray,
        limits: tuple[float, float],
        pixel_size: float | None,
        right: int,
    ) -> None:
        layer = self.alive(name)
        if layer is None:
            if self.is_deleted(name):
                return
            placing = _placing(pixel_size, right)
            layer = Image(pixels.copy(), name=name, contrast_limits=limits, **placing)
            layer.metadata = {"preview": True}
            self.add(name, layer)
        else:
            moved = (pixels.shape, pixel_size) != self._place
            replace_pixels(layer, pixels)
            if moved:
                _move(layer, pixel_size, right)
        self.set_limits(name, layer, limits)


def _placing(pixel_size: float | None, right: int) -> dict[str, Any]:
    """Return a layer's scale, and its place so many pixels to the right."""
    step = pixel_size or 1.0
    return {
        "scale": (step, step),
        "translate": (0.0, step * (right + round(_GAP * right))),
        "units": ("nm", "nm") if pixel_size else ("pixel", "pixel"),
    }


def _move(layer: Layer, pixel_size: float | None, right: int) -> None:
    for name, value in _placing(pixel_size, right).items():
        setattr(layer, name, value)
