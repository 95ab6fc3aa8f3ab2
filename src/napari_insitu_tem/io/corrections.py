"""Corrections: what was corrected by hand, as data that outlives a segmentation.

For every corrected frame its whole label image is kept. The file is a TIFF with one page a
corrected frame (Fiji opens it), and a JSON description that says which frames they are and
of which recording.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.atomic import replacing
from napari_insitu_tem.movie import MovieError
from napari_insitu_tem.results import Segmentation

__all__ = ["Corrections", "load_corrections", "save_corrections"]

_KIND = "napari-insitu-tem corrections"


@dataclass(frozen=True, eq=False)
class Corrections:
    """Corrected label images, sparse in time.

    Parameters
    ----------
    shape : (t, y, x)
        Shape of the masks that were corrected.
    frames : mapping of int to (y, x) integer array
        Frame index to its whole corrected label image; a file's pages are read when asked for.
    fingerprint : str
        Of the recording (its `Provenance.fingerprint`), so that they are not put on another.
    source : str
        The recording's file or name.
    """

    shape: tuple[int, int, int]
    frames: Mapping[int, np.ndarray] = field(default_factory=dict)
    fingerprint: str = ""
    source: str = ""

    @classmethod
    def of(cls, segmentation: Segmentation, frames: Iterable[int] | None = None) -> Corrections:
        """Collect the corrected frames of a segmentation (or those given); lazily."""
        chosen = sorted(segmentation.corrected if frames is None else frames)
        history = segmentation.history()
        return cls(
            tuple(int(size) for size in segmentation.labels.shape),  # type: ignore[arg-type]
            _FramesOf(segmentation.labels, chosen),
            history.fingerprint,
            history.source,
        )

    def check(self, segmentation: Segmentation, *, any_recording: bool = False) -> None:
        """Raise unless these corrections belong on this segmentation.

        Raises
        ------
        MovieError
            When the shape differs, or (unless `any_recording`) the recording.
        """
        if tuple(segmentation.labels.shape) != tuple(self.shape):
            raise MovieError(
                f"The corrections are for masks of {tuple(self.shape)} (frames, height, width), "
                f"but these are {tuple(segmentation.labels.shape)}; crop, bin and cut the movie "
                "as it was when they were made."
            )
        theirs = segmentation.history()
        if self.fingerprint and self.fingerprint != theirs.fingerprint and not any_recording:
            raise MovieError(
                f"The corrections were made on another recording ({self.source}), not on "
                f"{theirs.source}. If they belong here all the same, allow any recording."
            )


class _FramesOf(Mapping[int, np.ndarray]):
    """Some frames of an array, as a mapping that reads them when asked for."""

    def __init__(self, labels: Any, chosen: list[int]) -> None:
        self._labels, self._chosen = labels, chosen

    def __getitem__(self, frame: int) -> np.ndarray:
        if frame not in self._chosen:
            raise KeyError(frame)
        return np.asarray(self._labels[frame])

    def __iter__(self) -> Iterator[int]:
        return iter(self._chosen)

    def __len__(self) -> int:
        return len(self._chosen)


class _Pages(Mapping[int, np.ndarray]):
    """The pages of a file, by frame."""

    def __init__(self, path: Path, page_of: dict[int, int]) -> None:
        self._path, self._page_of = path, page_of

    def __getitem__(self, frame: int) -> np.ndarray:
        import tifffile

        return tifffile.imread(self._path, key=self._page_of[frame])

    def __iter__(self) -> Iterator[int]:
        return iter(self._page_of)

    def __len__(self) -> int:
        return len(self._page_of)


def save_corrections(corrections: Corrections, path: str | Path) -> Path:
    """Write corrections to a TIFF file, atomically, and return its path.

    Raises
    ------
    MovieError
        When there are none.
    """
    import tifffile

    if not corrections.frames:
        raise MovieError("There is nothing to save: no frame was corrected yet.")
    path = Path(path)
    frames = [int(frame) for frame in corrections.frames]
    description = json.dumps(
        {
            "kind": _KIND,
            "shape": list(corrections.shape),
            "frames": frames,
            "fingerprint": corrections.fingerprint,
            "source": corrections.source,
        }
    )
    # Read all pages of an older file before it is replaced: they may be the very same.
    with replacing(path) as temporary, tifffile.TiffWriter(temporary) as writer:
        for number, frame in enumerate(frames):
            writer.write(
                np.asarray(corrections.frames[frame], np.int32),
                compression="zlib",
                photometric="minisblack",
                metadata=None,
                contiguous=False,
                description=description if number == 0 else None,
            )
    return path


def load_corrections(path: str | Path) -> Corrections:
    """Read what `save_corrections` wrote; the pages lazily.

    Raises
    ------
    MovieError
        When there is no such file, or it is something else.
    """
    import tifffile

    path = Path(path)
    if not path.is_file():
        raise MovieError(f"There is no file of corrections at {path}.")
    try:
        with tifffile.TiffFile(path) as file:
            header = json.loads(file.pages.first.description)
            pages = len(file.pages)
        if header["kind"] != _KIND or len(header["frames"]) != pages:
            raise ValueError("another kind of file")
        frames = {int(frame): page for page, frame in enumerate(header["frames"])}
        count, height, width = (int(size) for size in header["shape"])
    except (tifffile.TiffFileError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise MovieError(
            f"{path.name} does not hold corrections; choose a file saved from the Correct dock."
        ) from error
    if any(not 0 <= frame < count for frame in frames):
        raise MovieError(f"{path.name} is damaged: it names frames that it cannot have.")
    return Corrections(
        (count, height, width),
        _Pages(path, frames),
        str(header.get("fingerprint", "")),
        str(header.get("source", "")),
    )
