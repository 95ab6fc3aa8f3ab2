"""OME-Zarr (versions 0.4 and 0.5) and plain zarr arrays, chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from napari_insitu_tem.io.formats.ome_xml import NAMESPACE
from napari_insitu_tem.io.metadata import plain
from napari_insitu_tem.io.signal import Axis, ReadError, Signal

__all__ = ["is_zarr", "signals"]


def is_zarr(folder: Path) -> bool:
    """Whether a folder is a zarr array or group."""
    marks = ("zarr.json", ".zgroup", ".zarray", ".zattrs")
    return any((folder / mark).is_file() for mark in marks)


def signals(path: Path) -> list[Signal]:
    """Return every image of an OME-Zarr folder at full size, or a plain zarr array."""
    import zarr

    store = zarr.open(str(path), mode="r")
    name = path.name.removesuffix(".zarr").removesuffix(".ome")
    if isinstance(store, zarr.Array):
        return [Signal(name, store, _dimensions(store))]
    found = _images(store, name)
    if not found:
        found = [
            Signal(str(key), array, _dimensions(array))
            for key, array in store.arrays()
            if array.ndim > 1
        ]
    if not found:
        raise ReadError("this zarr folder holds no image")
    return found


def _dimensions(array: Any) -> tuple[Axis, ...]:
    names = getattr(array.metadata, "dimension_names", None) or [""] * array.ndim
    return tuple(Axis(str(name or "")) for name in names)


def _attributes(group: Any) -> dict[str, Any]:
    """Return the OME metadata of a group: under a key since 0.5, at the top before."""
    attributes = dict(group.attrs)
    return dict(attributes.get("ome", attributes))


def _images(group: Any, name: str) -> list[Signal]:
    import zarr

    attributes = _attributes(group)
    found = [
        _image(group, dict(multiscale), str(multiscale.get("name") or name))
        for multiscale in attributes.get("multiscales", ())
    ]
    if found:
        return found
    # Files converted by bioformats2raw hold their images in groups 0, 1, …
    for key, member in sorted(group.members()):
        if isinstance(member, zarr.Group) and key not in ("labels", "OME"):
            found += [
                _image(member, dict(multiscale), str(multiscale.get("name") or key))
                for multiscale in _attributes(member).get("multiscales", ())
            ]
    return found


def _image(group: Any, multiscale: Mapping[str, Any], name: str) -> Signal:
    full = multiscale["datasets"][0]
    array = group[full["path"]]
    factors = [1.0] * array.ndim
    scaled = False
    for transform in (
        *full.get("coordinateTransformations", ()),
        *multiscale.get("coordinateTransformations", ()),
    ):
        if transform.get("type") == "scale":
            scaled = True
            factors = [
                factor * float(own) for factor, own in zip(factors, transform["scale"], strict=True)
            ]
    described = multiscale.get("axes") or [""] * array.ndim
    axes = tuple(
        _axis(axis, factor if scaled else None)
        for axis, factor in zip(described, factors, strict=True)
    )
    own = dict(group.attrs).get(NAMESPACE, {})
    dose = own.get("dose")
    return Signal(
        str(own.get("name") or name),
        array,
        axes,
        dose=float(dose) if dose else None,
        start_time=own.get("start_time"),
        original=plain(dict(group.attrs)),
    )


def _axis(described: Any, scale: float | None) -> Axis:
    if isinstance(described, str):
        return Axis(described, scale)
    unit = str(described.get("unit") or "")
    name = str(described.get("name") or "")
    if described.get("type") == "time":
        name = "t"
    elif described.get("type") == "channel":
        name = "c"
    return Axis(name, None if scale == 1.0 and not unit else scale, unit)
