"""Text of a log file: decoding, numbers and clock times in columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.io.holder_logs.log import HolderLogError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["clock_seconds", "numbers", "read_text"]

_LARGEST = 500e6


def read_text(path: Path) -> str:
    """Return the text of a file, its lines ended by a line feed alone.

    Raises
    ------
    HolderLogError
        When it is empty, too large for a log, or not text.
    """
    if path.stat().st_size > _LARGEST:
        raise HolderLogError("it is larger than 500 MB")
    raw = path.read_bytes()
    if not raw.strip():
        raise HolderLogError("it is empty")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = raw.decode("utf-16", errors="replace")
    else:
        if b"\0" in raw:
            raise HolderLogError("it is not a text file")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp1252", errors="replace")
    unprintable = sum(not (char.isprintable() or char.isspace()) for char in text[:4000])
    if unprintable > len(text[:4000]) / 50:
        raise HolderLogError("it is not a text file")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def numbers(column: pd.Series, *, decimal_comma: bool = False) -> np.ndarray:
    """Return a column of text as numbers; what is none (or is infinite) becomes NaN."""
    import pandas as pd

    text = column.str.strip()
    if decimal_comma:
        text = text.str.replace(",", ".", regex=False)
    values = pd.to_numeric(text, errors="coerce").to_numpy(float)
    return np.where(np.isfinite(values), values, np.nan)


def clock_seconds(column: pd.Series) -> np.ndarray:
    """Return a column of ``HH:MM:SS.fff`` as seconds since midnight, NaN where it is not."""
    parts = column.str.strip().str.extract(r"^(\d{1,2}):(\d{2}):(\d{2}(?:[.,]\d+)?)$")
    hours, minutes = numbers(parts[0]), numbers(parts[1])
    return hours * 3600 + minutes * 60 + numbers(parts[2], decimal_comma=True)
