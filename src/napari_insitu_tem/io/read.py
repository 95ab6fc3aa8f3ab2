"""Open any recording as a `Movie`: which file is what, and one plain sentence when it fails."""

from __future__ import annotations

import glob
import importlib
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io import axes
from napari_insitu_tem.io.beside import beside
from napari_insitu_tem.io.choose import calibrate, choose, info_of
from napari_insitu_tem.io.formats.ome_xml import NAMESPACE, origin_of
from napari_insitu_tem.io.lazy import as_movie_data
from napari_insitu_tem.io.signal import (
    AmbiguousSignal,
    ReadError,
    Signal,
    SignalInfo,
    quiet_libraries,
)
from napari_insitu_tem.movie import CalibrationWarning, Movie

__all__ = [
    "SUFFIXES",
    "AmbiguousSignal",
    "ReadError",
    "list_signals",
    "read_movie",
    "signals_of",
]

logger = logging.getLogger("napari_insitu_tem")

# Suffix to the module in `formats` that reads it, and what to call such a file.
SUFFIXES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("dm3", "dm4"), ("rosetta", "a DigitalMicrograph file")),
    **dict.fromkeys(("ser", "emi"), ("ser", "a TIA file")),
    **dict.fromkeys(("mrc", "mrcs", "st", "map", "rec"), ("mrc", "an MRC file")),
    "emd": ("rosetta", "an EMD file"),
    "hspy": ("rosetta", "a HyperSpy file"),
    "zspy": ("rosetta", "a HyperSpy zarr folder"),
    **dict.fromkeys(("tif", "tiff", "btf", "tf8"), ("tiff", "a TIFF file")),
    "zarr": ("omezarr", "a zarr folder"),
    "npy": ("numpy_file", "a NumPy file"),
    **dict.fromkeys(("mp4", "avi", "mov", "mkv", "m4v"), ("video", "a video")),
    **dict.fromkeys(("png", "jpg", "jpeg", "bmp"), ("picture", "a picture")),
}


def list_signals(path: str | Path | Sequence[Path]) -> list[SignalInfo]:
    """Return what a file holds, and what of it can be opened as a movie.

    Parameters
    ----------
    path : path or list of paths
        A file, a folder of frames, a zarr folder, a pattern such as ``run3/frame_*.png``, or
        the files of the frames.

    Raises
    ------
    ReadError
        When the file cannot be read at all.
    """
    return [info_of(signal) for signal in _signals(path)]


def signals_of(path: str | Path | Sequence[Path]) -> list[tuple[SignalInfo, str | None]]:
    """Return what `list_signals` does, each with the clock time of its first frame."""
    return [(info_of(signal), signal.start_time) for signal in _signals(path)]


def read_movie(
    path: str | Path | Sequence[Path],
    *,
    signal: str | int | None = None,
    time_axis: int | None = None,
) -> Movie:
    """Open a recording; pixels are read when they are looked at.

    Parameters
    ----------
    path : path or list of paths
        A file, a folder of frames, a zarr folder, a pattern such as ``run3/frame_*.png``, or
        the files of the frames.
    signal : str or int, optional
        Which of the file's signals, by name or position in `list_signals`. Not needed when
        only one of them can be a movie.
    time_axis : int, optional
        Which axis of the stored array is time, for files that do not say or say it wrong.

    Returns
    -------
    Movie
        Its ``metadata`` has ``signal`` (name), ``original`` (the file's own metadata),
        ``notes`` (what was assumed or refused) and, where the file has it, ``start_time``
        (clock time of the first frame, ISO 8601).

    Raises
    ------
    ReadError
        With one plain sentence, when it cannot be opened as a movie.
    AmbiguousSignal
        When it holds several movies and `signal` does not say which.

    Warns
    -----
    CalibrationWarning
        For every assumption made and every calibration refused.
    """
    place = _place(path)
    name = place.name or str(place)
    chosen = choose(_signals(path, time_axis), signal, time_axis, name)
    movie, notes = _movie(chosen, time_axis, str(place))
    _try_ends(movie, name)
    notes = (*notes, *_not_numbers(movie))
    for note in notes:
        warnings.warn(f"'{name}': {note}.", CalibrationWarning, stacklevel=2)
    return movie


def _place(path: str | Path | Sequence[Path]) -> Path:
    """Return the path itself, or the folder that a list of frames lies in."""
    if isinstance(path, (str, Path)):
        return Path(path)
    if not path:
        raise ReadError("There is no file to open.")
    return Path(path[0]).parent


