"""TIA's .ser series, and the .emi file that says how they were recorded.

Read here, and not through rosettasciio, because that loads a whole series for every frame.
Written after the format's description by Chris Boothroyd
(https://www.er-c.org/cbb/info/TIAformat/).
"""

from __future__ import annotations

import datetime
import re
import struct
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from napari_insitu_tem.io.lazy import FrameReader
from napari_insitu_tem.io.metadata import plain
from napari_insitu_tem.io.signal import Axis, ReadError, Signal

__all__ = ["signals"]

_TYPES = {
    1: "u1",
    2: "u2",
    3: "u4",
    4: "i1",
    5: "i2",
    6: "i4",
    7: "f4",
    8: "f8",
    9: "c8",
    10: "c16",
}
_IMAGES, _SPECTRA = 0x4122, 0x4120


def signals(path: Path) -> list[Signal]:
    """Return the series of a .ser file, or of every .ser file that belongs to an .emi."""
    if path.suffix.lower() == ".ser":
        emi = path.with_name(re.sub(r"_\d+$", "", path.stem) + ".emi")
        number = re.search(r"_(\d+)$", path.stem)
        described = _descriptions(emi) if emi.is_file() else []
        return [_series(path, _of(described, int(number[1]) if number else 1))]
    described = _descriptions(path)
    if not described:
        raise ReadError("it is damaged, cut off or not a TIA file: it describes no images")
    numbered = {}
    for file in path.parent.glob(f"{_escape(path.stem)}_*.ser"):
        number = re.fullmatch(re.escape(path.stem) + r"_(\d+)", file.stem)
        if number:
            numbered[int(number[1])] = file
    if not numbered:
        raise ReadError(
            f"it only describes the images, which are in {path.stem}_1.ser and so on; "
            "put these files beside it"
        )
    return [_series(file, _of(described, number)) for number, file in sorted(numbered.items())]


