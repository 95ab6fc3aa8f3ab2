"""DENSsolutions Digiheater logs (.dens, or text).

A session has a few lines of header (date, calibration constants), a line with the names of
the columns, and tab-separated rows with the time of day. A file may hold several sessions,
and lines before the first (the heating programme) that are no data.
"""

from __future__ import annotations

import io
import re
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np

from napari_insitu_tem.io.holder_logs.columns import column_names, parse_header
from napari_insitu_tem.io.holder_logs.log import (
    HolderLog,
    HolderLogError,
    seconds_between,
    unwrap_midnight,
)
from napari_insitu_tem.io.holder_logs.text import clock_seconds, numbers

__all__ = ["read", "recognises"]

_HEADER = re.compile(r"^\s*sample\ttime\t.*$", re.MULTILINE | re.IGNORECASE)
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/'?(\d{2,4})\s+(\d{1,2}):(\d{2})")


def recognises(text: str) -> bool:
    """Whether there is a line with the names of Digiheater's columns."""
    return _HEADER.search(text) is not None


def read(text: str) -> HolderLog:
    """Read the text of a log; sessions follow each other at the times their clocks say."""
    import pandas as pd

    headers = list(_HEADER.finditer(text))
    before = text[: headers[0].start()]
    tables: list[pd.DataFrame] = []
    starts: list[datetime | time] = []
    notes: list[str] = []
    for index, header in enumerate(headers):
        end = headers[index + 1].start() if index + 1 < len(headers) else len(text)
        table, clock = _session(header[0], text[header.end() : end])
        if table is None:
            notes.append(f"Session {index + 1} of {len(headers)} has no readable row.")
        else:
            start = _dated(before, clock)
            if starts:
                table["time_s"] += _after(starts[0], start, tables[-1]["time_s"].max())
            starts.append(start)
            tables.append(table)
        # The header of the next session follows the rows of this one.
        before = "\n".join(text[:end].rstrip().split("\n")[-4:])
    if not tables:
        raise HolderLogError("there is a header of Digiheater's, but no row of numbers")
    if len(tables) > 1:
        notes.append(f"The file holds {len(tables)} sessions; they were put one after another.")
    if not isinstance(starts[0], datetime):
        notes.append("The log's date cannot be read; its time of day can.")
    return HolderLog(
        pd.concat(tables, ignore_index=True),
        start=starts[0],
        format="DENSsolutions Digiheater log",
        metadata=_metadata(text[: headers[0].start()], starts),
        notes=tuple(notes),
    )


def _session(header: str, body: str) -> tuple[Any, time]:
    import pandas as pd

    names = [name.strip() for name in header.split("\t")]
    rows = [line for line in body.split("\n") if re.match(r"\s*\d+\t", line)]
    if not rows:
        return None, time()
    fields = max(len(names), max(row.count("\t") + 1 for row in rows))
    labels = [*names, *(f"unnamed {index}" for index in range(fields - len(names)))]
    cells = pd.read_csv(
        io.StringIO("\n".join(rows)), sep="\t", names=labels, dtype=str, index_col=False
    )
    clock = unwrap_midnight(clock_seconds(cells.iloc[:, 1]))
    if not np.isfinite(clock).any():
        return None, time()
    first = float(clock[np.isfinite(clock)][0])
    wanted = [name for name in names[2:] if name != "c"]
    columns = [parse_header(name) for name in wanted]
    data = {"time_s": clock - first}
    for name, column, label in zip(column_names(columns), columns, wanted, strict=True):
        data[name] = numbers(cells[label]) * column.factor
    moment = (datetime(2000, 1, 1) + timedelta(seconds=first)).time()
    return pd.DataFrame(data), moment


def _dated(header: str, clock: time) -> datetime | time:
    """Put the header's date to the first row's time of day."""
    found = list(_DATE.finditer(header))
    if not found:
        return clock
    day, month, year, hour, minute = (int(part) for part in found[-1].groups())
    try:
        written = datetime(year + 2000 if year < 100 else year, month, day, hour, minute)
    except ValueError:
        return clock
    start = datetime.combine(written.date(), clock)
    # The header may be written before midnight, and the first row after it.
    return start + timedelta(days=1) if (written - start).total_seconds() > 43200 else start


def _after(first: datetime | time, start: datetime | time, last: float) -> float:
    """Return the seconds from the first session's start to a later one's."""
    seconds = seconds_between(first, start)
    if isinstance(first, datetime) and isinstance(start, datetime):
        return seconds
    # Without dates, the next session begins on the first day on which it can.
    return seconds + 86400 * max(0, int(np.ceil((last - seconds) / 86400)))


def _metadata(header: str, starts: list[datetime | time]) -> dict[str, Any]:
    constants = re.findall(r"(\w+)\s*=\s*([-+.\deE]+)", header)
    programme = [
        [float(part) for part in line.split()]
        for line in header.split("\n")
        if re.fullmatch(r"\s*[\d.]+\s+[\d.]+\s*", line)
    ]
    metadata: dict[str, Any] = {name: float(value) for name, value in constants}
    metadata["sessions"] = [start.isoformat() for start in starts]
    if programme:
        metadata["programme_min_C"] = programme
    return metadata
