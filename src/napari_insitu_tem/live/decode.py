"""One frame from one file, read in one go, so that the writer is never held up.

A file is opened for reading, read to its end and closed; what it means is found out in memory.
Whoever writes it may rename or replace it right after.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.formats.picture import DM_FILES, PICTURES, TIFFS
from napari_insitu_tem.io.lazy import grey, native
from napari_insitu_tem.io.signal import quiet_libraries
from napari_insitu_tem.live.frames import SourceError
from napari_insitu_tem.live.mrc_header import MRC_FILES, read_layout

__all__ = ["SUFFIXES", "NotAFrameError", "UnfinishedError", "as_frame", "read_frame_file"]

SUFFIXES = (*PICTURES, *TIFFS, *DM_FILES, *MRC_FILES, "npy")


class UnfinishedError(SourceError):
    """A file ends before its frame does; it may still be being written."""


class NotAFrameError(SourceError):
    """A file is whole, but holds something else than one frame."""


def read_frame_file(path: Path) -> np.ndarray:
    """Return the frame in a file, (y, x).

    Raises
    ------
    UnfinishedError
        When it is cut off: try again later.
    NotAFrameError
        When it is whole and holds something else.
    OSError
        When it cannot be read.
    Exception
        Whatever the library behind the format raises on half a file.
    """
    kind = path.suffix.lower().lstrip(".")
    if kind in DM_FILES:
        with quiet_libraries():
            return as_frame(_dm(path))
    blob = path.read_bytes()
    if not blob:
        raise UnfinishedError("It is empty.")
    with quiet_libraries():
        if kind in TIFFS:
            return as_frame(_tiff(blob))
        if kind == "npy":
            return as_frame(_npy(blob))
        if kind in MRC_FILES:
            return as_frame(_mrc(blob))
        return as_frame(_picture(blob))


def as_frame(pixels: Any) -> np.ndarray:
    """Return an array as a frame (y, x) of a type that image libraries know.

    Raises
    ------
    NotAFrameError
        When it has other dimensions, or complex numbers.
    """
    array = np.asarray(pixels)
    if array.ndim == 3 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 2 or not array.size:
        raise NotAFrameError(
            f"It has the shape {array.shape}; a frame has two dimensions: height and width."
        )
    if array.dtype.kind not in "buif":
        raise NotAFrameError("It holds something else than real numbers.")
    return np.ascontiguousarray(array, native(array.dtype))


def _dm(path: Path) -> np.ndarray:
    from napari_insitu_tem.io.formats import rosetta

    found = rosetta.signals(path, lazy=False)
    if len(found) != 1 or len(found[0].shape) != 2:
        raise NotAFrameError("It holds more than one image.")
    return np.asarray(found[0].data)


def _tiff(blob: bytes) -> np.ndarray:
    import tifffile

    from napari_insitu_tem.io.formats.tiff import read_page

    with tifffile.TiffFile(io.BytesIO(blob)) as file:
        page = file.pages.first
        check_page(page, len(blob))
        letters = dict(zip(file.series[0].axes, file.series[0].shape, strict=True))
        if any(size > 1 for letter, size in letters.items() if letter not in "YXS"):
            raise NotAFrameError("It holds several images; follow it as a growing file.")
    samples = np.squeeze(read_page(io.BytesIO(blob)))  # type: ignore[arg-type]
    return grey(samples) if samples.ndim == 3 else samples


def check_page(page: Any, size: int) -> None:
    """Raise `UnfinishedError` where a TIFF page's pixels reach beyond a file of `size` bytes.

    tifffile fills what is missing with zeros, which would pass for a frame.
    """
    ends = zip(page.dataoffsets, page.databytecounts, strict=False)
    # An offset or count of 0 is a place that was kept for a strip not written yet.
    if not page.dataoffsets or any(
        not start or not count or start + count > size for start, count in ends
    ):
        raise UnfinishedError("Its pixels are cut off.")


def _npy(blob: bytes) -> np.ndarray:
    return np.load(io.BytesIO(blob), allow_pickle=False)


def _mrc(blob: bytes) -> np.ndarray:
    layout = read_layout(blob)
    if layout is None or len(blob) < layout.offset + layout.frame_bytes:
        raise UnfinishedError("It is cut off.")
    if len(blob) >= layout.offset + 2 * layout.frame_bytes:
        raise NotAFrameError("It holds several images; follow it as a growing file.")
    return layout.frame(blob[layout.offset : layout.offset + layout.frame_bytes])


def _picture(blob: bytes) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(blob)) as picture:
        picture.load()
        if picture.mode == "1":
            return np.asarray(picture, np.uint8)
        if picture.mode not in ("L", "I;16", "I;16B", "I;16L", "I", "F"):
            return grey(np.asarray(picture.convert("RGB")))
        pixels = np.asarray(picture)
    return pixels.astype(np.uint16) if picture.mode == "I" else pixels
