"""Atomic writes: a file is there whole or not at all, and never half over an older one."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_insitu_tem.provenance import Provenance

__all__ = ["provenance_path", "replacing", "write_provenance"]


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and rename it to `path` when all went well.

    Parameters
    ----------
    path : path
        Where the finished file (or folder) shall lie. Missing folders are made.

    Yields
    ------
    pathlib.Path
        What to write to; in the same folder, and with the same suffixes, since writers go by
        them. It is gone when the block fails, and an older file at `path` is then untouched.

    Examples
    --------
    >>> with replacing("areas.csv") as temporary:  # doctest: +SKIP
    ...     table.to_csv(temporary)
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".unfinished-{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        yield temporary
        if path.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def provenance_path(path: str | Path) -> Path:
    """Return where the provenance of the file `path` lies: ``areas.csv.provenance.json``."""
    path = Path(path)
    return path.with_name(path.name + ".provenance.json")


def write_provenance(provenance: Provenance, path: str | Path) -> Path:
    """Write the provenance of the file `path` beside it, and return its path."""
    beside = provenance_path(path)
    with replacing(beside) as temporary:
        temporary.write_text(provenance.to_json() + "\n", encoding="utf-8")
    return beside
