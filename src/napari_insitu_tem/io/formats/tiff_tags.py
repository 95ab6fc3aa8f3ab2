"""What a TIFF says about its pixels, in the tags of the program that wrote it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from napari_insitu_tem.io import calibration
from napari_insitu_tem.io.formats import ome_xml
from napari_insitu_tem.io.metadata import clock_time, plain
from napari_insitu_tem.io.signal import Axis

__all__ = ["Facts", "facts"]

# A resolution tag above this is about paper (72 dots per inch), not about a specimen.
_LARGEST_BY_RESOLUTION = 1000.0


@dataclass(frozen=True)
class Facts:
    """Calibration and more for one image series; axes by tifffile's letters."""

    axes: dict[str, Axis] = field(default_factory=dict)
    frame_time: float | None = None
    dose: float | None = None
    start_time: str | None = None
    name: str = ""
    original: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def facts(file: Any) -> list[Facts]:
    """Return the facts of every series; the last one holds for all further series.

    The first program that recognises its own tags wins.
    """
    original = _original(file)
    if file.is_ome:
        images = ome_xml.images(file.ome_metadata)
        own = ome_xml.own(file.ome_metadata)
        if own:
            original[ome_xml.NAMESPACE] = own
        if images:
            return [Facts(original=original, **image) for image in images]
    readers: list[Callable[[Any], Facts | None]] = [
        _imagej,
        _digital_micrograph,
        _thermo_fisher,
        _olympus,
        _tvips,
        _resolution,
    ]
    for read in readers:
        found = read(file)
        if found is not None:
            return [dataclasses.replace(found, original=original)]
    return [Facts(original=original)]


def _original(file: Any) -> dict[str, Any]:
    tags = {tag.name: plain(tag.value) for tag in file.pages[0].tags.values()}
    for name in ("StripOffsets", "StripByteCounts", "TileOffsets", "TileByteCounts"):
        tags.pop(name, None)
    kinds = {"imagej": file.imagej_metadata, "fei": file.fei_metadata, "sis": file.sis_metadata}
    return {"tags": tags, **{name: plain(found) for name, found in kinds.items() if found}}


def _value(file: Any, tag: int) -> Any:
    found = file.pages[0].tags.get(tag)
    return None if found is None else found.value


def _per_unit(file: Any, tag: int) -> float | None:
    """Return the step that a resolution tag (pixels per unit) means."""
    value = _value(file, tag)
    if not value or not value[0] or not value[1]:
        return None
    return float(value[1]) / float(value[0])


def _imagej(file: Any) -> Facts | None:
    if not file.is_imagej:
        return None
    told = file.imagej_metadata or {}
    unit = str(told.get("unit") or "")
    axes: dict[str, Axis] = {}
    notes: tuple[str, ...] = ()
    if calibration.is_print_unit(unit):
        notes = (
            f"the file has its scale in {unit}, as programs write that know no specimen; its "
            "pixel size was left out",
        )
    elif unit:
        steps = (_per_unit(file, 283), _per_unit(file, 282))
        y_unit, x_unit = str(told.get("yunit") or unit), unit
        axes = {"Y": Axis("y", steps[0], y_unit), "X": Axis("x", steps[1], x_unit)}
    interval = told.get("finterval")
    interval = float(interval) if interval else None
    time = Axis("t", interval, str(told.get("tunit") or "s")) if interval else Axis("t")
    axes["T"] = time
    axes["Z"] = Axis("z", told.get("spacing"), str(told.get("zunit") or unit))
    # Its 'fps' is only how fast ImageJ plays a stack, and is not taken.
    return Facts(axes, frame_time=calibration.time_step(time)[0], notes=notes)


def _digital_micrograph(file: Any) -> Facts | None:
    """Gatan's tags: unit, origin and scale for x, y and the stack, and long names of units."""
    if _value(file, 65009) is None or _value(file, 65010) is None:
        return None

    def axis(label: str, index: int) -> Axis:
        unit = str(_value(file, 65003 + index) or "")
        long_name = str(_value(file, 65012 + index) or "")
        known = calibration.is_length(unit) or calibration.is_time(unit)
        if not known and not calibration.is_reciprocal(unit):
            unit = long_name or unit
        scale = _value(file, 65009 + index)
        return Axis(label, None if scale is None else float(scale), unit)

    stack = axis("image series", 2)
    labelled = stack.unit and not (stack.scale == 1.0 and not stack.unit)
    axes = {"X": axis("x", 0), "Y": axis("y", 1)}
    axes["I"] = stack if labelled else Axis()
    return Facts(axes)


def _thermo_fisher(file: Any) -> Facts | None:
    told = file.fei_metadata
    scan = (told or {}).get("Scan") or (told or {}).get("EScan") or {}
    if not scan.get("PixelWidth"):
        return None
    user = told.get("User") or {}
    return Facts(
        {
            "Y": Axis("y", float(scan.get("PixelHeight") or scan["PixelWidth"]), "m"),
            "X": Axis("x", float(scan["PixelWidth"]), "m"),
        },
        start_time=clock_time(str(user.get("Date", "")), str(user.get("Time", ""))),
    )


def _olympus(file: Any) -> Facts | None:
    told = file.sis_metadata or {}
    if not told.get("pixelsizex"):
        return None
    moment = told.get("datetime")
    return Facts(
        {
            "Y": Axis("y", float(told["pixelsizey"]), "m"),
            "X": Axis("x", float(told["pixelsizex"]), "m"),
        },
        start_time=moment.isoformat() if moment else None,
    )


def _tvips(file: Any) -> Facts | None:
    told = file.tvips_metadata or {}
    if not told.get("PixelSizeX"):
        return None
    return Facts(
        {
            "Y": Axis("y", float(told["PixelSizeY"]), "nm"),
            "X": Axis("x", float(told["PixelSizeX"]), "nm"),
        }
    )


def _resolution(file: Any) -> Facts | None:
    """Use the resolution tags of plain TIFF: dots per inch, mostly about paper."""
    unit = {2: 2.54e7, 3: 1e7}.get(int(_value(file, 296) or 2))
    steps = (_per_unit(file, 283), _per_unit(file, 282))
    if unit is None or None in steps or steps == (1.0, 1.0):
        return None
    height, width = (float(step or 0) * unit for step in steps)
    if max(height, width) > _LARGEST_BY_RESOLUTION:
        dots = 2.54e7 / width
        return Facts(
            notes=(
                f"the file has only a print resolution ({dots:.4g} dots per inch), which says "
                "nothing about the specimen; its pixel size was left out",
            )
        )
    return Facts({"Y": Axis("y", height, "nm"), "X": Axis("x", width, "nm")})
