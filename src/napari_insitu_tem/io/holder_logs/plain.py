"""Any other table with a time column: csv or text, as a fallback.

Taken only when there is a line of names with a time among them, and rows of numbers below;
nothing is guessed from numbers alone.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.io.holder_logs.columns import (
    column_names,
    parse_header,
    split_header,
    time_factor,
    without_unit,
)
from napari_insitu_tem.io.holder_logs.log import HolderLog, HolderLogError, unwrap_midnight
from napari_insitu_tem.io.holder_logs.text import clock_seconds, numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read"]

_TIME = re.compile(
    r"t|time|times|elapsed|elapsed[ _]time|time[ _]elapsed|experiment[ _]time|relative[ _]time|"
    r"zeit|temps|clock|time[ _]?stamp|date[ _]?time|date[ _/]+time",
    re.IGNORECASE,
)
#: How many lines may come before the line with the names.
_PREAMBLE = 60


@dataclass(frozen=True)
class _Layout:
    """Where the names are, what separates the fields, and which of them is the time."""

    line: int
    delimiter: str
    names: list[str]
    time: int


def read(text: str) -> HolderLog:
    """Read a table with a time column.

    Raises
    ------
    HolderLogError
        When there is no such table.
    """
    import pandas as pd

    lines = [line for line in text.split("\n") if line.strip()]
    layout = _find_layout(lines)
    if layout is None:
        raise HolderLogError(
            "there is no line of column names with a time among them (such as 'time_s, "
            "temperature_C') above rows of numbers"
        )
    body = "\n".join(lines[layout.line + 1 :])
    cells = pd.read_csv(
        io.StringIO(body),
        sep=layout.delimiter,
        names=list(range(len(layout.names))),
        dtype=str,
        on_bad_lines="skip",
        index_col=False,
        skipinitialspace=True,
    )
    skipped = body.count("\n") + 1 - len(cells)
    notes = [f"{skipped} lines with too many fields were left out."] if skipped > 0 else []
    comma = layout.delimiter != "," and bool(
        cells.iloc[:50]
        .apply(lambda column: column.str.fullmatch(r"\s*-?\d+,\d+\s*"))
        .any(axis=None)
    )
    units, cells = _units_row(cells, layout, comma)
    times, start = _times(cells, layout, units, comma, notes)
    data, columns, dropped = {"time_s": times}, [], []
    values: list[np.ndarray] = []
    for index, header in enumerate(layout.names):
        if index == layout.time:
            continue
        found = numbers(cells[index], decimal_comma=comma)
        if np.isfinite(found).any():
            columns.append(parse_header(header, units[index] or None))
            values.append(found)
        elif header:
            dropped.append(header)
    for name, column, value in zip(column_names(columns), columns, values, strict=True):
        data[name] = value * column.factor
    if dropped:
        notes.append(f"Not numbers, and left out: {', '.join(dropped)}.")
    notes += without_unit(columns)
    return HolderLog(pd.DataFrame(data), start=start, format="table of values", notes=tuple(notes))


def _find_layout(lines: list[str]) -> _Layout | None:
    for index, line in enumerate(lines[:_PREAMBLE]):
        for delimiter in (",", ";", "\t", r"\s+"):
            names = _split(line.lstrip("#% "), delimiter)
            if len(names) < 2:
                continue
            where = _time_column(names)
            if where is None or sum(_is_number(name) for name in names):
                continue
            below = [_split(row, delimiter) for row in lines[index + 1 : index + 12]]
            rows = [row for row in below if len(row) == len(names) and _is_row(row, where)]
            if rows and len(rows) >= len(below) // 2:
                return _Layout(index, delimiter, names, where)
    return None


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter == r"\s+":
        return line.split()
    return [cell.strip().strip('"').strip() for cell in line.split(delimiter)]


def _time_column(names: list[str]) -> int | None:
    """Return the column with the time; one that counts seconds before one with a clock."""
    found = [
        (time_factor(split_header(name)[1]) is None, index)
        for index, name in enumerate(names)
        if _TIME.fullmatch(split_header(name)[0].strip())
    ]
    return min(found)[1] if found else None


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[-+]?\d*[.,]?\d+(?:[eE][-+]?\d+)?", cell))


def _is_row(row: list[str], where: int) -> bool:
    others = [cell for index, cell in enumerate(row) if index != where]
    timed = _is_number(row[where]) or re.search(r"\d:\d\d", row[where]) is not None
    return timed and any(_is_number(cell) for cell in others)


def _units_row(cells: pd.DataFrame, layout: _Layout, comma: bool) -> tuple[list[str], pd.DataFrame]:
    """Take off a second line with units, if there is one."""
    first = ["" if cell != cell else str(cell).strip() for cell in cells.iloc[0]]
    if any(_is_number(cell) for cell in first) or ":" in first[layout.time]:
        return [""] * len(first), cells
    return [cell.strip("[]() ") for cell in first], cells.iloc[1:].reset_index(drop=True)


def _times(
    cells: pd.DataFrame, layout: _Layout, units: list[str], comma: bool, notes: list[str]
) -> tuple[np.ndarray, datetime | time | None]:
    """Return seconds, and the clock time of second 0 where the file tells it."""
    import pandas as pd

    column = cells[layout.time]
    times = numbers(column, decimal_comma=comma)
    if np.isfinite(times).any():
        text = units[layout.time] or split_header(layout.names[layout.time])[1]
        factor = time_factor(text) if text else None
        if factor is None:
            notes.append(f"'{layout.names[layout.time]}' has no known unit; read as seconds.")
        return times * (factor or 1.0), None
    clock = unwrap_midnight(clock_seconds(column))
    if np.isfinite(clock).any():
        first = float(clock[np.isfinite(clock)][0])
        return clock - first, (datetime(2000, 1, 1) + timedelta(seconds=first)).time()
    stamps = pd.to_datetime(column, errors="coerce", format="ISO8601")
    if not stamps.notna().any():
        raise HolderLogError(
            f"the times in '{layout.names[layout.time]}' are neither numbers, nor HH:MM:SS, nor "
            "dates such as 2024-05-31 13:45:00"
        )
    first_stamp = stamps[stamps.notna()].iloc[0]
    return (stamps - first_stamp).dt.total_seconds().to_numpy(), first_stamp.to_pydatetime()
