"""Column names: from what holder software writes to ``temperature_C``."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

__all__ = [
    "Column",
    "column_names",
    "parse_header",
    "parse_unit",
    "split_header",
    "time_factor",
    "without_unit",
]

#: Spelling (case matters where a prefix does) to the unit's name here and the factor to it.
_UNITS = {
    "C": ("C", 1.0), "°C": ("C", 1.0), "ºC": ("C", 1.0), "degC": ("C", 1.0),
    "degrees C": ("C", 1.0), "deg C": ("C", 1.0), "celsius": ("C", 1.0),
    "K": ("K", 1.0), "kelvin": ("K", 1.0),
    "A": ("A", 1.0), "amps": ("A", 1.0), "amp": ("A", 1.0), "ampere": ("A", 1.0),
    "mA": ("A", 1e-3), "µA": ("A", 1e-6), "μA": ("A", 1e-6), "uA": ("A", 1e-6),
    "nA": ("A", 1e-9),
    "V": ("V", 1.0), "volts": ("V", 1.0), "volt": ("V", 1.0), "mV": ("V", 1e-3),
    "ohm": ("ohm", 1.0), "ohms": ("ohm", 1.0), "Ω": ("ohm", 1.0), "Ohm": ("ohm", 1.0),
    "kohm": ("ohm", 1e3), "kΩ": ("ohm", 1e3),
    "W": ("W", 1.0), "watts": ("W", 1.0), "mW": ("W", 1e-3), "µW": ("W", 1e-6),
    "uW": ("W", 1e-6),
    "mbar": ("mbar", 1.0), "hPa": ("mbar", 1.0), "bar": ("bar", 1.0), "torr": ("torr", 1.0),
    "mtorr": ("torr", 1e-3), "Pa": ("Pa", 1.0), "kPa": ("kPa", 1.0), "atm": ("atm", 1.0),
    "psi": ("psi", 1.0),
    "%": ("percent", 1.0), "percent": ("percent", 1.0),
    "ml/min": ("ml_per_min", 1.0), "sccm": ("sccm", 1.0),
}  # fmt: skip
_LOWER = {
    spelling.lower(): unit
    for spelling, unit in _UNITS.items()
    if len(spelling) > 2 and not spelling.startswith(("m", "n", "u", "µ", "μ"))
} | {"c": ("C", 1.0), "°c": ("C", 1.0), "mbar": ("mbar", 1.0), "ml/min": ("ml_per_min", 1.0)}

_QUANTITY_OF_UNIT = {
    "C": "temperature", "K": "temperature", "A": "current", "V": "voltage",
    "ohm": "resistance", "W": "power", "mbar": "pressure", "bar": "pressure",
    "torr": "pressure", "Pa": "pressure", "kPa": "pressure", "atm": "pressure",
    "psi": "pressure",
}  # fmt: skip
_TIMES = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3,
    "min": 60.0, "mins": 60.0, "minute": 60.0, "minutes": 60.0,
    "h": 3600.0, "hr": 3600.0, "hour": 3600.0, "hours": 3600.0,
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of a log: its words, its unit's name (empty if unknown) and factor to it."""

    words: str
    unit: str = ""
    factor: float = 1.0

    @property
    def quantity(self) -> str | None:
        """What is measured, by the name or else by the unit."""
        for name in ("temperature", "pressure", "current", "voltage", "resistance", "power"):
            if name in self.words:
                return name
        return _QUANTITY_OF_UNIT.get(self.unit)

    @property
    def is_setpoint(self) -> bool:
        """Whether it is what was asked for, not what was measured."""
        return bool(re.search(r"(^|_)(t?set|setpoint|target|programmed)(_|$)", self.words))


def parse_unit(text: str) -> tuple[str, float] | None:
    """Return the unit's name in columns and the factor to it, or None if it is unknown."""
    text = text.strip()
    return _UNITS.get(text) or _LOWER.get(text.lower())


def time_factor(text: str) -> float | None:
    """Return the seconds in a unit of time, or None if it is none."""
    return _TIMES.get(text.strip().lower())


def split_header(header: str) -> tuple[str, str]:
    """Split ``"Heater temp. [°C]"`` into its name and the text of its unit."""
    header = header.strip().strip('"').strip()
    found = re.fullmatch(r"(.*?)\s*[\[(]\s*([^\])]*?)\s*[\])]", header)
    if found:
        return found[1], found[2]
    found = re.fullmatch(r"(.+?)\s*/\s*([^/\s]+)", header)
    if found and (parse_unit(found[2]) or time_factor(found[2])):
        return found[1], found[2]
    found = re.fullmatch(r"(.+)[_ ]([^_ ]+)", header)
    if found and (parse_unit(found[2]) or time_factor(found[2])):
        return found[1], found[2]
    if header.startswith("%"):
        return header[1:].strip(), "%"
    return header, ""


def parse_header(header: str, unit: str | None = None) -> Column:
    """Read a column's header; `unit` is for files that tell it elsewhere."""
    name, text = split_header(header)
    text = unit or text
    words = re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")
    words = re.sub(r"(^|_)temp(_|$)", r"\1temperature\2", words) or "column"
    known = parse_unit(text) if text else None
    if known:
        return Column(words, *known)
    return Column(words, re.sub(r"[^0-9A-Za-z]+", "_", text).strip("_"))


def column_names(columns: list[Column]) -> list[str]:
    """Name the columns of one log.

    The only measured column of a quantity is called by it (``temperature_C``), and its
    setpoint ``set_temperature_C``; where there are several, each keeps its own words.
    """
    measured = Counter(column.quantity for column in columns if not column.is_setpoint)
    asked = Counter(column.quantity for column in columns if column.is_setpoint)
    names: list[str] = []
    for column in columns:
        stem = column.words
        if column.quantity and column.is_setpoint and asked[column.quantity] == 1:
            stem = f"set_{column.quantity}"
        elif column.quantity and not column.is_setpoint and measured[column.quantity] == 1:
            stem = column.quantity
        name = f"{stem}_{column.unit}" if column.unit else stem
        while name in names or name == "time_s":
            name += "_2"
        names.append(name)
    return names


def without_unit(columns: list[Column]) -> list[str]:
    """Say which columns measure something whose unit is not known; nothing if none does."""
    unknown = [column.words for column in columns if column.quantity and not column.unit]
    return [f"Without a unit in the file: {', '.join(unknown)}."] if unknown else []
