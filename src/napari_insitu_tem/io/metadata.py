"""A file's own metadata as plain Python types, and the clock times found in it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["clock_time", "find", "plain"]

_LONGEST_TEXT = 20_000
_LONGEST_LIST = 2_000


def plain(value: Any) -> Any:
    """Return dicts, lists, numbers and text only, so that it can be shown, copied and saved.

    Very long arrays and texts (tables of pixels, thumbnails) are replaced by their size.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (np.void, np.ndarray)) and value.dtype.names:
        return {name: plain(value[name]) for name in value.dtype.names}
    if isinstance(value, np.ndarray):
        if value.size > _LONGEST_LIST:
            return f"array of {value.shape} {value.dtype}"
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, (list, tuple, set)):
        if len(value) > _LONGEST_LIST:
            return f"list of {len(value)}"
        return [plain(part) for part in value]
    if isinstance(value, bytes):
        value = value.decode("latin-1").rstrip("\x00")
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else f"text of {len(value)} letters"
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(value)


def find(tree: Mapping[str, Any], name: str) -> Any:
    """Return the first value called `name` anywhere in nested metadata, or None."""
    if name in tree:
        return tree[name]
    for part in tree.values():
        if isinstance(part, Mapping):
            found = find(part, name)
            if found is not None:
                return found
    return None


def clock_time(date: str, time: str, utc: datetime.datetime | None = None) -> str | None:
    """Return an ISO 8601 local time from a date and a time as microscopes write them.

    ``5/6/2020`` is May in one country and June in another; `utc`, when the file has it,
    decides, and otherwise the American order that DigitalMicrograph writes by default.
    """
    found: list[datetime.datetime] = []
    for date_form in ("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y"):
        for time_form in ("%I:%M:%S %p", "%H:%M:%S", "%H:%M:%S.%f", "%H:%M"):
            text = f"{date.strip()} {re.sub(r'[+-][0-9]{2}:?[0-9]{2}$|Z$', '', time.strip())}"
            try:
                found.append(datetime.datetime.strptime(text, f"{date_form} {time_form}"))
            except ValueError:
                continue
    if not found:
        return None
    if utc is not None:
        found.sort(key=lambda moment: abs((moment - utc).total_seconds()))
    moment = found[0]
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
