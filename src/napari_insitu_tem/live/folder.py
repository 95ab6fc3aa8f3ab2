"""A folder that frames are written into, one file a frame; DigitalMicrograph's trees too.

The folder is looked through again and again, which works on network drives as well, where the
system's own notices of changes do not.
"""

from __future__ import annotations

import fnmatch
import itertools
import json
import os
import time
from bisect import insort
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_insitu_tem.io.formats.frames import natural_key
from napari_insitu_tem.live.clock import Clock
from napari_insitu_tem.live.decode import SUFFIXES, NotAFrameError, read_frame_file
from napari_insitu_tem.live.frames import Frame, Notes
from napari_insitu_tem.live.names import Numbering, next_name, number_in
from napari_insitu_tem.live.pixel_size import pixel_size_in
from napari_insitu_tem.live.tree import is_branch, leaves

__all__ = ["SIDE_FILE", "FolderSource"]

#: May lie in the folder: ``{"pixel_size_nm": 0.12}``, for files that have no room for it.
SIDE_FILE = "live.json"
#: A folder is looked through so many times its own duration apart, so as not to wear it out.
_REST = 8.0
#: And so seldom (s) where the names of new files were guessed right.
_SELDOM = 0.25
#: So many files are examined at a time; more would keep a slow drive busy.
_AT_A_TIME = 16
#: A file that could not be read is tried again after so long (s).
_RETRY = 0.1
#: A file that was there before, and is older than this (s), is not being written.
_LONG_AGO = 2.0
#: The older folders of a tree are looked through this often (s), for what came late.
_WHOLE_TREE = 10.0


@dataclass
class _File:
    """What is known of a file that was not taken yet."""

    key: list[tuple[int, int, str]]
    path: Path
    was_there: bool
    size: int = -1
    changed: int = -1
    since: float = 0.0
    seen: float = 0.0
    retry: float = 0.0

    def __lt__(self, other: _File) -> bool:
        return self.key < other.key


