"""DigitalMicrograph, EMD and HyperSpy files, through rosettasciio, lazily."""

from __future__ import annotations

import datetime
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.lazy import grey, transpose
from napari_insitu_tem.io.metadata import clock_time, find, plain
from napari_insitu_tem.io.signal import Axis, ReadError, Signal

__all__ = ["PLUGINS", "signals"]

PLUGINS = {
    "dm3": "digitalmicrograph",
    "dm4": "digitalmicrograph",
    "emd": "emd",
    "hspy": "hspy",
    "zspy": "zspy",
}
# Between 1601-01-01, from which Windows counts 100 ns ticks, and 1970-01-01.
_WINDOWS_EPOCH = datetime.datetime(1601, 1, 1)


def signals(path: Path, *, lazy: bool = True) -> list[Signal]:
    """Return all signals of a file, spectra and complex images included."""
    suffix = path.suffix.lower().lstrip(".")
    plugin = importlib.import_module(f"rsciio.{PLUGINS[suffix]}")
    options: dict[str, Any] = {"lazy": lazy}
    if suffix == "zspy":
        options["mode"] = "r"  # it would open lazy files for writing
    if suffix == "emd" and _is_velox(path):
        options["select_type"] = "images"  # decoding the spectrum streams takes minutes
    entries = plugin.file_reader(str(path), **options)
    if not entries:
        raise ReadError("it holds no images")
    return [_signal(entry, path, suffix) for entry in entries]


def _is_velox(path: Path) -> bool:
    import h5py

    with h5py.File(path, "r") as file:
        return "Version" in file and "Data" in file


def _signal(entry: Mapping[str, Any], path: Path, suffix: str) -> Signal:
    general = entry["metadata"].get("General", {})
    original = plain(entry.get("original_metadata") or {})
    data, notes = _without_colour(_dataset(entry["data"]))
    axes = [_axis(axis, suffix) for axis in entry["axes"]][: data.ndim]
    axes += [Axis()] * (data.ndim - len(axes))
    if [bool(axis.get("navigate")) for axis in entry["axes"]] == [True, True, False]:
        axes[2] = axes[2] if axes[2].name or axes[2].unit else Axis("spectrum")
    if data.ndim > 1 and not any(axis.name for axis in axes[-2:]):
        navigate = [bool(axis.get("navigate")) for axis in entry["axes"]]
        if navigate[-2:] == [False, False] and any(navigate):
            axes[-2:] = [
                Axis(name, axis.scale, axis.unit)
                for name, axis in zip("yx", axes[-2:], strict=True)
            ]
    return Signal(
        str(general.get("title") or path.stem),
        data,
        tuple(axes),
        start_time=_start_time(general, original),
        original=original,
        notes=notes,
    )


def _dataset(data: Any) -> Any:
    """Return the HDF5 dataset behind a dask array, where that is all there is behind it.

    rosettasciio's array has a task for every chunk, which makes each access to one of 50,000
    frames search a graph of that size; sliced directly, the dataset answers at once.
    """
    import h5py

    layers = getattr(getattr(data, "dask", None), "layers", {})
    found = [
        value
        for name, layer in layers.items()
        if name.startswith("original-")
        for value in layer.values()
        if isinstance(value, h5py.Dataset)
    ]
    if len(found) != 1 or data.ndim != 3 or found[0].dtype != data.dtype:
        return data
    # Velox and Berkeley files keep their axes in other orders; take the one that fits.
    stored = found[0]
    fitting = [
        order
        for order in ([0, 1, 2], [2, 1, 0], [2, 0, 1])
        if tuple(stored.shape[axis] for axis in order) == data.shape
        and _is_reordered(stored, order, data)
    ]
    if len(fitting) != 1:
        return data
    return stored if fitting[0] == [0, 1, 2] else transpose(stored, fitting[0])


def _is_reordered(stored: Any, order: list[int], data: Any) -> bool:
    """Whether `data` is the dataset with its axes in this order, by a plane that is quick to read.

    That is a plane across the axis of which a stored chunk holds the least.
    """
    chunks = stored.chunks or (1, 2, 2)
    across = int(np.argmin(chunks))
    for position in (0, stored.shape[across] // 2):
        view = transpose(stored, order)
        plane: list[Any] = [slice(None)] * 3
        plane[order.index(across)] = position
        if not np.array_equal(view[tuple(plane)], np.asarray(data[tuple(plane)])):
            return False
    return True


def _axis(axis: Mapping[str, Any], suffix: str) -> Axis:
    name, unit = (_text(axis.get(key)) for key in ("name", "units"))
    if suffix in ("dm3", "dm4") and name == "z":
        name = ""  # rosettasciio's name for any third axis; the file has none
    scale = axis.get("scale")
    if scale is None and axis.get("axis") is not None:  # a list of positions, not a step
        steps = np.diff(np.asarray(axis["axis"], float))
        even = len(steps) and np.allclose(steps, steps[0], rtol=1e-3)
        scale = float(steps[0]) if even else None
    return Axis(name, None if scale is None else float(scale), unit)


def _text(value: Any) -> str:
    text = "" if value is None else str(value)
    return "" if text in ("<undefined>", "None") else text


def _without_colour(data: Any) -> tuple[Any, tuple[str, ...]]:
    """Turn structured (R, G, B) pixels into grey."""
    names = data.dtype.names or ()
    if not {"R", "G", "B"} <= set(names):
        return data, ()

    def convert(block: np.ndarray) -> np.ndarray:
        return grey(np.stack([block[name] for name in "RGB"], axis=-1))

    kind = data.dtype["R"]
    if isinstance(data, np.ndarray):
        return convert(data), ("its colours were turned into grey by their brightness",)
    return (
        data.map_blocks(convert, dtype=kind),
        ("its colours were turned into grey by their brightness",),
    )


def _start_time(general: Mapping[str, Any], original: Mapping[str, Any]) -> str | None:
    """Return the local clock time of the first frame, as far as the file has it."""
    tags = original.get("ImageList", {}) if isinstance(original.get("ImageList"), dict) else {}
    bar = find(tags, "DataBar")
    if isinstance(bar, dict) and "Acquisition Date" in bar and "Acquisition Time" in bar:
        ticks = bar.get("Acquisition Time (OS)")
        utc = None
        if isinstance(ticks, (int, float)) and ticks > 0:
            utc = _WINDOWS_EPOCH + datetime.timedelta(seconds=ticks / 1e7)
        return clock_time(str(bar["Acquisition Date"]), str(bar["Acquisition Time"]), utc)
    if general.get("date") and general.get("time"):
        moment = clock_time(str(general["date"]), str(general["time"]))
        universal = str(general.get("time_zone")).upper() in ("UTC", "GMT")
        return f"{moment}+00:00" if moment and universal else moment
    return None
