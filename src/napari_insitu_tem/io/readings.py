"""What is written over a frame: its time, and the temperature or what else a log says of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.movie import Movie

__all__ = ["Reading", "clock_text", "quantity_words", "reading_of"]

_UNITS = {
    "C": "°C", "ohm": "Ω", "percent": "%", "torr": "Torr", "K": "K", "A": "A", "V": "V",
    "W": "W", "mbar": "mbar", "bar": "bar", "Pa": "Pa", "kPa": "kPa", "atm": "atm", "psi": "psi",
    "sccm": "sccm", "s": "s",
}  # fmt: skip
_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


@dataclass(frozen=True, eq=False)
class Reading:
    """A value for every frame, written alike in all of them.

    Parameters
    ----------
    name : str
        The column's.
    values : (n_frames,) array
        NaN where there is none.
    unit : str
        As people write it.
    decimals : int
        So many that a twentieth or less of the values' range shows.
    """

    name: str
    values: np.ndarray
    unit: str
    decimals: int

    def text(self, index: int) -> str:
        """Write the value of a frame; a dash where there is none."""
        value = float(self.values[index])
        return f"{value:.{self.decimals}f} {self.unit}".strip() if math.isfinite(value) else "–"


def reading_of(movie: Movie, column: str | None = None) -> Reading | None:
    """Return what to write over the movie's frames.

    Parameters
    ----------
    movie : Movie
        With a table of frames, or without.
    column : str, optional
        Which column of its table; the temperature otherwise, and None if there is none.

    Raises
    ------
    ValueError
        When there is no such column of numbers.
    """
    names = [] if movie.frames is None else [str(name) for name in movie.frames.columns]
    if column is None:
        column = next((name for name in ("temperature_C", "temperature_K") if name in names), None)
        if column is None:
            return None
    if movie.frames is None or column not in names:
        has = f"It has: {', '.join(names)}." if names else "Attach a holder's log first."
        raise ValueError(f"The movie has no '{column}' to show. {has}")
    try:
        values = movie.frames[column].to_numpy(float)
    except (TypeError, ValueError):
        raise ValueError(f"'{column}' holds no numbers.") from None
    unit = _unit_of(column)
    factor, prefix = _prefix(values) if unit in ("A", "V", "W", "Ω") else (1.0, "")
    values = values / factor
    return Reading(column, values, prefix + unit, _decimals(values))


def quantity_words(column: str) -> str:
    """Write a column's name as people do: ``"set temperature (°C)"``."""
    unit = _unit_of(column)
    name = column[: column.rfind("_")] if unit else column
    return name.replace("_", " ") + (f" ({unit})" if unit else "")


def _unit_of(column: str) -> str:
    head, _, last = column.rpartition("_")
    return _UNITS.get(last, "") if head else ""


def _prefix(values: np.ndarray) -> tuple[float, str]:
    largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 1.0
    return next((pair for pair in _PREFIXES if largest >= pair[0]), (1.0, ""))


def _decimals(values: np.ndarray) -> int:
    if not np.isfinite(values).any():
        return 0
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    span = (high - low) or abs(high) or 1.0
    return int(np.clip(1 - math.floor(math.log10(span)), 0, 6))


def clock_text(seconds: float, *, frame_time: float | None, last: float) -> str:
    """Write a time of a movie that ends at `last` seconds, fine enough to tell frames apart."""
    step = frame_time or 0.1
    if last >= 600 and step >= 0.5:
        whole = round(seconds)
        hours, rest = divmod(whole, 3600)
        minutes = (
            f"{rest // 60:02d}:{rest % 60:02d}" if last >= 3600 else f"{rest // 60}:{rest % 60:02d}"
        )
        return f"{hours}:{minutes} h" if last >= 3600 else f"{minutes} min"
    decimals = min(9, max(0, math.ceil(-math.log10(step) - 1e-9)))
    if decimals > 3:
        return f"{seconds * 1000:.{decimals - 3}f} ms"
    return f"{seconds:.{decimals}f} s"
