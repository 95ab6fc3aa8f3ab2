"""The facts in OME-XML, the header of OME-TIFF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

import numpy as np

from napari_insitu_tem.io import calibration
from napari_insitu_tem.io.signal import Axis

__all__ = ["NAMESPACE", "images", "origin_of", "origin_text", "own"]

NAMESPACE = "napari-insitu-tem"


def images(text: str) -> list[dict[str, Any]]:
    """Return, for every image, the arguments of `tiff_tags.Facts` that the XML gives."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return []
    return [_image(root, image) for image in root.iter() if _tag(image) == "Image"]


def own(text: str) -> dict[str, str]:
    """Return what `write_movie` or `write_labels` stored in an annotation of its own."""
    try:
        return _own(ElementTree.fromstring(text))
    except ElementTree.ParseError:
        return {}


def origin_text(origin: tuple[float, float]) -> str:
    """Return a movie's origin as our annotation stores it; empty where there is none."""
    return ",".join(map(repr, origin)) if any(origin) else ""


def origin_of(own: Mapping[str, Any]) -> tuple[float, float]:
    """Return the origin that our annotation stores."""
    row, _, column = str(own.get("origin", "")).partition(",")
    return _number(row) or 0.0, _number(column) or 0.0


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _image(root: ElementTree.Element, image: ElementTree.Element) -> dict[str, Any]:
    pixels = next((part for part in image if _tag(part) == "Pixels"), None)
    date = next((part.text for part in image if _tag(part) == "AcquisitionDate"), None)
    told = _own(root)
    facts: dict[str, Any] = {
        "name": told.get("name") or image.get("Name") or "",
        "start_time": told.get("start_time") or (date or "").strip() or None,
        "dose": float(told["dose"]) if "dose" in told else None,
    }
    if pixels is None:
        return facts
    axes = {
        letter: Axis(
            letter.lower(),
            _number(pixels.get(f"PhysicalSize{letter}")),
            pixels.get(f"PhysicalSize{letter}Unit", "µm"),
        )
        for letter in "ZYX"
    }
    step = _number(pixels.get("TimeIncrement"))
    axes["T"] = Axis("t", step, pixels.get("TimeIncrementUnit", "s"))
    facts["axes"] = axes
    facts["frame_time"] = calibration.time_step(axes["T"])[0] or _from_planes(pixels)
    return facts


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _from_planes(pixels: ElementTree.Element) -> float | None:
    """Return the usual time between frames from the times of the planes."""
    times: dict[int, float] = {}
    for plane in pixels:
        if _tag(plane) == "Plane" and plane.get("TheC") == plane.get("TheZ") == "0":
            when = _number(plane.get("DeltaT"))
            unit = Axis("t", when, plane.get("DeltaTUnit", "s"))
            if when is not None and calibration.is_time(unit.unit):
                factor = calibration.time_step(Axis("t", 1.0, unit.unit))[0] or 0.0
                times[int(plane.get("TheT", "0"))] = when * factor
    ordered = [times[frame] for frame in sorted(times)]
    steps = np.diff(ordered)
    return float(np.median(steps)) if len(steps) and np.median(steps) > 0 else None


def _own(root: ElementTree.Element) -> dict[str, str]:
    for annotation in root.iter():
        if _tag(annotation) == "MapAnnotation" and annotation.get("Namespace") == NAMESPACE:
            return {
                str(entry.get("K")): entry.text or ""
                for entry in annotation.iter()
                if _tag(entry) == "M"
            }
    return {}
