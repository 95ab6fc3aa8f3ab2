"""Protochips electrothermal and gas cell logs (csv).

The header of the file is in its rows: the first ones carry ``key = value`` in the column
`Notes` (date, time, units) beside values that are data like any other. Later notes are the
operator's remarks. Times are in milliseconds.
"""

from __future__ import annotations

import io
import re
from datetime import date, datetime, time

from napari_insitu_tem.io.holder_logs.columns import (
    column_names,
    parse_header,
    time_factor,
    without_unit,
)
from napari_insitu_tem.io.holder_logs.log import HolderLog, HolderLogError
from napari_insitu_tem.io.holder_logs.text import numbers

__all__ = ["recognises", "read"]

_QUANTITIES = ("temperature", "pressure", "current", "voltage", "resistance", "power")


def recognises(text: str) -> bool:
    """Whether the first line names a time and a notes column."""
    first = [cell.strip().lower() for cell in text.split("\n", 1)[0].split(",")]
    return first[:1] == ["time"] and "notes" in first


def read(text: str) -> HolderLog:
    """Read the text of a log."""
    import pandas as pd

    table = pd.read_csv(io.StringIO(text), dtype=str, skipinitialspace=True, on_bad_lines="skip")
    table.columns = [str(name).strip() for name in table.columns]
    by_name = {name.lower(): name for name in table.columns}
    remarks = table[by_name["notes"]].fillna("").str.strip()
    metadata, notes = _metadata(remarks), []
    factor = time_factor(metadata.get("Time units", ""))
    if factor is None:
        factor = 1e-3
        notes.append("The file does not say its unit of time; read as milliseconds.")
    times = numbers(table[by_name["time"]]) * factor
    headers = [name for name in table.columns if name.lower() not in ("time", "notes")]
    if not headers:
        raise HolderLogError("there is no column beside the time and the notes")
    columns = [parse_header(header, _unit(header, metadata)) for header in headers]
    data = {"time_s": times}
    for name, column, header in zip(column_names(columns), columns, headers, strict=True):
        data[name] = numbers(table[header]) * column.factor
    notes += without_unit(columns)
    events = tuple(
        (float(when), remark)
        for when, remark in zip(times, remarks, strict=True)
        if remark and " = " not in remark and when == when
    )
    start, problem = _start(metadata)
    return HolderLog(
        pd.DataFrame(data),
        start=start,
        format="Protochips log",
        metadata=metadata,
        events=events,
        notes=(*notes, *problem),
    )


def _metadata(remarks) -> dict[str, str]:
    pairs = (remark.split(" = ", 1) for remark in remarks if " = " in remark)
    return {key.strip(): value.strip() for key, value in pairs}


def _unit(header: str, metadata: dict[str, str]) -> str | None:
    for quantity in _QUANTITIES:
        if quantity in header.lower():
            return metadata.get(f"{quantity.capitalize()} units")
    return None


def _start(metadata: dict[str, str]) -> tuple[datetime | time | None, list[str]]:
    day = _value(metadata, "date")
    clock = _value(metadata, "time (")
    found = re.fullmatch(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,:](\d{1,6}))?", clock)
    if not found:
        return None, [f"The log's clock time cannot be read ({clock or 'missing'})."]
    try:
        hour, minute, second = (int(part) for part in found.groups()[:3])
        moment = time(hour, minute, second, int((found[4] or "0").ljust(6, "0")))
    except ValueError:
        return None, [f"The log's clock time cannot be read ({clock})."]
    try:
        return datetime.combine(date(*(int(part) for part in day.split("."))), moment), []
    except (ValueError, TypeError):
        return moment, [f"The log's date cannot be read ({day or 'missing'}); its time of day can."]


def _value(metadata: dict[str, str], start: str) -> str:
    for key, value in metadata.items():
        if key.lower().startswith(start):
            return value
    return ""
