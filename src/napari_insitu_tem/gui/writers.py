"""File → Save: image and label layers as OME-TIFF or OME-Zarr with their calibration."""

from __future__ import annotations

from typing import Any

from napari.layers import Layer

from napari_insitu_tem.gui.layers import movie_from_layer, result_of
from napari_insitu_tem.io import write
from napari_insitu_tem.results import Segmentation, Tracking

__all__ = ["write_image", "write_labels"]


def write_image(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write an image layer as a movie; return the files written."""
    layer = Layer.create(data, dict(meta), "image")
    return [str(write.write_movie(movie_from_layer(layer), path))]


def write_labels(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a labels layer as masks; return the files written."""
    layer = Layer.create(data, dict(meta), "labels")
    shown = result_of(layer)
    if isinstance(shown, Tracking):
        shown = shown.segmentation.replace(provenance=shown.history())
    if isinstance(shown, Segmentation) and shown.labels.shape == layer.data.shape:
        corrected = frozenset(layer.metadata.get("corrected", shown.corrected))
        masks = shown.replace(labels=layer.data, corrected=corrected)
        return [str(write.write_labels(masks, path))]
    calibrated = movie_from_layer(layer)
    written = write.write_labels(
        layer.data,
        path,
        pixel_size=calibrated.pixel_size,
        frame_time=calibrated.frame_time,
        origin=calibrated.origin,
        name=layer.name,
    )
    return [str(written)]
