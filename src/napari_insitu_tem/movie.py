"""Movie: frames of an in-situ recording with their calibration."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import typing
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CalibrationWarning", "Movie", "MovieError"]

_HANDFUL_BYTES = 4.2e6


class CalibrationWarning(UserWarning):
    """A calibration was missing or nonsense and has been left out; shown to the user."""


class MovieError(ValueError):
    """Something is not a movie, or a movie does not fit a task; one plain sentence."""


@dataclass(frozen=True, eq=False)
class Movie:
    """Frames of a recording, with calibration; a still image has one frame.

    Parameters
    ----------
    data : (t, y, x) numpy or dask array
        Real-valued pixels. Never assumed to fit into memory; see `iter_frames`.
    pixel_size : float, optional
        Edge of a (square) pixel in nm.
    frame_time : float, optional
        Seconds from one frame to the next.
    dose : float, optional
        Electrons per Å² and frame.
    name, source : str
        What to call it, and the file it came from.
    metadata : mapping
        The file's own metadata and whatever a reader wants to pass on.
    frames : pandas.DataFrame, optional
        One row a frame: temperature and whatever else a holder's log gave, with the unit in
        the column's name (``temperature_C``), and possibly ``time_s``.
    origin : (float, float)
        Where the middle of its first pixel (row, column) lies in the recording that it was
        cropped from, in its own pixels. Coordinates of particles count from that pixel.
    provenance : Provenance, optional
        What was done to it so far.

    Raises
    ------
    MovieError
        When `data` is not three-dimensional, is empty or is complex.
    """

    data: Any
    pixel_size: float | None = None
    frame_time: float | None = None
    dose: float | None = None
    name: str = "movie"
    source: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    frames: pd.DataFrame | None = None
    origin: tuple[float, float] = (0.0, 0.0)
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        shape = getattr(self.data, "shape", ())
        if len(shape) == 2:
            object.__setattr__(self, "data", self.data[np.newaxis])
        elif len(shape) != 3:
            raise MovieError(
                f"'{self.name}' has {len(shape)} dimensions; a movie has three: time, y, x."
            )
        if 0 in self.data.shape:
            raise MovieError(f"'{self.name}' is empty: its shape is {tuple(self.data.shape)}.")
        if np.issubdtype(self.data.dtype, np.complexfloating):
            raise MovieError(
                f"'{self.name}' holds complex numbers (a Fourier transform or an exit wave); "
                "a movie holds intensities. Save its modulus first."
            )
        for what, unit in (("pixel_size", "nm"), ("frame_time", "s"), ("dose", "e/Å²")):
            value = getattr(self, what)
            if value is not None and not (math.isfinite(value) and value > 0):
                words = what.replace("_", " ")
                warnings.warn(
                    f"'{self.name}': a {words} of {value:g} {unit} cannot be right and was left "
                    f"out. Set it under Calibrate, or measure without it.",
                    CalibrationWarning,
                    stacklevel=3,
                )
                object.__setattr__(self, what, None)
        if self.frames is not None and len(self.frames) != self.n_frames:
            raise MovieError(
                f"'{self.name}' has {self.n_frames} frames, but its table of frames has "
                f"{len(self.frames)} rows."
            )

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self.data.shape[0])

    @property
    def frame_shape(self) -> tuple[int, int]:
        """Height and width of a frame in pixels."""
        return int(self.data.shape[1]), int(self.data.shape[2])

    @property
    def time(self) -> np.ndarray | None:
        """Time of every frame in seconds, or None without a frame time."""
        if self.frames is not None and "time_s" in self.frames:
            return self.frames["time_s"].to_numpy(float)
        if self.frame_time is None:
            return None
        return np.arange(self.n_frames) * self.frame_time

    def frame(self, index: int) -> np.ndarray:
        """Return one frame, in memory."""
        return np.asarray(self.data[index])

    def iter_frames(self) -> Iterator[np.ndarray]:
        """Yield every frame, reading a chunk of a few frames at a time."""
        for start, stop in self._blocks():
            yield from np.asarray(self.data[start:stop])

    def _blocks(self) -> Iterator[tuple[int, int]]:
        per_block = max(1, int(32e6 // max(1, self.data[0].nbytes)))
        chunks = getattr(self.data, "chunks", None)
        if isinstance(chunks, tuple) and chunks and isinstance(chunks[0], tuple):
            # Asking a lazy array for a frame has its price, so small frames come by the handful.
            handful = int(_HANDFUL_BYTES // max(1, self.data[0].nbytes))
            per_block = max(1, min(per_block, max(handful, *chunks[0])))
        for start in range(0, self.n_frames, per_block):
            yield start, min(start + per_block, self.n_frames)

    def replace(self, **changes: Any) -> Movie:
        """Return a copy with some fields changed; `data` of another length drops `frames`."""
        if "data" in changes and "frames" not in changes and self.frames is not None:
            data = changes["data"]
            length = data.shape[0] if data.ndim == 3 else 1
            if length != len(self.frames):
                changes["frames"] = None
        return dataclasses.replace(self, **changes)

    def select(self, start: int, stop: int) -> Movie:
        """Return frames `start` to `stop` (excluded), lazily, with their rows of the table."""
        frames = self.frames
        if frames is not None:
            frames = frames.iloc[start:stop].reset_index(drop=True)
        return self.replace(data=self.data[start:stop], frames=frames)

    def crop(self, rows: slice, columns: slice) -> Movie:
        """Return some rows and columns (with non-negative bounds), lazily."""
        return self.replace(data=self.data[:, rows, columns]).moved(rows.start, columns.start)

    def moved(self, down: float, right: float) -> Movie:
        """Return it with its first pixel so many pixels from where it lay."""
        return self.replace(origin=(self.origin[0] + float(down), self.origin[1] + float(right)))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over shape, type, calibration and the first, middle and last frame."""
        digest = hashlib.sha256()
        digest.update(repr((tuple(self.data.shape), str(self.data.dtype))).encode())
        digest.update(repr((self.pixel_size, self.frame_time, self.dose)).encode())
        for index in sorted({0, self.n_frames // 2, self.n_frames - 1}):
            digest.update(np.ascontiguousarray(self.frame(index)).tobytes())
        return digest.hexdigest()

    def history(self) -> Provenance:
        """Return the provenance so far; of a movie fresh from its file, an empty one."""
        return self.provenance or Provenance.of_input(
            self.source or self.name,
            self.fingerprint,
            signal=typing.cast("str | None", self.metadata.get("signal")),
        )
