"""How a microscope's frames become files: one a frame, a tree of them, or one file that grows."""

from __future__ import annotations

import io
import json
import time
from collections import deque
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

__all__ = ["KINDS", "Kind", "Writer", "make_writer"]

Kind = Literal["tif", "npy", "tree", "mrc", "tiff stack", "raw"]
KINDS: tuple[Kind, ...] = ("tif", "npy", "tree", "mrc", "tiff stack", "raw")


class Writer(Protocol):
    """Writes frames, each into a file of its own or all into one."""

    def write(self, number: int, frame: np.ndarray, pause: float, *, broken: bool) -> None:
        """Write a frame; in two halves with a `pause` (s), or `broken` off after the first."""

    def close(self) -> None:
        """Let go of what is open."""


def make_writer(
    place: Path, kind: Kind, pixel_size: float | None, rate: float, keep: int | None
) -> Writer:
    """Return what writes frames of a `Kind` to a folder or file."""
    if kind in ("tif", "npy", "tree"):
        return _Files(place, kind, pixel_size, rate, keep)
    place.parent.mkdir(parents=True, exist_ok=True)
    if kind == "tiff stack":
        return _Stack(place, pixel_size)
    return _Appended(place, pixel_size, header=kind == "mrc")


class _Files:
    """One file a frame, in a folder or a tree of folders."""

    def __init__(
        self, folder: Path, kind: Kind, pixel_size: float | None, rate: float, keep: int | None
    ) -> None:
        self._folder, self._kind, self._pixel_size = folder, kind, pixel_size
        self._rate, self._keep = rate, keep
        self._written: deque[Path] = deque()
        folder.mkdir(parents=True, exist_ok=True)
        if kind == "npy" and pixel_size:
            (folder / "live.json").write_text(json.dumps({"pixel_size_nm": pixel_size}))

    def write(self, number: int, frame: np.ndarray, pause: float, *, broken: bool) -> None:
        """Write a file."""
        path = self._path(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        blob = self._encoded(frame)
        with path.open("wb", buffering=0) as file:
            half = len(blob) // 2 if pause or broken else len(blob)
            file.write(blob[:half])
            if pause:
                time.sleep(pause)
            if not broken:
                file.write(blob[half:])
        self._written.append(path)
        if self._keep is not None and len(self._written) > self._keep:
            self._written.popleft().unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is open."""

    def _path(self, number: int) -> Path:
        if self._kind != "tree":
            return self._folder / f"frame_{number:06d}.{self._kind}"
        second, frame = divmod(number, max(1, round(self._rate)))
        parts = f"Hour_{second // 3600:02d}", f"Minute_{second // 60 % 60:02d}"
        names = (*parts, f"Second_{second % 60:02d}")
        name = f"live_{'_'.join(names)}_Frame_{frame:04d}.tif"
        return self._folder.joinpath(*names) / name

    def _encoded(self, frame: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        if self._kind == "npy":
            np.save(buffer, frame)
        else:
            import tifffile

            tifffile.imwrite(buffer, frame, **_resolution(self._pixel_size))
        return buffer.getvalue()


class _Appended:
    """Pixels after pixels in one file, with the header of an MRC file or without any."""

    _MODES = {"i1": 0, "i2": 1, "f4": 2, "u2": 6}

    def __init__(self, path: Path, pixel_size: float | None, *, header: bool) -> None:
        self._file = path.open("wb", buffering=0)
        self._pixel_size, self._header = pixel_size, header

    def write(self, number: int, frame: np.ndarray, pause: float, *, broken: bool) -> None:
        """Append the pixels."""
        if self._header and not self._file.tell():
            self._file.write(self._mrc_header(frame))
        blob = np.ascontiguousarray(frame, frame.dtype.newbyteorder("<")).tobytes()
        half = len(blob) // 2 if pause else len(blob)
        self._file.write(blob[:half])
        if pause:
            time.sleep(pause)
            self._file.write(blob[half:])

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _mrc_header(self, frame: np.ndarray) -> bytes:
        """Return a header as cameras write it at first: with no number of frames yet."""
        from mrcfile.dtypes import HEADER_DTYPE

        kind = frame.dtype.str[1:]
        if kind not in self._MODES:
            raise ValueError(f"MRC files cannot hold pixels of type {frame.dtype}.")
        header = np.zeros(1, HEADER_DTYPE.newbyteorder("<"))[0]
        header["ny"], header["nx"] = header["my"], header["mx"] = frame.shape
        header["mode"], header["map"] = self._MODES[kind], b"MAP "
        header["machst"][:2] = 0x44
        step = 10 * (self._pixel_size or 0.0)
        header["cella"]["x"], header["cella"]["y"] = step * frame.shape[1], step * frame.shape[0]
        return header.tobytes()


class _Stack:
    """Pages of a TIFF file, each with a directory of its own."""

    def __init__(self, path: Path, pixel_size: float | None) -> None:
        import tifffile

        self._file = path.open("w+b", buffering=0)
        self._tiff = tifffile.TiffWriter(self._file, bigtiff=True)
        self._options = _resolution(pixel_size)

    def write(self, number: int, frame: np.ndarray, pause: float, *, broken: bool) -> None:
        """Append a page."""
        time.sleep(pause)
        self._tiff.write(frame, contiguous=False, **self._options)

    def close(self) -> None:
        """Close the file."""
        self._tiff.close()
        self._file.close()


def _resolution(pixel_size: float | None) -> dict[str, Any]:
    """Return what tifffile writes a pixel size (nm) with, as ImageJ does."""
    if not pixel_size:
        return {"metadata": None}
    return {
        "resolution": (1e7 / pixel_size, 1e7 / pixel_size),
        "resolutionunit": "CENTIMETER",
        "metadata": None,
    }
