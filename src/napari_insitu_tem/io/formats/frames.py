"""A folder (or a pattern) of pictures, one a frame, in natural order."""

from __future__ import annotations

import re
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from napari_insitu_tem.io.formats import picture
from napari_insitu_tem.io.lazy import FrameReader, has_colours
from napari_insitu_tem.io.signal import Axis, ReadError, Signal

__all__ = ["groups", "natural_key", "signals"]

SUFFIXES = (*picture.PICTURES, *picture.TIFFS, *picture.DM_FILES)
# Frames may differ by this much in height or width and are then cropped to what all have.
_SIZE_TOLERANCE = 0.10
# Of longer movies, so many headers are read when opening; the rest when it comes to them.
_MOST_HEADERS = 2000
_MOST_DM_HEADERS = 50  # these take about 10 ms each


def natural_key(path: Path) -> list[tuple[int, int, str]]:
    """Return a sort key by which frame_9 comes before frame_10, and folder by folder."""
    parts = re.split(r"(\d+)", path.as_posix().lower())
    return [(0, int(part), part) if part.isdigit() else (1, 0, part) for part in parts]


def groups(files: list[Path]) -> dict[str, list[Path]]:
    """Sort files into movies by their names without numbers, each in natural order.

    ``frame_001.png`` and ``mask_001.png`` in one folder are two movies; names that all
    differ in more than numbers are one.
    """
    found: dict[str, list[Path]] = {}
    for file in sorted(files, key=natural_key):
        pattern = re.sub(r"\d+", "#", file.stem) + file.suffix.lower()
        found.setdefault(pattern, []).append(file)
    several = {name: members for name, members in found.items() if len(members) > 2}
    if len(several) < 2 or sum(map(len, several.values())) < 0.8 * len(files):
        return {"": sorted(files, key=natural_key)}
    return found


def signals(folder: Path, files: list[Path] | None = None) -> list[Signal]:
    """Return the movies in a folder.

    Parameters
    ----------
    folder : path
        Names the movie.
    files : list of path, optional
        The frames; all pictures of the folder otherwise.
    """
    skipped = ""
    if files is None:
        files, skipped = _pictures(folder)
    if not files:
        raise ReadError(f"the folder holds no frames ({', '.join(SUFFIXES)}){_inside(folder)}")
    movies = groups(files)
    return [
        _movie(name or folder.name, members, [skipped] if skipped else [])
        for name, members in movies.items()
    ]


def _inside(folder: Path) -> str:
    """Return a hint on what to open instead."""
    below = sorted(
        sub.name
        for sub in folder.iterdir()
        if sub.is_dir()
        and any(file.suffix.lower().lstrip(".") in SUFFIXES for file in sub.iterdir())
    )
    return f"; open one of its folders: {', '.join(below[:5])}" if below else ""


def _pictures(folder: Path) -> tuple[list[Path], str]:
    """Return the frames in a folder, of the commonest kind, and a word on what is left out."""
    files = [
        file
        for file in folder.iterdir()
        if file.is_file()
        and file.suffix.lower().lstrip(".") in SUFFIXES
        and not file.name.startswith(".")
    ]
    kinds = Counter(_kind(file) for file in files)
    if len(kinds) < 2:
        return files, ""
    kind, count = kinds.most_common(1)[0]
    others = len(files) - count
    return [file for file in files if _kind(file) == kind], (
        f"the folder also holds {others} {'picture' if others == 1 else 'pictures'} of another "
        f"kind than {kind}, which {'was' if others == 1 else 'were'} left out"
    )


def _kind(file: Path) -> str:
    suffix = file.suffix.lower().lstrip(".")
    return {"jpeg": "jpg", "tiff": "tif"}.get(suffix, suffix)


