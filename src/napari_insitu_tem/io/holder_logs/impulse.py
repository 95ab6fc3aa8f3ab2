"""DENSsolutions Impulse 'Synchronized data' logs (csv).

The file has the time of day and the time of the experiment, in seconds, but no date. Units
stand in the names of the columns, or nowhere.
"""

from __future__ import annotations

import io
from datetime import datetime, time, timedelta

import numpy as np

from napari_insitu_tem.io.holder_logs.columns import column_names, parse_header, without_unit
from napari_insitu_tem.io.holder_logs.log import HolderLog, HolderLogError, earlier, unwrap_midnight
from napari_insitu_tem.io.holder_logs.text import clock_seconds, numbers

__all__ = ["read", "recognises"]


def recognises(text: str) -> bool:
    """Whether the first line names Impulse's two times."""
    first = [cell.strip().lower() for cell in text.split("\n", 1)[0].split(",")]
    return "timestamp" in first and any(cell.startswith("experiment time") for cell in first)


def read(text: str) -> HolderLog:
    """Read the text of a log."""
    import pandas as pd

    table = pd.read_csv(io.StringIO(text), dtype=str, on_bad_lines="skip", index_col=False)
    table.columns = [str(name).strip() for name in table.columns]
    stamp = next(name for name in table.columns if name.lower() == "timestamp")
    elapsed = next(name for name in table.columns if name.lower().startswith("experiment time"))
    if not len(table):
        raise HolderLogError("there is a header of Impulse's, but no row of numbers")
    times, clock = numbers(table[elapsed]), unwrap_midnight(clock_seconds(table[stamp]))
    notes: list[str] = []
    if not np.isfinite(times).any():
        times = clock - np.nanmin(clock) if np.isfinite(clock).any() else times
    data, dropped = {"time_s": times}, []
    headers = [name for name in table.columns if name not in (stamp, elapsed)]
    columns = [parse_header(header, _unit(header, notes)) for header in headers]
    for name, column, header in zip(column_names(columns), columns, headers, strict=True):
        values = numbers(table[header])
        if np.isfinite(values).any():
            data[name] = values * column.factor
        else:
            dropped.append(header)
    notes += without_unit(columns)
    if dropped:
        notes.append(f"Not numbers, and left out: {', '.join(dropped)}.")
    return HolderLog(
        pd.DataFrame(data),
        start=_start(times, clock),
        format="DENSsolutions Impulse log",
        notes=tuple(notes),
    )


def _unit(header: str, notes: list[str]) -> str | None:
    if header.lower().startswith("temperature") and "(" not in header:
        notes.append(f"The file does not say the unit of '{header}'; read as °C.")
        return "degC"
    return None


def _start(times: np.ndarray, clock: np.ndarray) -> time | None:
    known = np.flatnonzero(np.isfinite(times) & np.isfinite(clock))
    if not len(known):
        return None
    first = known[0]
    moment = (datetime(2000, 1, 1) + timedelta(seconds=float(clock[first]))).time()
    start = earlier(moment, float(times[first]))
    return start if isinstance(start, time) else None
