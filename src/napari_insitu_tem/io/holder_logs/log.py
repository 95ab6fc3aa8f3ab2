"""A holder's log: what it recorded over time, whatever software wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HolderLog", "HolderLogError", "clock_words", "seconds_between", "unwrap_midnight"]

DAY = 86400.0


class HolderLogError(ValueError):
    """A file is not a holder log that can be read, or does not fit the movie."""


@dataclass(frozen=True, eq=False)
class HolderLog:
    """What a holder recorded.

    Parameters
    ----------
    table : pandas.DataFrame
        ``time_s`` from the start of the log, strictly increasing, and a column of numbers for
        every quantity, with the unit in its name (``temperature_C``, ``current_A``) where the
        file tells it.
    start : datetime, time or None
        When the log began by its own clock; a time of day where the file has no date.
    format : str
        What wrote it, in words.
    metadata : dict
        What else the file says.
    events : tuple of (float, str)
        Remarks, with their time in seconds.
    notes : tuple of str
        What the user should know of how it was read.

    Raises
    ------
    HolderLogError
        When there is not one row of numbers.
    """

    table: pd.DataFrame
    start: datetime | time | None = None
    format: str = "table"
    metadata: dict[str, Any] = field(default_factory=dict)
    events: tuple[tuple[float, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        table, notes = _in_order(self.table)
        if len(table) == 0 or len(table.columns) < 2:
            raise HolderLogError("there is no row of numbers with a time in it")
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "notes", (*self.notes, *notes))

    @property
    def quantities(self) -> list[str]:
        """Names of the columns beside the time."""
        return [name for name in self.table.columns if name != "time_s"]

    @property
    def span(self) -> tuple[float, float]:
        """First and last time in seconds."""
        times = self.table["time_s"].to_numpy()
        return float(times[0]), float(times[-1])

    def describe(self) -> str:
        """Say in one sentence what it is."""
        first, last = self.span
        start = f", from {clock_words(self.start)}" if self.start else ", without a clock time"
        return (
            f"{self.format}: {len(self.table)} rows over {last - first:.4g} s{start}; "
            f"{', '.join(self.quantities)}."
        )


def _in_order(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Sort by time, keep the last of rows with one time, drop columns without a number."""
    notes = []
    times = table["time_s"].to_numpy(float)
    known = np.isfinite(times)
    if not known.all():
        notes.append(f"{np.sum(~known)} rows without a readable time were left out.")
    if np.any(np.diff(times[known]) < 0):
        notes.append("The times run backwards in places; the rows were sorted by time.")
    table = table[known].sort_values("time_s", kind="stable")
    table = table.drop_duplicates("time_s", keep="last").reset_index(drop=True)
    empty = [name for name in table.columns if table[name].isna().all()]
    if empty and len(table):
        notes.append(f"Without a single number, and left out: {', '.join(empty)}.")
        table = table.drop(columns=empty)
    return table, notes


def unwrap_midnight(seconds: np.ndarray) -> np.ndarray:
    """Make times of day go on over midnight: a fall of more than half a day is a new day."""
    seconds = np.asarray(seconds, float)
    result = seconds.copy()
    known = np.flatnonzero(np.isfinite(seconds))
    days = np.cumsum(np.diff(seconds[known], prepend=seconds[known][:1]) < -DAY / 2)
    result[known] += days * DAY
    return result


def seconds_between(start: datetime | time, end: datetime | time) -> float:
    """Return the seconds from `start` to `end`.

    Where one of them has no date, it is the same day's, or the next one's when that is nearer:
    the answer lies within half a day. A clock with a time zone (microscopes write UTC) is set
    to this computer's zone first, since the logs of holders tell the clock on the wall.
    """
    start, end = _on_the_wall(start), _on_the_wall(end)
    if isinstance(start, datetime) and isinstance(end, datetime):
        return (end - start).total_seconds()
    day = date(2000, 1, 1)
    clocks = [
        datetime.combine(day, clock.time() if isinstance(clock, datetime) else clock)
        for clock in (start, end)
    ]
    seconds = (clocks[1] - clocks[0]).total_seconds()
    return (seconds + DAY / 2) % DAY - DAY / 2


def _on_the_wall(clock: datetime | time) -> datetime | time:
    if isinstance(clock, datetime) and clock.tzinfo is not None:
        return clock.astimezone().replace(tzinfo=None)
    return clock


def clock_words(clock: datetime | time) -> str:
    """Write a clock time as people do, to a hundredth of a second."""
    text = clock.isoformat(" ") if isinstance(clock, datetime) else clock.isoformat()
    head, dot, fraction = text.partition(".")
    return f"{head}{dot}{fraction[:2]}"


def earlier(clock: datetime | time, seconds: float) -> datetime | time:
    """Return the clock time `seconds` before."""
    if isinstance(clock, datetime):
        return clock - timedelta(seconds=seconds)
    moved = datetime.combine(date(2000, 1, 2), clock) - timedelta(seconds=seconds)
    return moved.time()
