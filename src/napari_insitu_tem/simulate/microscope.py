"""A microscope that is running: it writes frames at a steady rate, with the faults of real ones.

For trying out how an experiment is followed, and for testing it.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_insitu_tem.movie import Movie
from napari_insitu_tem.simulate.microscope_files import KINDS, Kind, make_writer

__all__ = [
    "KINDS",
    "Faults",
    "Kind",
    "endless",
    "lattice_frames",
    "liquid_cell_frames",
    "run_microscope",
]

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
    writer = make_writer(Path(place), kind, pixel_size, rate, keep)
    held: tuple[int, np.ndarray] | None = None
    small, count, due = False, 0, time.monotonic()

    def write(number: int, frame: np.ndarray) -> None:
        pause = _PAUSE if _is_turn(number, faults.half_written) else 0.0
        writer.write(number, frame, pause, broken=_is_turn(number, faults.broken))
        if on_written is not None:
            on_written(number, time.time())

    try:
        for number, frame in enumerate(frames):
            due = max(due + 1 / rate, time.monotonic()) if number else due
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


def lattice_frames(size: int = 448, *, dose: float = 20.0, seed: int = 0) -> Movie:
    """Return a movie of a lattice in which a disc turns by 20 degrees, rendered when it is read.

    It is long, so that `endless` seldom turns round: what goes to and fro within the frames that
    a map looks back over has no direction.

    Parameters
    ----------
    size : int
        Height and width in pixels, from 128.
    dose : float
        Electrons per pixel and frame.
    seed : int
        For everything random.
    """
    from napari_insitu_tem.simulate.lattice import LatticeMovieSettings, lattice_movie

    settings = LatticeMovieSettings(
        change="rotating region", n_frames=300, height=size, width=size, turn=20.0, dose=dose
    )
    return lattice_movie(settings, seed)


def _is_turn(number: int, every: int) -> bool:
    return bool(every) and number > 0 and number % every == 0