def _movie(name: str, files: list[Path], notes: list[str]) -> Signal:
    most = _MOST_DM_HEADERS if _kind(files[0]) in picture.DM_FILES else _MOST_HEADERS
    some = files
    if len(files) > most:
        some = [files[int(index)] for index in np.linspace(0, len(files) - 1, most)]
    headers = {file: _header(file) for file in some}
    shape, note = _common_shape(headers)
    notes = [*notes, note] if note else notes
    kinds = {found.dtype for found in headers.values()}
    dtype = np.result_type(*kinds)
    if len(kinds) > 1:
        words = ", ".join(sorted(str(kind) for kind in kinds))
        notes = [*notes, f"its frames have different types ({words}); all are read as {dtype}"]
    ends = sorted({0, len(files) // 2, len(files) - 1})
    samples = [_samples(files[index]) for index in ends]
    if any(sample.ndim == 3 and has_colours(sample) for sample in samples):
        notes = [*notes, "its colours were turned into grey by their brightness"]
    axes, start, original, tiff_notes = _calibration([files[index] for index in ends])
    return Signal(
        name,
        FrameReader((len(files), *shape), dtype, partial(_read, files, shape)),
        (Axis("t"), *axes),
        start_time=start,
        original={"files": [files[0].name, files[-1].name], **original},
        notes=(*notes, *tiff_notes),
    )


def _header(file: Path) -> picture.Header:
    try:
        return picture.header(file)
    except ReadError:
        raise
    except Exception:
        raise ReadError(f"'{file.name}' in it is damaged or not a picture") from None


def _samples(file: Path) -> np.ndarray:
    try:
        return picture.read_samples(file)
    except Exception:
        raise ReadError(f"'{file.name}' in it is damaged, cut off or not a picture") from None


def _read(files: list[Path], shape: tuple[int, int], index: int) -> np.ndarray:
    try:
        frame = picture.read_frame(files[index])
    except Exception:
        raise ReadError(f"'{files[index].name}' is damaged, cut off or gone.") from None
    if frame.shape[0] < shape[0] or frame.shape[1] < shape[1]:
        raise ReadError(
            f"'{files[index].name}' has {frame.shape[0]} × {frame.shape[1]} pixels, less than "
            f"the {shape[0]} × {shape[1]} of the other frames."
        )
    return frame[: shape[0], : shape[1]]


def _common_shape(headers: dict[Path, picture.Header]) -> tuple[tuple[int, int], str]:
    """Return the size that all frames have, and a word on what was cut off."""
    shapes = np.array([found.shape for found in headers.values()])
    low, high = shapes.min(axis=0), shapes.max(axis=0)
    common = (int(low[0]), int(low[1]))
    if (low == high).all():
        return common, ""
    small = f"{low[0]} × {low[1]}"
    large = f"{high[0]} × {high[1]}"
    if ((high - low) > _SIZE_TOLERANCE * high).any():
        raise ReadError(
            f"its pictures have very different sizes (from {small} to {large} pixels), so they "
            "are not frames of one movie; open a pattern of names instead, such as frame_*.png"
        )
    return common, (
        f"its frames have different sizes (from {small} to {large} pixels, height × width); "
        f"all were cut to {small} from the top left corner"
    )


def _calibration(
    files: list[Path],
) -> tuple[tuple[Axis, Axis], str | None, dict[str, object], tuple[str, ...]]:
    """Return what TIFF and DigitalMicrograph frames say; pictures say nothing."""
    if _kind(files[0]) in picture.PICTURES:
        return (Axis("y"), Axis("x")), None, {}, ()
    if _kind(files[0]) in picture.DM_FILES:
        found = [picture.dm_image(file) for file in files]
    else:
        from napari_insitu_tem.io.formats import tiff

        found = [tiff.signals(file)[0] for file in files]
    axes = [signal.axes[-2:] for signal in found]
    notes = tuple(note for note in found[0].notes if "resolution" in note)
    y, x = axes[0]
    if any(pair != axes[0] for pair in axes):
        notes = (*notes, "its frames have different pixel sizes; none was taken")
        y, x = Axis("y"), Axis("x")
    return (y, x), found[0].start_time, dict(found[0].original), notes
