"""A file that grows by a frame at a time: MRC, and raw pixels of known size and type."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from napari_insitu_tem.live.clock import Clock
from napari_insitu_tem.live.decode import as_frame
from napari_insitu_tem.live.frames import Frame, Notes, SourceError
from napari_insitu_tem.live.mrc_header import HEADER_BYTES, Layout, read_layout
from napari_insitu_tem.live.pixel_size import pixel_size_of_mrc

__all__ = ["GrowingSource", "mrc_source", "raw_source"]

_PATIENCE = 5.0  # s, after which a file without a header is told of


class GrowingSource:
    """Frames of one size that are appended to a file.

    The file is opened for reading, read where the next frame lies, and closed again. A frame
    is taken when the file is long enough to hold it whole. A file that gets shorter was begun
    anew and is followed from its start.

    Parameters
    ----------
    path : path
        Need not be there yet.
    layout : callable
        Takes the first bytes of the file and returns where its frames lie, or None while that
        cannot be known; may raise `SourceError`.
    pixel_size : callable, optional
        Takes path and layout, returns the pixel size in nm or None.
    """

    def __init__(
        self,
        path: str | Path,
        layout: Callable[[bytes], Layout | None],
        pixel_size: Callable[[Path, Layout], float | None] | None = None,
    ) -> None:
        self.path = Path(path)
        self.name = str(path)
        self.notes = Notes()
        self.lost = 0
        self._find_layout, self._find_pixel_size = layout, pixel_size
        self._clock = Clock()
        self._next = self._complete = self._size = 0
        self._seen = self._modified = 0.0
        self._headless_since: float | None = None
        self._layout: Layout | None = None
        self._pixel_size: float | None = None
        self._calibrated = False

    def look(self) -> int:
        """Look how far the file has grown; return how many frames wait to be taken."""
        try:
            status = self.path.stat()
            if status.st_size < self._size:
                self._begin_anew()
            if status.st_size > self._size:
                self._size, self._seen = status.st_size, time.time()
                self._modified = status.st_mtime
            if self._layout is None and self._size:
                self._read_header()
        except FileNotFoundError:
            if not self._size and not self.notes.count("no file"):
                self.notes.add("no file", f"There is no file '{self.name}' yet.")
            return self._complete - self._next
        except OSError as error:
            self.notes.add("unreadable", f"'{self.name}' cannot be read: {error.strerror}.")
            return 0
        if self._layout is not None:
            self._complete = self._layout.complete(self._size)
        return self._complete - self._next

    def take(self) -> Frame | None:
        """Read the next frame; None when none is complete yet."""
        frame = self._frame(self._next)
        self._next += frame is not None
        return frame

    def peek(self) -> Frame | None:
        """Read the newest frame that waits, which stays waiting."""
        return self._frame(self._complete - 1)

    def skip(self, keep: int) -> int:
        """Pass over all waiting frames but the last `keep`; return over how many."""
        passed = max(0, self._complete - self._next - keep)
        self._next += passed
        return passed

    def close(self) -> None:
        """Nothing is kept open."""

    def _frame(self, number: int) -> Frame | None:
        layout = self._layout
        if layout is None or not self._next <= number < self._complete:
            return None
        try:
            with self.path.open("rb") as file:
                file.seek(layout.place(number))
                blob = file.read(layout.frame_bytes)
            if self._find_pixel_size is not None and not self._calibrated:
                self._calibrated = True
                self._pixel_size = self._find_pixel_size(self.path, layout)
        except OSError as error:
            self.notes.add("unreadable", f"'{self.name}' cannot be read: {error.strerror}.")
            return None
        if len(blob) < layout.frame_bytes:  # shortened since it was looked at
            return None
        return Frame(
            as_frame(layout.frame(blob)),
            number,
            f"{self.path.name}, frame {number}",
            self._clock.arrival(self._modified, self._seen),
            pixel_size=self._pixel_size,
        )

    def _begin_anew(self) -> None:
        self.notes.add("anew", f"'{self.path.name}' was begun anew.")
        self._layout, self._next, self._complete, self._size = None, 0, 0, 0
        self._calibrated = False

    def _read_header(self) -> None:
        with self.path.open("rb") as file:
            start = file.read(HEADER_BYTES)
        try:
            self._layout = self._find_layout(start)
        except SourceError as error:
            self.notes.add("kind", str(error))
        if self._layout is not None:
            self._headless_since = None
            return
        self._headless_since = self._headless_since or time.monotonic()
        if time.monotonic() - self._headless_since > _PATIENCE and not self.notes.count("header"):
            self.notes.add(
                "header",
                f"'{self.path.name}' has no header yet that says how large its frames are. If it "
                "is written last, follow the file as raw pixels.",
            )


def mrc_source(path: str | Path) -> GrowingSource:
    """Follow a growing MRC file; the number of frames in its header does not matter."""
    return GrowingSource(path, read_layout, pixel_size_of_mrc)


def raw_source(
    path: str | Path,
    shape: tuple[int, int],
    dtype: str | np.dtype,
    *,
    offset: int = 0,
    gap: int = 0,
    pixel_size: float | None = None,
) -> GrowingSource:
    """Follow a growing file of bare pixels.

    Parameters
    ----------
    path : path
        Need not be there yet.
    shape : (int, int)
        Height and width of a frame.
    dtype : dtype
        Such as ``"uint16"`` or, with the most significant byte first, ``">u2"``.
    offset, gap : int
        Bytes before the first frame, and between one and the next.
    pixel_size : float, optional
        In nm.

    Raises
    ------
    SourceError
        When there can be no such frames.
    """
    try:
        kind = np.dtype(dtype)
    except TypeError:
        raise SourceError(
            f"'{dtype}' is not a type of pixels; there are uint8, uint16, float32 and others."
        ) from None
    if kind.kind not in "buif" or min(shape) < 1 or offset < 0 or gap < 0:
        raise SourceError("Raw frames need a height, a width and a type of real numbers.")
    layout = Layout((int(shape[0]), int(shape[1])), kind, offset, gap)
    return GrowingSource(path, lambda _: layout, lambda *_: pixel_size)