class FolderSource:
    """Frames from files that appear in a folder, in the natural order of their names.

    A file is taken when neither its size nor its time has changed for a moment, and when what
    it holds is whole. One that stays broken is given up after a while; the next ones do not
    wait for it.

    Parameters
    ----------
    folder : path
        Need not be there yet. In it (or in its ``Hour_00/Minute_00/Second_00`` folders) lie
        npy, tif, dm3, dm4, mrc, png, jpg or bmp files of one frame each.
    pattern : str
        Which files, such as ``"frame_*.tif"``.
    settle : float
        Seconds for which a file has to stay the same; longer for slow network drives.
    patience : float
        Seconds after which a file that is broken, or a number that has not come, is given up.
    """

    def __init__(
        self, folder: str | Path, *, pattern: str = "*", settle: float = 0.03, patience: float = 5.0
    ) -> None:
        self.folder = Path(folder)
        self.name = str(folder)
        self.notes = Notes()
        self.lost = 0
        self._pattern, self._settle, self._patience = pattern, settle, patience
        self._seen: set[str] = set()
        self._waiting: list[_File] = []
        self._last: _File | None = None
        self._next_scan = self._next_tree_scan = 0.0
        self._guessed = False
        self._scans = 0
        self._is_tree = False
        self._numbering = Numbering(patience=min(patience, 1.0))
        self._count = 0
        self._clock = Clock()
        self._pixel_size: float | None = None
        self._calibrated = False

    def look(self) -> int:
        """Look for new frames; return how many wait to be taken."""
        now = time.monotonic()
        for text in self._numbering.overdue(now):
            self.notes.add("missing", text)
        if self._expected():
            self._guessed = True
        elif now >= self._next_scan:
            before = len(self._waiting)
            self._scan(now)
            if len(self._waiting) > before:
                self._guessed = False
            self._scans += 1
            end = time.monotonic()
            rest = max(_REST * (end - now), _SELDOM if self._guessed else 0.0)
            self._next_scan = end + min(1.0, rest)
        return len(self._waiting)

    def take(self) -> Frame | None:
        """Read the next frame; None when none is complete yet."""
        now = time.monotonic()
        # Those that were just found broken do not keep the others from their turn.
        due = (file for file in self._waiting if file.retry <= now)
        for file in list(itertools.islice(due, _AT_A_TIME)):
            frame = self._try(file)
            if frame is not None:
                return frame
            if self._last is not None and file < self._last:  # it is there, so not missing
                self._numbering.came_late(file.path.relative_to(self.folder).as_posix())
        return None

    def peek(self) -> Frame | None:
        """Read the newest frame that waits, which stays waiting; None when it is not whole."""
        for file in self._waiting[:-4:-1]:  # the very newest may be half-written
            try:
                if file.changed < 0:
                    file.seen = time.time()
                file.changed = file.path.stat().st_mtime_ns
                pixels = read_frame_file(file.path)
            except Exception:  # it is told when its turn comes
                continue
            return self._frame(file, pixels, self._waiting.index(file), late=False)
        return None

    def skip(self, keep: int) -> int:
        """Pass over all waiting frames but the last `keep`; return over how many."""
        passed = self._waiting[: max(0, len(self._waiting) - keep)]
        del self._waiting[: len(passed)]
        if passed:
            self._numbering.restart()
            if self._last is None or self._last < passed[-1]:
                self._last = passed[-1]
        return len(passed)

    def close(self) -> None:
        """Let go of everything."""
        self._waiting.clear()

    # -- finding files -----------------------------------------------------------------------

    def _expected(self) -> bool:
        """Look for the file whose number comes next, which costs next to nothing."""
        newest = self._waiting[-1] if self._waiting else self._last
        name = next_name(newest.path.name) if newest is not None else None
        if newest is None or name is None:
            return False
        path = newest.path.with_name(name)
        if str(path) in self._seen or not path.exists() or not self._wanted(name):
            return False
        self._add(path)
        return True

    def _scan(self, now: float) -> None:
        try:
            for folder in self._folders(now):
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.path in self._seen:
                            continue
                        if self._wanted(entry.name):
                            self._add(Path(entry.path))
                        elif not self._is_tree and is_branch(entry.name):
                            self._next_tree_scan = 0.0  # a tree begins to grow here
        except FileNotFoundError:
            if not self.folder.exists() and not self.notes.count("no folder"):
                self.notes.add("no folder", f"There is no folder '{self.name}' yet.")
        except OSError as error:
            self.notes.add(
                "unreadable", f"'{self.name}' cannot be looked through: {error.strerror}."
            )

    def _folders(self, now: float) -> list[Path]:
        """Return the folders to look through: of a tree, the newest ones most of the time."""
        if now >= self._next_tree_scan:
            self._next_tree_scan = now + _WHOLE_TREE
            found = leaves(self.folder)
            self._is_tree = bool(found)
            return [self.folder, *found]
        return leaves(self.folder, newest_only=2) if self._is_tree else [self.folder]

    def _wanted(self, name: str) -> bool:
        return (
            name.rpartition(".")[2].lower() in SUFFIXES
            and not name.startswith((".", "~"))
            and fnmatch.fnmatch(name, self._pattern)
        )

    def _add(self, path: Path) -> None:
        self._seen.add(str(path))
        key = natural_key(path.relative_to(self.folder))
        insort(self._waiting, _File(key, path, was_there=not self._scans))

    # -- taking them ---------------------------------------------------------------------------

    def _try(self, file: _File) -> Frame | None:
        """Read a file if it has come to rest; give it up if it stays broken."""
        now = time.monotonic()
        try:
            status = file.path.stat()
            if (status.st_size, status.st_mtime_ns) != (file.size, file.changed):
                file.size, file.changed = status.st_size, status.st_mtime_ns
                file.since, file.seen = now, time.time()
                if not (file.was_there and time.time() - status.st_mtime > _LONG_AGO):
                    return None
                file.since = now - self._settle
            if now - file.since < self._settle or not file.size:
                self._given_up(file, now, "is empty")
                return None
            pixels = read_frame_file(file.path)
        except FileNotFoundError:
            self._drop(file, f"'{file.path.name}' was gone before it could be read.")
            return None
        except NotAFrameError as error:
            self._drop(file, f"'{file.path.name}' was left out. {error}")
            return None
        except Exception:  # every library fails in its own way on half a file
            file.retry = now + _RETRY
            self._given_up(file, now, "is damaged, cut off or locked")
            return None
        self._waiting.remove(file)
        late = self._last is not None and file < self._last
        place = file.path.relative_to(self.folder).as_posix()
        if late:
            self._numbering.came_late(place)
            self.notes.add("late", f"'{file.path.name}' came after a later frame.")
        else:
            self._last = file
            self._numbering.came(place, now)
        frame = self._frame(file, pixels, 0, late=late)
        self._count += 1
        return frame

    def _frame(self, file: _File, pixels: np.ndarray, ahead: int, *, late: bool) -> Frame:
        """Return the frame of a file that has so many others before its turn."""
        self._calibrate(file.path)
        number = number_in(file.path.name)
        in_tree = file.path.parent != self.folder
        return Frame(
            pixels,
            self._count + ahead if number is None or in_tree else number,
            file.path.relative_to(self.folder).as_posix(),
            self._clock.arrival(file.changed / 1e9, file.seen or time.time()),
            late,
            self._pixel_size,
        )

    def _given_up(self, file: _File, now: float, why: str) -> None:
        if now - file.since >= self._patience:
            self._drop(file, f"'{file.path.name}' {why} and was left out.")

    def _drop(self, file: _File, text: str) -> None:
        self._waiting.remove(file)
        self.lost += 1
        self.notes.add("broken", text)

    def _calibrate(self, path: Path) -> None:
        """Find the pixel size, once, in the side file or in a frame's own file."""
        if self._calibrated:
            return
        self._calibrated = True
        try:
            told = json.loads((self.folder / SIDE_FILE).read_text("utf-8"))
            self._pixel_size = float(told["pixel_size_nm"])
        except FileNotFoundError:
            self._pixel_size = pixel_size_in(path)
        except (OSError, ValueError, TypeError, KeyError):
            self.notes.add(
                "side file",
                f"'{SIDE_FILE}' in the folder is not of the form {{\"pixel_size_nm\": 0.12}}.",
            )
