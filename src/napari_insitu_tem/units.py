"""Units: from pixels and frames to nm and s, and the names of published columns.

Inside the package every table is in pixels and frames, with plain column names (`area`).
What a user sees or exports has the unit in the name: `area_nm2` when the movie is
calibrated, `area_px2` when it is not. This module is the only place that converts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["QUANTITIES", "Quantity", "axis_label", "column_name", "factor", "publish"]


@dataclass(frozen=True)
class Quantity:
    """A measured quantity: its title, and its dimension as powers of length and time.

    `unit` is for quantities whose unit does not depend on the calibration, such as degrees.
    """

    title: str
    length: int = 0
    time: int = 0
    unit: str = ""


QUANTITIES: dict[str, Quantity] = {
    "x": Quantity("x", length=1),
    "y": Quantity("y", length=1),
    "area": Quantity("Area", length=2),
    "equivalent_diameter": Quantity("Equivalent diameter", length=1),
    "perimeter": Quantity("Perimeter", length=1),
    "major_axis": Quantity("Major axis", length=1),
    "minor_axis": Quantity("Minor axis", length=1),
    "circularity": Quantity("Circularity"),
    "aspect_ratio": Quantity("Aspect ratio"),
    "solidity": Quantity("Solidity"),
    "orientation": Quantity("Orientation", unit="deg"),
    "mean_intensity": Quantity("Mean intensity"),
    # What `measure` finds. Declared here and not there, so that measurements keep their units
    # wherever they are read, drawn or exported.
    "angular_noise": Quantity("Angular error", unit="deg"),
    "area_rate": Quantity("Growth rate of area", length=2, time=-1),
    "area_rate_error": Quantity("Error of growth rate of area", length=2, time=-1),
    "count": Quantity("Particles"),
    "coverage": Quantity("Coverage"),
    "density": Quantity("Particles per area", length=-2),
    "diffusion": Quantity("Diffusion coefficient", length=2, time=-1),
    "diffusion_error": Quantity("Error of diffusion coefficient", length=2, time=-1),
    "duration": Quantity("Duration", time=1),
    "exponent": Quantity("Anomalous exponent"),
    "exponent_error": Quantity("Error of anomalous exponent"),
    "g": Quantity("Pair distribution g(r)"),
    "growth_rate": Quantity("Growth rate of diameter", length=1, time=-1),
    "growth_rate_error": Quantity("Error of growth rate of diameter", length=1, time=-1),
    "lag": Quantity("Lag", time=1),
    "lindemann_ratio": Quantity("Lindemann ratio"),
    "localisation_noise": Quantity("Localisation error", length=1),
    "mean_area": Quantity("Mean area", length=2),
    "mean_diameter": Quantity("Mean diameter", length=1),
    "median_diameter": Quantity("Median diameter", length=1),
    "msad": Quantity("Mean-squared angular displacement", unit="deg2"),
    "msad_error": Quantity("Error of mean-squared angular displacement", unit="deg2"),
    "msad_fit": Quantity("Fitted mean-squared angular displacement", unit="deg2"),
    "msd": Quantity("Mean-squared displacement", length=2),
    "msd_error": Quantity("Error of mean-squared displacement", length=2),
    "msd_fit": Quantity("Fitted mean-squared displacement", length=2),
    "nearest_distance": Quantity("Distance to nearest neighbour", length=1),
    "neighbours": Quantity("Neighbours"),
    "net_displacement": Quantity("Net displacement", length=1),
    "p10_diameter": Quantity("10th percentile of diameter", length=1),
    "p90_diameter": Quantity("90th percentile of diameter", length=1),
    "psi4": Quantity("Bond order ψ4"),
    "psi6": Quantity("Bond order ψ6"),
    "r": Quantity("Distance r", length=1),
    "rms_displacement": Quantity("Displacement about the site (rms)", length=1),
    "rotational_diffusion": Quantity("Rotational diffusion coefficient", unit="deg2", time=-1),
    "rotational_diffusion_error": Quantity("Error of rotational diffusion", unit="deg2", time=-1),
    "std_diameter": Quantity("Standard deviation of diameter", length=1),
}


def register(**quantities: Quantity) -> None:
    """Add the quantities that a task measures; a name can be declared only once."""
    for name, quantity in quantities.items():
        if QUANTITIES.setdefault(name, quantity) != quantity:
            raise ValueError(f"The quantity '{name}' is declared twice, differently.")


def _unit_parts(
    name: str, pixel_size: float | None, frame_time: float | None
) -> list[tuple[str, int]]:
    quantity = QUANTITIES[name]
    parts = [
        ("nm" if pixel_size else "px", quantity.length),
        ("s" if frame_time else "frame", quantity.time),
    ]
    if quantity.unit:
        parts.insert(0, (quantity.unit, 1))
    return [(unit, power) for unit, power in parts if power]


def factor(name: str, pixel_size: float | None, frame_time: float | None) -> float:
    """Return what to multiply pixels-and-frames values by to get the published unit."""
    quantity = QUANTITIES.get(name)
    if quantity is None:
        return 1.0
    return float((pixel_size or 1.0) ** quantity.length * (frame_time or 1.0) ** quantity.time)


def column_name(name: str, pixel_size: float | None, frame_time: float | None) -> str:
    """Return the published column name, for example ``"area_nm2"`` or ``"msd_px2"``."""
    if name not in QUANTITIES:
        return name
    text = name
    for unit, power in _unit_parts(name, pixel_size, frame_time):
        text += f"_{'per_' if power < 0 else ''}{unit}{abs(power) if abs(power) > 1 else ''}"
    return text


def axis_label(name: str, pixel_size: float | None, frame_time: float | None) -> str:
    """Return the label of a plot's axis, for example ``"Area (nm²)"``."""
    quantity = QUANTITIES.get(name)
    if quantity is None:
        return re.sub(r"_", " ", name)
    words = []
    for unit, power in _unit_parts(name, pixel_size, frame_time):
        sign = "⁻" if power < 0 else ""
        digit = "" if power == 1 else sign + "⁰¹²³⁴⁵⁶⁷⁸⁹"[abs(power)]
        words.append({"deg": "°", "deg2": "deg²"}.get(unit, unit) + digit)
    return f"{quantity.title} ({' '.join(words)})" if words else quantity.title


def publish(
    table: pd.DataFrame, pixel_size: float | None, frame_time: float | None
) -> pd.DataFrame:
    """Return the table in published units, with the units in the column names.

    Columns that are not in `QUANTITIES` (``frame``, ``track``, a log's ``temperature_C``)
    stay as they are.
    """
    published = table.copy()
    for name in table.columns:
        scale = factor(name, pixel_size, frame_time)
        if scale != 1.0:
            published[name] = table[name] * scale
    return published.rename(
        columns={name: column_name(name, pixel_size, frame_time) for name in table.columns}
    )
