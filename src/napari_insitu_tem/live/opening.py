"""Which source follows a path."""

from __future__ import annotations

from pathlib import Path

from napari_insitu_tem.io.formats.picture import TIFFS
from napari_insitu_tem.live.folder import FolderSource
from napari_insitu_tem.live.frames import FrameSource, SourceError
from napari_insitu_tem.live.growing import mrc_source, raw_source
from napari_insitu_tem.live.growing_tiff import TiffSource
from napari_insitu_tem.live.mrc_header import MRC_FILES
from napari_insitu_tem.live.settings import LiveSettings

__all__ = ["open_source"]


def open_source(path: str | Path, settings: LiveSettings = LiveSettings()) -> FrameSource:
    """Return the source that follows a folder or a growing file; nothing is read yet.

    What is not there yet is taken for a file when its name has a suffix, else for a folder.

    Parameters
    ----------
    path : path
        A folder of frames, an MRC file, a TIFF stack, or (with the size of a frame in the
        settings) a file of bare pixels.
    settings : LiveSettings
        Settle time, names, and how raw pixels lie.

    Raises
    ------
    SourceError
        When such a file cannot be followed.
    """
    if not str(path).strip():
        raise SourceError("Choose a folder or a file to follow first.")
    path = Path(path)
    if settings.raw_height and settings.raw_width and not path.is_dir():
        shape = (settings.raw_height, settings.raw_width)
        return raw_source(path, shape, settings.raw_type, offset=settings.raw_offset)
    suffix = path.suffix.lower().lstrip(".")
    if path.is_dir() or (not suffix and not path.exists()):
        return FolderSource(path, pattern=settings.pattern, settle=settings.settle)
    if suffix in MRC_FILES:
        return mrc_source(path)
    if suffix in TIFFS:
        return TiffSource(path)
    raise SourceError(
        f"'{path.name}' cannot be followed: while they grow, only MRC files and TIFF stacks can, "
        "and raw pixels of which height and width are given (raw_height, raw_width)."
    )
