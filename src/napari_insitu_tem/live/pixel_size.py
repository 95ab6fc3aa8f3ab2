"""The pixel size that a frame's own file states, by the rules for opening recordings."""

from __future__ import annotations

import struct
import tempfile
import warnings
from pathlib import Path

from napari_insitu_tem.io.read import read_movie
from napari_insitu_tem.io.signal import ReadError
from napari_insitu_tem.live.mrc_header import Layout

__all__ = ["pixel_size_in", "pixel_size_of_mrc"]


def pixel_size_in(path: Path) -> float | None:
    """Return the pixel size in nm that a whole file states, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read_movie(path).pixel_size
        except (ReadError, OSError):
            return None


def pixel_size_of_mrc(path: Path, layout: Layout) -> float | None:
    """Return the pixel size in nm that the header of a growing MRC file states, or None.

    Its header and first frame are looked at as a file of their own, since the header of one
    that is still growing does not fit its length.
    """
    with path.open("rb") as file:
        start = bytearray(file.read(layout.offset + layout.frame_bytes))
    one = struct.pack(">i" if layout.dtype.byteorder == ">" else "<i", 1)
    start[8:12], start[36:40] = one, one
    with tempfile.TemporaryDirectory(prefix="insitu-tem-") as folder:
        alone = Path(folder) / "first.mrc"
        alone.write_bytes(start)
        return pixel_size_in(alone)
