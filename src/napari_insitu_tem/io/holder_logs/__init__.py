"""Logs of in-situ holders: whatever wrote them, one `HolderLog`.

A module a format. rosettasciio reads some of these as well, but puts them on an even grid of
times, without the clock; here every row keeps its own time, since a frame is to get the
temperature of its moment.
"""

from __future__ import annotations

from pathlib import Path

from napari_insitu_tem.io.holder_logs import dens, impulse, plain, protochips
from napari_insitu_tem.io.holder_logs.log import (
    HolderLog,
    HolderLogError,
    clock_words,
    seconds_between,
)
from napari_insitu_tem.io.holder_logs.text import read_text

__all__ = ["HolderLog", "HolderLogError", "clock_words", "read_holder_log", "seconds_between"]

_FORMATS = (dens, impulse, protochips)


def read_holder_log(path: str | Path) -> HolderLog:
    """Read the log of a holder; the format is recognised by what is in the file.

    Parameters
    ----------
    path : path
        Protochips (csv), DENSsolutions Digiheater (.dens, txt) or Impulse (csv), or any table
        with a time column.

    Returns
    -------
    HolderLog
        Times in seconds and quantities with their unit in the name.

    Raises
    ------
    HolderLogError
        With one sentence, when it is none of these.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise HolderLogError("it is a folder")
        text = read_text(path)
        for module in _FORMATS:
            if module.recognises(text):
                return module.read(text)
        return plain.read(text)
    except FileNotFoundError:
        raise HolderLogError(f"There is no file '{path}'.") from None
    except (HolderLogError, OSError) as error:
        raise HolderLogError(f"'{path.name}' cannot be read as a holder's log: {error}.") from None
