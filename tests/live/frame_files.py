"""Frames as files, for the tests of sources."""

import io
import time

import imageio.v3 as iio
import numpy as np
import tifffile

EDGE = 32


def frame(number: int, shape=(EDGE, EDGE)) -> np.ndarray:
    """A frame of noise whose first pixel tells its number."""
    pixels = np.random.default_rng(number).integers(0, 4000, shape).astype(np.uint16)
    pixels[0, 0] = number
    return pixels


def encoded(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "npy":
        np.save(buffer, pixels)
    elif kind == "tif":
        tifffile.imwrite(buffer, pixels)
    elif kind == "tif-zlib":
        tifffile.imwrite(buffer, pixels, compression="zlib", rowsperstrip=8)
    elif kind == "png":
        iio.imwrite(buffer, pixels, extension=".png")
    elif kind == "mrc":
        return mrc_header(pixels) + pixels.tobytes()
    return buffer.getvalue()


def mrc_header(pixels, pixel_size=0.0) -> bytes:
    from mrcfile.dtypes import HEADER_DTYPE

    header = np.zeros(1, HEADER_DTYPE.newbyteorder("<"))[0]
    header["ny"], header["nx"] = header["my"], header["mx"] = pixels.shape
    header["mode"], header["map"] = 6, b"MAP "
    header["machst"][:2] = 0x44
    for axis, size in zip("yx", pixels.shape, strict=True):
        header["cella"][axis] = 10 * pixel_size * size
    return header.tobytes()


def taken(source, count=1, timeout=20.0):
    """Ask a source again and again until it gave so many frames; return them."""
    frames, end = [], time.monotonic() + timeout
    while len(frames) < count and time.monotonic() < end:
        source.look()
        one = source.take()
        if one is None:
            time.sleep(0.005)
        else:
            frames.append(one)
    return frames


def numbers(frames) -> list[int]:
    """The numbers that are written into the frames."""
    return [int(one.pixels[0, 0]) for one in frames]


def noted(source, word: str, timeout=20.0) -> str:
    """Ask a source until one of its notes holds a word; return all that was noted."""
    text, end = "", time.monotonic() + timeout
    while word not in text and time.monotonic() < end:
        source.look()
        source.take()
        text += " ".join(source.notes.take())
        time.sleep(0.005)
    assert word in text, text
    return text
