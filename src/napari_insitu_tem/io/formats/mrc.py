"""MRC files: stacks of frames as cameras write them, and volumes as tomography does."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.metadata import plain
from napari_insitu_tem.io.signal import Axis, ReadError, Signal

__all__ = ["signals"]

# Dates in FEI's extended header count days from here (as in Microsoft's COM).
_COM_EPOCH = datetime.datetime(1899, 12, 30)


def signals(path: Path) -> list[Signal]:
    """Return the one stack, image or volume in an MRC file.

    The standard header has the pixel size in ångström but nothing of time. Thermo Fisher's
    extended header adds clock time and dose, Direct Electron's text file beside it the rate.
    """
    import mrcfile

    if not path.stat().st_size > 1024:
        raise ReadError("it is cut off: shorter than the header of an MRC file")
    with mrcfile.mmap(path, mode="r", permissive=True) as file:
        if file.data is None:
            raise ReadError("it is cut off or damaged: it has fewer pixels than its header says")
        header, data = file.header, file.data
        extended = _extended(file)
        volume = bool(file.is_volume())
        original: dict[str, Any] = {"header": plain(header)}
    if extended is not None:
        original["extended_header"] = plain(extended[0])
    side_file = _side_file(path)
    original.update({"info": side_file} if side_file else {})
    axes = (*((Axis(),) if data.ndim == 3 else ()), *_lateral(header, extended))
    notes: list[str] = []
    if data.ndim == 3 and volume and data.shape[0] > 1:
        notes.append("its header calls it a volume, not a stack of frames")
    frame_time, start = _clock(extended, data.shape[0] if data.ndim == 3 else 1, side_file)
    data, axes, notes = _split_4d(data, axes, notes)
    return [
        Signal(
            path.stem,
            _plain_map(data),
            axes,
            frame_time=frame_time,
            dose=_dose(extended),
            start_time=start,
            original=original,
            notes=tuple(notes),
        )
    ]


def _plain_map(data: np.ndarray) -> np.ndarray:
    """Return the memory map without mrcfile's reference to a closed file."""
    return data.view(np.memmap) if isinstance(data, np.memmap) else np.asarray(data)


def _split_4d(
    data: np.ndarray, axes: tuple[Axis, ...], notes: list[str]
) -> tuple[np.ndarray, tuple[Axis, ...], list[str]]:
    if data.ndim == 4:
        return data, (Axis("t"), Axis("z"), *axes[-2:]), notes
    return data, axes, notes


def _extended(file: Any) -> np.ndarray | None:
    """Return Thermo Fisher's extended header, one record a frame, or None without one."""
    if bytes(file.header.exttyp).strip(b"\x00 ") not in (b"FEI1", b"FEI2"):
        return None
    try:
        records = file.indexed_extended_header
    except (ValueError, AttributeError):
        return None
    return records if records is not None and len(records) else None


def _lateral(header: Any, extended: np.ndarray | None) -> tuple[Axis, Axis]:
    if extended is not None:
        sizes = [float(extended[f"Pixel size {axis}"][0]) for axis in "YX"]
        if all(size > 0 for size in sizes):
            return Axis("y", sizes[0], "m"), Axis("x", sizes[1], "m")
    lengths = (float(header.cella.y), float(header.cella.x))
    counts = (int(header.my), int(header.mx))
    steps = [
        length / count if count else 0.0 for length, count in zip(lengths, counts, strict=True)
    ]
    if steps[0] == steps[1] and steps[0] in (0.0, 1.0):
        # Programs that know no pixel size write 0 or 1 Å: the same as no unit at all.
        return Axis("y", 1.0, ""), Axis("x", 1.0, "")
    return Axis("y", steps[0], "Å"), Axis("x", steps[1], "Å")


def _dose(extended: np.ndarray | None) -> float | None:
    if extended is None:
        return None
    per_square_metre = float(extended["Dose"][0])
    return per_square_metre * 1e-20 if per_square_metre > 0 else None


def _clock(
    extended: np.ndarray | None, n_frames: int, side_file: dict[str, str]
) -> tuple[float | None, str | None]:
    """Return (seconds per frame, clock time of the first frame) as far as they are known."""
    rate = side_file.get("Frames Per Second")
    if rate is not None:
        try:
            return 1 / float(rate), None
        except (ValueError, ZeroDivisionError):
            pass
    if extended is None:
        return None, None
    days = np.asarray(extended["Timestamp"], float)
    start = _COM_EPOCH + datetime.timedelta(days=float(days[0])) if days[0] > 0 else None
    step = None
    if 1 < n_frames == len(days) and days[-1] > days[0] > 0:
        step = round(float((days[-1] - days[0]) * 86400 / (n_frames - 1)), 6)
    return step, start.isoformat(timespec="milliseconds") if start else None


def _side_file(path: Path) -> dict[str, str]:
    """Return the ``name = value`` lines of Direct Electron's ``…_info.txt`` beside a movie."""
    match = re.match(r"(.*)_movie", path.stem)
    beside = path.with_name(f"{match[1]}_info.txt") if match else None
    if beside is None or not beside.is_file():
        return {}
    pairs = (line.split("=", 1) for line in beside.read_text("utf-8", "replace").splitlines())
    return {pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) == 2}
