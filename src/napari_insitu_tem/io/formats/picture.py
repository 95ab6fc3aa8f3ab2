"""Single pictures: png, jpg and bmp by Pillow; and one frame of other formats for folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_insitu_tem.io.lazy import grey, has_colours
from napari_insitu_tem.io.signal import Axis, ReadError, Signal

__all__ = [
    "DM_FILES",
    "PICTURES",
    "TIFFS",
    "Header",
    "header",
    "read_frame",
    "read_samples",
    "signals",
]

PICTURES = ("png", "jpg", "jpeg", "bmp")
TIFFS = ("tif", "tiff")
# Cameras under DigitalMicrograph can write every frame of an in-situ movie as a file.
DM_FILES = ("dm3", "dm4")
# Pillow's modes whose pixels can be used as they are.
_TYPES = {"1": "u1", "L": "u1", "P": "u1", "LA": "u1", "PA": "u1", "RGB": "u1", "RGBA": "u1",
          "RGBX": "u1", "CMYK": "u1", "YCbCr": "u1", "I;16": "u2", "I;16B": "u2", "I;16L": "u2",
          "I": "i4", "F": "f4"}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """Size and type of a picture, known without decoding it."""

    shape: tuple[int, int]
    dtype: np.dtype


def signals(path: Path) -> list[Signal]:
    """Return the picture as a still image."""
    samples = read_samples(path)
    notes: tuple[str, ...] = ()
    if samples.ndim == 3 and has_colours(samples):
        notes = ("its colours were turned into grey by their brightness",)
    image = grey(samples) if samples.ndim == 3 else samples
    return [Signal(path.stem, image, (Axis("y"), Axis("x")), notes=notes)]


def header(path: Path) -> Header:
    """Return size and type of the picture in a file.

    Raises
    ------
    ReadError
        When it is no picture, or holds several.
    """
    if path.suffix.lower().lstrip(".") in TIFFS:
        import tifffile

        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            letters = dict(zip(series.axes, series.shape, strict=True))
            if len(file.series) > 1 or any(
                size > 1 for letter, size in letters.items() if letter not in "YXS"
            ):
                raise ReadError(
                    f"'{path.name}' holds several images; a folder of frames has one image a "
                    "file. Open the files one by one."
                )
            dtype = np.dtype(series.dtype)
            return Header(
                (letters["Y"], letters["X"]), dtype if dtype.kind != "b" else np.dtype("u1")
            )
    if path.suffix.lower().lstrip(".") in DM_FILES:
        image = dm_image(path)
        return Header((image.shape[0], image.shape[1]), np.dtype(image.data.dtype))
    from PIL import Image

    with Image.open(path) as picture:
        dtype = np.dtype(_TYPES.get(picture.mode, "u1"))
        if picture.mode == "I" and picture.format == "PNG":
            dtype = np.dtype("u2")  # how older Pillow opens 16-bit PNG
        return Header((picture.height, picture.width), dtype)


def dm_image(path: Path) -> Signal:
    """Return the only image in a DigitalMicrograph file.

    Raises
    ------
    ReadError
        When it holds several images, or a stack.
    """
    from napari_insitu_tem.io.formats import rosetta

    found = rosetta.signals(path)
    if len(found) != 1 or len(found[0].shape) != 2:
        raise ReadError(
            f"'{path.name}' holds more than one image; a folder of frames has one image a file. "
            "Open the files one by one."
        )
    return found[0]


def read_samples(path: Path) -> np.ndarray:
    """Return the pixels of a picture: (y, x), or (y, x, samples) in colour."""
    if path.suffix.lower().lstrip(".") in TIFFS:
        from napari_insitu_tem.io.formats.tiff import read_page

        image = read_page(path)
        return image.view(np.uint8) if image.dtype == bool else image
    if path.suffix.lower().lstrip(".") in DM_FILES:
        return np.asarray(dm_image(path).data)
    from PIL import Image

    with Image.open(path) as picture:
        if picture.mode in ("P", "PA"):
            return np.asarray(picture.convert("RGB"))
        if picture.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
            return np.asarray(picture.convert("RGB"))
        pixels = np.asarray(picture)
        if picture.mode == "1":
            return pixels.astype(np.uint8)
        if picture.mode == "I" and picture.format == "PNG":
            return pixels.astype(np.uint16)
        return pixels


def read_frame(path: Path) -> np.ndarray:
    """Return the pixels of a picture as grey (y, x)."""
    samples = read_samples(path)
    return grey(samples) if samples.ndim == 3 else samples