def _signals(path: str | Path | Sequence[Path], time_axis: int | None = None) -> list[Signal]:
    """Return all signals of a file, channels and planes taken apart."""
    place = _place(path)
    name = place.name or str(place)
    listed = [] if isinstance(path, (str, Path)) else [Path(file) for file in path]
    matches = listed or _matches(place)
    try:
        with quiet_libraries():
            found = _open(place, matches)
        if time_axis is not None:  # what looks like channels may be what the user calls time
            return [one for one in found if len(one.shape) == 3] or found
        return _told_apart([part for signal in found for part in axes.split(signal)])
    except ReadError as error:
        raise ReadError(f"'{name}' cannot be opened: {str(error).rstrip('.')}.") from None
    except MemoryError:
        raise ReadError(f"'{name}' cannot be opened: it does not fit into memory.") from None
    except PermissionError:
        raise ReadError(f"'{name}' cannot be opened: you may not read it.") from None
    except Exception as error:  # every library fails in its own way on damaged files
        logger.debug("Opening %s failed", path, exc_info=error)
        kind = _kind(place)[1]
        raise ReadError(
            f"'{name}' cannot be opened: it is damaged, cut off, or not {kind}."
        ) from None


def _told_apart(signals: list[Signal]) -> list[Signal]:
    """Give signals of the same name numbers, so that each can be asked for."""
    names = [signal.name for signal in signals]
    return [
        signal.replace(name=f"{signal.name} ({names[:index].count(signal.name) + 1})")
        if names.count(signal.name) > 1
        else signal
        for index, signal in enumerate(signals)
    ]


def _matches(path: Path) -> list[Path]:
    """Return the files that a pattern stands for; nothing when it is a file or folder."""
    if path.exists():
        return []
    if not glob.has_magic(str(path)):
        raise ReadError(f"There is no file '{path}'.")
    found = [Path(match) for match in glob.glob(str(path), recursive=True)]  # noqa: PTH207
    files = [match for match in found if match.is_file()]
    if not files:
        raise ReadError(f"There is no file that matches '{path}'.")
    return files


def _open(path: Path, matches: list[Path]) -> list[Signal]:
    from napari_insitu_tem.io.formats import frames, omezarr

    if len(matches) == 1:
        path, matches = matches[0], []
    if matches:
        return frames.signals(path.parent, matches)
    module, _ = _kind(path)
    if path.is_dir():
        if module == "rosetta" or omezarr.is_zarr(path):
            reader = "rosetta" if module == "rosetta" else "omezarr"
            return _module(reader).signals(path)
        return frames.signals(path)
    if path.stat().st_size == 0:
        raise ReadError("it is empty (0 bytes)")
    if not module:
        known = ", ".join(sorted(SUFFIXES))
        raise ReadError(
            f"{path.suffix or 'no suffix'} is none of the kinds that can be read ({known}, and "
            "folders of png, jpg or tif frames)"
        )
    return _module(module).signals(path)


def _module(name: str) -> Any:
    return importlib.import_module(f"napari_insitu_tem.io.formats.{name}")


def _kind(path: Path) -> tuple[str, str]:
    return SUFFIXES.get(path.suffix.lower().lstrip("."), ("", "a file that can be read"))


def _movie(signal: Signal, time_axis: int | None, source: str) -> tuple[Movie, tuple[str, ...]]:
    arranged = axes.arrange(signal, time_axis)
    size, step, notes = calibrate(signal, arranged)
    data = as_movie_data(arranged.data)
    metadata: dict[str, Any] = {
        "signal": signal.name,
        "original": dict(signal.original),
        "notes": list(notes),
    }
    if signal.start_time:
        metadata["start_time"] = signal.start_time
    provenance, frames = beside(source, int(data.shape[0]))
    movie = Movie(
        data,
        pixel_size=size,
        frame_time=step,
        dose=signal.dose,
        name=_title(signal, source),
        source=source,
        metadata=metadata,
        frames=frames,
        origin=origin_of(signal.original.get(NAMESPACE, {})),
        provenance=provenance,
    )
    return movie, notes


def _title(signal: Signal, source: str) -> str:
    """Name a movie after its file, and after its signal where the file holds several things."""
    stem = Path(source).name
    for suffix in (".ome.tif", ".ome.tiff", ".ome.zarr"):
        if stem.lower().endswith(suffix):
            return stem[: -len(suffix)]
    return Path(stem).stem or signal.name


def _try_ends(movie: Movie, name: str) -> None:
    """Read the first and the last frame: a file that is cut off fails here, not later."""
    try:
        with quiet_libraries() as complaints:
            for index in {0, movie.n_frames - 1}:
                movie.frame(index)
    except ReadError as error:
        raise ReadError(f"'{name}' cannot be opened: {str(error).rstrip('.')}.") from None
    except Exception as error:
        logger.debug("Reading the ends of %s failed: %s", name, complaints, exc_info=error)
        raise ReadError(
            f"'{name}' cannot be opened: it is damaged or cut off, some frames cannot be read."
        ) from None


def _not_numbers(movie: Movie) -> tuple[str, ...]:
    """Return a word on pixels of the first frame that are NaN or infinite."""
    if np.dtype(movie.data.dtype).kind != "f":
        return ()
    bad = int(np.sum(~np.isfinite(movie.frame(0))))
    return (f"{bad} pixels of its first frame are not numbers (NaN or infinite)",) if bad else ()
