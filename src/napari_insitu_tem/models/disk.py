"""Folders on disk: there whole or not at all, and errors in plain words."""

from __future__ import annotations

import contextlib
import errno
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

from napari_insitu_tem.models.card import ModelError

__all__ = ["plain_disk_errors", "remove_folder", "writing"]


@contextlib.contextmanager
def writing(target: Path, instead_of: Path | None = None) -> Iterator[Path]:
    """Give an empty folder that becomes `target` when all went well.

    The folder `instead_of` (which may be `target` itself) goes then, and only then.
    """
    temporary = target.with_name(f".unfinished-{uuid.uuid4().hex[:8]}-{target.name}")
    with plain_disk_errors(target):
        temporary.mkdir(parents=True)
        try:
            yield temporary
            aside = None if instead_of is None else _set_aside(instead_of)
            try:
                temporary.rename(target)
            except OSError:
                if aside is not None and instead_of is not None:
                    aside.rename(instead_of)
                raise
            if aside is not None:
                _remove(aside)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def plain_disk_errors(where: Path) -> Iterator[None]:
    """Turn what the disk refuses into a `ModelError` in plain words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            why = "there is something of that name already. Choose another name."
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            why = "the disk is full. Free some space, then try again."
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            why = (
                "you may not write there. Choose another folder (INSITU_TEM_MODELS) or ask for it."
            )
        else:
            why = f"{error.strerror or error}."
        raise ModelError(f"{where} cannot be written: {why}") from None


def remove_folder(folder: Path) -> None:
    """Delete a folder: it is out of the list at once, and then its content goes."""
    with plain_disk_errors(folder):
        _remove(_set_aside(folder))


def _set_aside(folder: Path) -> Path:
    aside = folder.with_name(f".old-{uuid.uuid4().hex[:8]}-{folder.name}")
    folder.rename(aside)
    return aside


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()  # what it points to is not ours
    else:
        shutil.rmtree(path)
