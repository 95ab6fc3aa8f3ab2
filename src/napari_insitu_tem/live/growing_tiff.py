"""A TIFF stack that grows by a page at a time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.lazy import grey
from napari_insitu_tem.io.signal import quiet_libraries
from napari_insitu_tem.live.clock import Clock
from napari_insitu_tem.live.decode import UnfinishedError, as_frame, check_page
from napari_insitu_tem.live.frames import Frame, Notes
from napari_insitu_tem.live.pixel_size import pixel_size_in

__all__ = ["TiffSource"]

_PATIENCE = 5.0  # s, until a page that stays half-written is left out


class TiffSource:
    """Pages that are appended to a TIFF file, each with its own directory.

    The chain of directories is walked on from where it ended the last time, so a long stack
    costs no more than a short one. Stacks that are written as one block under one directory
    (ImageJ's way) cannot be followed before they are finished, which a note says.

    Parameters
    ----------
    path : path
        Need not be there yet.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.name = str(path)
        self.notes = Notes()
        self.lost = 0
        self._clock = Clock()
        self._size = self._size_of_last = 0
        self._modified = self._seen = 0.0
        self._pointer: int | None = None  # where the place of the next directory is written
        self._waiting: list[int] = []
        self._count = 0
        self._stuck_since: float | None = None
        self._pixel_size: float | None = None
        self._calibrated = False

    def look(self) -> int:
        """Look for new pages; return how many wait to be taken."""
        try:
            status = self.path.stat()
            if status.st_size < self._size:
                self.notes.add("anew", f"'{self.path.name}' was begun anew.")
                self._size = self._size_of_last = self._count = 0
                self._pointer, self._waiting = None, []
            changed = (status.st_size, status.st_mtime) != (self._size, self._modified)
            if changed:
                self._size, self._modified, self._seen = (
                    status.st_size,
                    status.st_mtime,
                    time.time(),
                )
            if changed and self._size > 16:
                self._walk()
        except FileNotFoundError:
            if not self._size and not self.notes.count("no file"):
                self.notes.add("no file", f"There is no file '{self.name}' yet.")
        except Exception as error:  # a header or directory that is only half there
            self._complain(error)
        return len(self._waiting)

    def take(self) -> Frame | None:
        """Read the next page; None when none is complete yet."""
        while self._waiting:
            try:
                pixels = self._page(self._waiting[0])
            except Exception as error:  # see above
                if not self._given_up(error):
                    return None
                continue
            self._waiting.pop(0)
            self._stuck_since = None
            number, self._count = self._count, self._count + 1
            return self._frame(pixels, number)
        return None

    def peek(self) -> Frame | None:
        """Read the newest page that waits, which stays waiting."""
        try:
            pixels = self._page(self._waiting[-1])
        except Exception:  # not whole yet
            return None
        return self._frame(pixels, self._count + len(self._waiting) - 1)

    def skip(self, keep: int) -> int:
        """Pass over all waiting pages but the last `keep`; return over how many."""
        passed = max(0, len(self._waiting) - keep)
        del self._waiting[:passed]
        self._count += passed
        return passed

    def close(self) -> None:
        """Nothing is kept open."""

    def _frame(self, pixels: np.ndarray, number: int) -> Frame:
        if not self._calibrated:
            self._calibrated, self._pixel_size = True, pixel_size_in(self.path)
        return Frame(
            pixels,
            number,
            f"{self.path.name}, page {number}",
            self._clock.arrival(self._modified, self._seen),
            pixel_size=self._pixel_size,
        )

    def _walk(self) -> None:
        """Walk the chain of directories on to its present end."""
        import tifffile

        with quiet_libraries(), tifffile.TiffFile(self.path) as file:
            handle, form = file.filehandle, file.tiff
            number = _numbers(form.byteorder)
            if self._pointer is None:
                self._pointer = 8 if form.version == 43 else 4
            while True:
                handle.seek(self._pointer)
                place = number(handle.read(form.offsetsize))
                if not place or place + form.tagnosize > self._size:
                    break
                handle.seek(place)
                tags = number(handle.read(form.tagnosize))
                pointer = place + form.tagnosize + tags * form.tagsize
                if pointer + form.offsetsize > self._size:
                    break
                self._waiting.append(place)
                self._pointer, self._size_of_last = pointer, self._size
        self._warn_of_block()

    def _page(self, place: int) -> np.ndarray:
        import tifffile

        with quiet_libraries(), tifffile.TiffFile(self.path) as file:
            file.filehandle.seek(place)
            page = tifffile.TiffPage(file, index=0)
            check_page(page, file.filehandle.size)
            pixels = page.asarray()
        if pixels.ndim == 3 and page.samplesperpixel > 1:
            pixels = grey(np.moveaxis(pixels, 0, -1) if page.planarconfig == 2 else pixels)
        return as_frame(pixels)

    def _given_up(self, error: Exception) -> bool:
        """Whether the first waiting page has been broken for too long; it is dropped then."""
        now = time.monotonic()
        self._stuck_since = self._stuck_since or now
        final = not isinstance(error, UnfinishedError | OSError) and len(self._waiting) > 1
        if not final and now - self._stuck_since < _PATIENCE:
            return False
        self._waiting.pop(0)
        self._count, self._stuck_since = self._count + 1, None
        self.lost += 1
        self.notes.add(
            "broken", f"Page {self._count - 1} of '{self.path.name}' is damaged and was left out."
        )
        return True

    def _complain(self, error: Exception) -> None:
        now = time.monotonic()
        self._stuck_since = self._stuck_since or now
        if now - self._stuck_since > _PATIENCE and not self.notes.count("unreadable"):
            self.notes.add(
                "unreadable", f"'{self.path.name}' cannot be read as a TIFF file ({error})."
            )

    def _warn_of_block(self) -> None:
        """Tell of a file that grows without getting pages."""
        grown = self._size - self._size_of_last
        if self._count == 1 and grown > 3 * self._size_of_last and not self.notes.count("block"):
            self.notes.add(
                "block",
                f"'{self.path.name}' grows, but no further pages appear in it: it is written as "
                "one block, which can only be opened when it is finished. Save each frame as a "
                "page of its own, or as a file.",
            )


def _numbers(order: str) -> Any:
    kind = "little" if order == "<" else "big"
    return lambda blob: int.from_bytes(blob, kind)  # type: ignore[arg-type]
