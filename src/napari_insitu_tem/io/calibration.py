"""Calibrations that files claim: turned into nm and seconds, or refused in plain words.

A wrong pixel size spoils every number downstream and nobody notices, a missing one is asked
for. So whatever cannot be true is left out, and the user is told what was refused and why.
"""

from __future__ import annotations

import math
import re
import unicodedata

from napari_insitu_tem.io.signal import Axis

__all__ = [
    "is_energy",
    "is_length",
    "is_print_unit",
    "is_reciprocal",
    "is_time",
    "pixel_size",
    "time_step",
]

_LENGTHS = {
    "m": 1e9, "meter": 1e9, "metre": 1e9,
    "cm": 1e7, "inche": 2.54e7, "centimeter": 1e7, "centimetre": 1e7, "in": 2.54e7, "inch": 2.54e7,
    "mm": 1e6, "millimeter": 1e6, "millimetre": 1e6,
    "um": 1e3, "micron": 1e3, "micrometer": 1e3, "micrometre": 1e3,
    "nm": 1.0, "nanometer": 1.0, "nanometre": 1.0,
    "a": 0.1, "ang": 0.1, "angstrom": 0.1, "angstroem": 0.1, "å": 0.1,
    "pm": 1e-3, "picometer": 1e-3, "picometre": 1e-3,
}  # fmt: skip
_TIMES = {
    "s": 1.0, "sec": 1.0, "second": 1.0,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3,
    "us": 1e-6, "usec": 1e-6, "microsecond": 1e-6, "ns": 1e-9, "nanosecond": 1e-9,
    "min": 60.0, "minute": 60.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0,
}  # fmt: skip
_ENERGIES = {"ev", "kev", "mev", "electronvolt"}
_ANGLES = {"rad", "mrad", "urad", "deg", "degree", "radian", "milliradian", "°"}
_PIXELS = {"px", "pixel", "pixels", "pix", "voxel"}

# No electron microscope sees smaller or larger pixels; also no unit mix-up of 1e9 gets by.
_SMALLEST, _LARGEST = 1e-4, 1e5
# Longest and shortest time between frames that a movie has had: a day, a nanosecond.
_SHORTEST_STEP, _LONGEST_STEP = 1e-9, 86400.0
_ANISOTROPY = 0.01


def _plain(unit: object) -> str:
    """Bring the many spellings of a unit to one: no case, micro as u, singular."""
    if isinstance(unit, bytes):
        unit = unit.decode("utf-8", "replace")
    text = unicodedata.normalize("NFKC", str(unit or "")).strip()
    # ImageJ writes the micro sign as an escape, Japanese Windows as two other letters.
    text = text.replace("\\u00B5", "u").replace("\\u00b5", "u").replace("\\u00C5", "å")
    text = text.replace("\N{LATIN SMALL LETTER F WITH HOOK}Ê", "u")
    text = text.replace("\N{GREEK SMALL LETTER MU}", "u").replace("\N{MICRO SIGN}", "u")
    text = text.lower().strip("[]() ").replace("ångström", "angstrom").replace("ångstrom", "a")
    if text in {"", "none", "null", "undefined", "<undefined>", "unknown", "-", "a.u.", "n/a"}:
        return ""
    return text[:-1] if len(text) > 3 and text.endswith("s") else text


def is_length(unit: str) -> bool:
    """Whether a unit is one of length."""
    return _plain(unit) in _LENGTHS


def is_print_unit(unit: str) -> bool:
    """Whether a unit is one of paper: what programs write that know of no specimen."""
    return _plain(unit) in {"in", "inch", "inche", "cm", "centimeter", "centimetre"}


def is_time(unit: str) -> bool:
    """Whether a unit is one of time."""
    return _plain(unit) in _TIMES


def is_energy(unit: str) -> bool:
    """Whether a unit is one of energy: the axis of a spectrum."""
    return _plain(unit) in _ENERGIES


def is_reciprocal(unit: str) -> bool:
    """Whether a unit is that of a diffraction pattern: a reciprocal length or an angle."""
    text = re.sub(r"\s", "", _plain(unit))
    if text in _ANGLES:
        return True
    match = re.fullmatch(r"1/(\w+)", text) or re.fullmatch(r"(\w+?)(?:\^|\*\*)?\(?[-−]1\)?", text)
    return bool(match) and _plain(match[1]) in _LENGTHS  # type: ignore[index]


def pixel_size(y: Axis, x: Axis) -> tuple[float | None, str]:
    """Return the pixel size in nm, or None and the reason why it was refused.

    The reason is empty when the file claims nothing, so that there is nothing to refuse.
    """
    (height, why_y), (width, why_x) = _in_nm(y), _in_nm(x)
    if height is None or width is None:
        if (height is None) != (width is None) and not (why_y or why_x):
            return None, "the file gives it for one direction only"
        return None, why_x or why_y
    if abs(height - width) > _ANISOTROPY * max(height, width):
        return None, (
            f"the file says that pixels are {width:.4g} nm wide but {height:.4g} nm high, "
            "and only square pixels can be measured"
        )
    return (height + width) / 2, ""


def time_step(axis: Axis) -> tuple[float | None, str]:
    """Return the seconds per frame along an axis, or None and the reason for refusing them."""
    scale, unit = axis.scale, _plain(axis.unit)
    if scale is None or unit not in _TIMES:
        return None, ""
    seconds = _times(scale, _TIMES[unit])
    if not math.isfinite(seconds) or not _SHORTEST_STEP <= seconds <= _LONGEST_STEP:
        return None, f"the file claims {scale:.4g} {axis.unit}, which cannot be right"
    return float(seconds), ""


def _times(scale: float, factor: float) -> float:
    """Multiply, without the digits that floating point adds (3 Å are 0.3 nm)."""
    return scale if factor == 1.0 else float(f"{scale * factor:.12g}")


def _in_nm(axis: Axis) -> tuple[float | None, str]:
    scale, unit = axis.scale, _plain(axis.unit)
    if scale is None or unit in {_plain(name) for name in _PIXELS}:
        return None, ""
    if is_reciprocal(axis.unit):
        return None, f"the pixels are in {axis.unit}: a diffraction pattern, not an image"
    if not unit:
        if scale in (0.0, 1.0):
            return None, "the file has only the default scale of 1 without a unit"
        return None, f"the file gives a scale of {scale:.4g} without a unit"
    if unit not in _LENGTHS:
        return None, f"'{axis.unit}' is not a unit of length"
    size = _times(scale, _LENGTHS[unit])
    if not math.isfinite(size) or size <= 0:
        return None, f"the file claims {scale:.4g} {axis.unit}"
    if not _SMALLEST <= size <= _LARGEST:
        return None, f"the file claims {size:.3g} nm, which no electron microscope has"
    return size, ""
