"""A microscope that is running: it writes frames at a steady rate, with the faults of real ones.

For trying out how an experiment is followed, and for testing it.
"""

from __future__ import annotations

import io
import itertools
import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from napari_insitu_tem.movie import Movie

__all__ = ["KINDS", "Faults", "Kind", "endless", "liquid_cell_frames", "run_microscope"]

Kind = Literal["tif", "npy", "tree", "mrc", "tiff stack", "raw"]
KINDS: tuple[Kind, ...] = ("tif", "npy", "tree", "mrc", "tiff stack", "raw")

_PAUSE = 0.12  # s between the halves of a half-written frame
_CACHED_BYTES = 200e6


@dataclass(frozen=True)
class Faults:
    """Which frames go wrong: every so-many-th; 0 for none.

    Parameters
    ----------
    half_written : int
        These are written in two halves with a pause between them.
    broken : int
        Of these only the first half is ever written. (Only in folders.)
    missing : int
        These are never written.
    swapped : int
        These come after the one that follows them. (Only in folders.)
    resized : int
        From each of these on, frames are cropped to three quarters, or whole again. (Not in
        MRC and raw files, whose frames have one size.)
    """

    half_written: int = 0
    broken: int = 0
    missing: int = 0
    swapped: int = 0
    resized: int = 0


def run_microscope(
    frames: Iterable[np.ndarray],
    place: str | Path,
    *,
    kind: Kind = "tif",
    rate: float = 20.0,
    faults: Faults = Faults(),
    pixel_size: float | None = None,
    keep: int | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
    on_written: Callable[[int, float], None] | None = None,
) -> int:
    """Write frames as they would come from a microscope, until they end or it is stopped.

    Parameters
    ----------
    frames : iterable of (y, x) arrays
        May be endless.
    place : path
        Folder (tif, npy, tree) or file (mrc, tiff stack, raw) to write; made if missing.
    kind : {"tif", "npy", "tree", "mrc", "tiff stack", "raw"}
        A folder of files; a tree of folders Hour_00/Minute_00/Second_00, as DigitalMicrograph
        writes it (with tif instead of dm4 files); or a file that grows.
    rate : float
        Frames per second. One that cannot be kept up is not made up for.
    faults : Faults
        What goes wrong.
    pixel_size : float, optional
        In nm; written where there is room for it.
    keep : int, optional
        Only the last so many files of a folder are kept.
    is_stopped : callable
        Asked before every frame.
    on_written : callable, optional
        Told the number of each frame and when it was closed (`time.time`).

    Returns
    -------
    int
        Number of frames written.
    """
    writer = _writer(Path(place), kind, pixel_size, rate, keep)
    held: tuple[int, np.ndarray] | None = None
    small, count, start = False, 0, time.monotonic()

    def write(number: int, frame: np.ndarray) -> None:
        pause = _PAUSE if _is_turn(number, faults.half_written) else 0.0
        writer.write(number, frame, pause, broken=_is_turn(number, faults.broken))
        if on_written is not None:
            on_written(number, time.time())

    try:
        for number, frame in enumerate(frames):
            due = start + number / rate
            while not is_stopped() and time.monotonic() < due:
                time.sleep(min(0.05, max(0.0, due - time.monotonic())))
            if is_stopped():
                break
            small ^= _is_turn(number, faults.resized)
            if small:
                height, width = frame.shape
                frame = frame[: height * 3 // 4, : width * 3 // 4]
            if _is_turn(number, faults.missing):
                continue
            if _is_turn(number, faults.swapped):
                held = number, frame
                continue
            write(number, frame)
            count += 1
            if held is not None:
                write(*held)
                held, count = None, count + 1
    finally:
        writer.close()
    return count


def endless(movie: Movie) -> Iterator[np.ndarray]:
    """Yield the frames of a movie forth and back for ever; small movies are kept in memory."""
    data = movie.data
    size = float(np.prod(data.shape)) * np.dtype(data.dtype).itemsize
    indices = [*range(movie.n_frames), *range(movie.n_frames - 2, 0, -1)]
    kept: dict[int, np.ndarray] = {}
    for index in itertools.cycle(indices):
        frame = kept.get(index)
        if frame is None:
            frame = movie.frame(index)
            if size <= _CACHED_BYTES:
                kept[index] = frame
        yield frame


def liquid_cell_frames(size: int = 512, *, dose: float = 1.0, seed: int = 0) -> Movie:
    """Return a short movie of nanocubes in liquid at a low dose, rendered when it is read.

    Parameters
    ----------
    size : int
        Height and width in pixels, from 128.
    dose : float
        Electrons per pixel and frame.
    seed : int
        For everything random.
    """
    from napari_insitu_tem.simulate.particles import (
        ParticleMovieSettings,
        simulate_particles_lazily,
    )

    settings = ParticleMovieSettings(
        n_frames=60,
        height=size,
        width=size,
        particles=max(3, size * size // 9000),
        diffusion=0.3,
        dose=dose,
    )
    return simulate_particles_lazily(settings, seed).movie


def _is_turn(number: int, every: int) -> bool:
    return bool(every) and number > 0 and number % every == 0


# -- writers -----------------------------------------------------------------------------------


class _Writer(Protocol):
    def write(self, number: int, frame: np.ndarray, pause: float, *, broken: bool) -> None: ...

    def close(self) -> None: ...


def _writer(
    place: Path, kind: Kind, pixel_size: float | None, rate: float, keep: int | None
) -> _Writer:
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
        if self._header and not self._file.tell():
            self._file.write(self._mrc_header(frame))
        blob = np.ascontiguousarray(frame, frame.dtype.newbyteorder("<")).tobytes()
        half = len(blob) // 2 if pause else len(blob)
        self._file.write(blob[:half])
        if pause:
            time.sleep(pause)
            self._file.write(blob[half:])

    def close(self) -> None:
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
        time.sleep(pause)
        self._tiff.write(frame, contiguous=False, **self._options)

    def close(self) -> None:
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
