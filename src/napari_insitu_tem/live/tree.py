"""DigitalMicrograph's trees of folders: ``Hour_00/Minute_00/Second_00``."""

from __future__ import annotations

import os
import re
from pathlib import Path

from napari_insitu_tem.io.formats.frames import natural_key

__all__ = ["is_branch", "leaves"]

_BRANCH = re.compile(r"(hour|minute|second)s?_\d+", re.IGNORECASE)


def is_branch(name: str) -> bool:
    """Whether a folder of this name belongs to such a tree."""
    return _BRANCH.fullmatch(name) is not None


def leaves(folder: Path, newest_only: int | None = None) -> list[Path]:
    """Return the deepest folders of an Hour/Minute/Second tree, in order; of a plain one, none.

    With `newest_only`, only the last so many on every level are gone into.
    """
    inner = sorted(
        (
            Path(entry.path)
            for entry in os.scandir(folder)
            if is_branch(entry.name) and entry.is_dir()
        ),
        key=natural_key,
    )
    if newest_only is not None:
        inner = inner[-newest_only:]
    found = [leaf for each in inner for leaf in (leaves(each, newest_only) or [each])]
    return found if newest_only is None else found[-newest_only:]