def _escape(stem: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", stem)


def _of(described: list[ElementTree.Element], number: int) -> ElementTree.Element | None:
    return described[number - 1] if 0 < number <= len(described) else None


def _descriptions(path: Path) -> list[ElementTree.Element]:
    """Return the XML descriptions inside an .emi file."""
    found = re.findall(rb"<ObjectInfo>.*?</ObjectInfo>", path.read_bytes(), re.DOTALL)
    parsed = []
    for text in found:
        try:
            parsed.append(ElementTree.fromstring(text))
        except ElementTree.ParseError:
            continue
    return parsed


def _series(path: Path, described: ElementTree.Element | None) -> Signal:
    content: Any = np.memmap(path, np.uint8, "r")
    try:
        magic, series, version, kind, tags, total, valid = struct.unpack_from(
            "<HHHIIII", content, 0
        )
        if magic != 0x4949 or series != 0x0197:
            raise ReadError("it is damaged or not a TIA .ser file")
        wide = version >= 0x0220
        position = 22
        (table,) = struct.unpack_from("<q" if wide else "<i", content, position)
        position += 8 if wide else 4
        (n_dimensions,) = struct.unpack_from("<i", content, position)
        dimensions = _dimensions(content, position + 4, n_dimensions)
        offset_type = np.dtype("<i8" if wide else "<i4")
        offsets = np.frombuffer(content, offset_type, 2 * total, table)
        if kind == _SPECTRA:
            return Signal(
                path.stem, np.empty((0,)), (Axis(),), problem="it holds spectra, not images"
            )
        if kind != _IMAGES or not valid:
            raise ReadError("it holds no images")
        first = _element(content, int(offsets[0]))
        data, problem = _frames(path, content, offsets[:valid].astype(np.int64), first)
        times = _times(content, offsets[total : total + valid]) if tags in (0x4152, 0x4142) else []
    except (struct.error, ValueError, OverflowError) as error:
        if isinstance(error, ReadError):
            raise
        raise ReadError("it is cut off or damaged, or not a TIA .ser file") from None
    info = {} if described is None else _tree(described)
    lateral, note = _lateral(first, info)
    outer = [size for size, _ in dimensions if size > 1]
    if len(outer) > 1 and np.prod(outer) == valid and data.shape[0] == valid:
        problem = problem or (
            f"it is a scan of {' × '.join(map(str, outer))} positions with an image at each "
            "(4D-STEM), not a movie"
        )
    step = (times[-1] - times[0]) / (valid - 1) if len(times) == valid > 1 else 0.0
    unit = next((axis.unit for size, axis in dimensions if size > 1), "")
    scale = next((axis.scale for size, axis in dimensions if size > 1), None)
    data, axes = (data[0], lateral) if valid == 1 else (data, (Axis("", scale, unit), *lateral))
    return Signal(
        path.stem,
        data,
        axes,
        frame_time=float(step) if step > 0 else None,
        start_time=_start(times, info),
        original=plain({"times": times, **info}),
        notes=note,
        problem=problem,
    )


def _dimensions(content: Any, position: int, count: int) -> list[tuple[int, Axis]]:
    """Return size and axis of the series' own dimensions."""
    found = []
    for _ in range(count):
        size, _, step, _, length = struct.unpack_from("<iddii", content, position)
        position += 28 + length
        (unit_length,) = struct.unpack_from("<i", content, position)
        unit = bytes(content[position + 4 : position + 4 + unit_length]).decode("latin-1")
        position += 4 + unit_length
        found.append((size, Axis("", step, {"meters": "m"}.get(unit.lower(), unit))))
    return found


def _element(content: Any, offset: int) -> dict[str, Any]:
    _, step_x, _, _, step_y, _, kind, width, height = struct.unpack_from(
        "<ddiddihii", content, offset
    )
    if kind not in _TYPES or width <= 0 or height <= 0:
        raise ReadError("it is damaged: its first image has no sensible size")
    dtype = np.dtype("<" + _TYPES[kind])
    return {"x": step_x, "y": step_y, "dtype": dtype, "shape": (height, width)}


def _frames(
    path: Path, content: Any, offsets: np.ndarray, first: dict[str, Any]
) -> tuple[Any, str]:
    """Return the images as a lazy stack; TIA stores them bottom row first."""
    (height, width), dtype = first["shape"], first["dtype"]
    n_bytes = height * width * dtype.itemsize
    if int(offsets.max()) + 50 + n_bytes > content.size or int(offsets.min()) < 0:
        raise ReadError("it is cut off: some of its images are missing")

    def read(index: int) -> np.ndarray:
        start = int(offsets[index])
        found = _element(content, start)
        if found["shape"] != (height, width) or found["dtype"] != dtype:
            raise ReadError(f"image {index} has another size than the first")
        pixels = np.fromfile(path, dtype, height * width, offset=start + 50)
        return pixels.reshape(height, width)[::-1]

    return FrameReader((len(offsets), height, width), dtype, read), ""


def _times(content: Any, offsets: np.ndarray) -> list[int]:
    """Return the clock of every image in whole seconds since 1970, local time."""
    return [struct.unpack_from("<I", content, int(offset) + 4)[0] for offset in offsets]


def _tree(element: ElementTree.Element) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for child in element:
        if child.tag == "ExperimentalDescription":
            tree[child.tag] = {
                f"{entry.findtext('Label')} {entry.findtext('Unit') or ''}".strip(): (
                    entry.findtext("Value")
                )
                for entry in child.iter("Data")
            }
        else:
            tree[child.tag] = _tree(child) if len(child) else child.text
    return tree


def _lateral(
    first: dict[str, Any], info: dict[str, Any]
) -> tuple[tuple[Axis, Axis], tuple[str, ...]]:
    """Return the image axes; only the .emi file tells metres from reciprocal metres.

    As TIA names its modes: a camera image in STEM mode, or any in a diffraction mode, is a
    diffraction pattern.
    """
    description = info.get("ExperimentalDescription")
    mode = str((description or {}).get("Mode") or "") if isinstance(description, dict) else ""
    camera = "CameraNamePath" in (info.get("AcquireInfo") or {})
    diffraction = "Diffraction" in mode or ("STEM" in mode and camera)
    if diffraction:
        return (Axis("y", first["y"] * 1e-9, "1/nm"), Axis("x", first["x"] * 1e-9, "1/nm")), ()
    return (Axis("y", first["y"], "m"), Axis("x", first["x"], "m")), ()


def _start(times: list[int], info: dict[str, Any]) -> str | None:
    """Return the clock time of the first image.

    The series has seconds in UTC; the .emi has local time, of the end of the recording.
    Together they give the time zone.
    """
    try:
        local = datetime.datetime.strptime(str(info.get("AcquireDate")), "%a %b %d %H:%M:%S %Y")
    except ValueError:
        local = None
    if not times or times[0] <= 0:
        return local.isoformat() if local else None
    utc = datetime.datetime.fromtimestamp(times[0], datetime.UTC)
    if local is None:
        return utc.isoformat()
    end = datetime.datetime.fromtimestamp(times[-1], datetime.UTC).replace(tzinfo=None)
    quarters = round((local - end).total_seconds() / 900)
    return (utc.replace(tzinfo=None) + datetime.timedelta(seconds=900 * quarters)).isoformat()
