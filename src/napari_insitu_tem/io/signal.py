"""Signals: what a file holds, before it is known whether it is a movie.

Every format module turns a path into a list of `Signal`: an array that is not read yet, its
axes as the file labels them, and what else the file says. Judging all that (which axis is
time, whether a scale can be true) is done once for all formats, in `axes` and `calibration`.
"""

from __future__ import annotations

import dataclasses
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

__all__ = ["AmbiguousSignal", "Axis", "ReadError", "Signal", "SignalInfo", "quiet_libraries"]


class ReadError(ValueError):
    """A file cannot be opened as a movie; one plain sentence says why."""


@dataclass(frozen=True)
class SignalInfo:
    """One of the signals in a file, as shown to the user who has to choose.

    Parameters
    ----------
    name : str
        What to pass to ``read_movie(path, signal=name)``.
    shape : tuple of int
        Shape of the array in the file.
    dtype : str
        Its type.
    axes : tuple of str
        Labels of the axes as the file gives them; empty where it gives none.
    is_movie : bool
        Whether it can be opened as a movie (or a still image).
    problem : str
        Why not, in plain words; empty for a movie.
    n_frames : int
        Number of frames of a movie, 0 otherwise.
    frame_shape : tuple of int
        Height and width of a frame in pixels.
    pixel_size, frame_time, dose : float, optional
        The calibration (nm, s, e/Å² per frame) that `read_movie` would give.
    notes : tuple of str
        What the reader had to assume or refuse.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    axes: tuple[str, ...] = ()
    is_movie: bool = True
    problem: str = ""
    n_frames: int = 0
    frame_shape: tuple[int, ...] = ()
    pixel_size: float | None = None
    frame_time: float | None = None
    dose: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Frames, size and type of a movie, in words; of anything else, why it is none."""
        if not self.is_movie:
            return self.problem
        size = " × ".join(str(size) for size in self.frame_shape)
        frames = f"{self.n_frames} frames of {size}" if self.n_frames > 1 else f"image of {size}"
        return f"{frames}, {self.dtype}"

    def __str__(self) -> str:
        return f"{self.name} ({self.summary})"


class AmbiguousSignal(ReadError):  # noqa: N818 - a question to the user
    """A file holds several movies; `signals` lists all that it holds."""

    def __init__(self, message: str, signals: tuple[SignalInfo, ...]) -> None:
        super().__init__(message)
        self.signals = signals


@dataclass(frozen=True)
class Axis:
    """An axis as the file describes it: label, step and unit, each possibly missing."""

    name: str = ""
    scale: float | None = None
    unit: str = ""


@dataclass(frozen=True, eq=False)
class Signal:
    """An array in a file with what the file says about it.

    Parameters
    ----------
    name : str
        Title within the file.
    data : array-like
        NumPy array, memory map, dask array or a lazy array of `lazy`; not read yet.
    axes : tuple of Axis
        One a dimension.
    frame_time : float, optional
        Seconds per frame where the file states them apart from an axis.
    dose : float, optional
        Electrons per Å² and frame.
    start_time : str, optional
        Clock time of the first frame, ISO 8601.
    original : dict
        The file's own metadata.
    notes : tuple of str
        What the user must know; each a clause that follows the file's name and a colon.
    problem : str
        Why it can never be a movie; empty otherwise.
    """

    name: str
    data: Any
    axes: tuple[Axis, ...]
    frame_time: float | None = None
    dose: float | None = None
    start_time: str | None = None
    original: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return tuple(int(size) for size in self.data.shape)

    def replace(self, **changes: Any) -> Signal:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


@contextmanager
def quiet_libraries() -> Iterator[list[str]]:
    """Keep what reading libraries warn and log away from the user; yield it as a list.

    Libraries log what is wrong with a damaged file and carry on, which is the only sign that
    a recording was cut off.
    """
    messages: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            messages.append(record.getMessage())

    collector = Collector(logging.WARNING)
    loggers = [logging.getLogger(name) for name in ("tifffile", "rsciio", "libav", "PIL")]
    before = [(logger, logger.propagate) for logger in loggers]
    try:
        for logger in loggers:
            logger.addHandler(collector)
            logger.propagate = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield messages
    finally:
        for logger, propagate in before:
            logger.removeHandler(collector)
            logger.propagate = propagate
