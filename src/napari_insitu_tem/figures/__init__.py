"""Figures for publication, drawn from measurements on any matplotlib axes.

``FIGURES[name](measurements, axes, **options)`` draws one and returns the numbers behind it;
`save` writes one to SVG, PNG or PDF with these numbers beside it. The plots of the window and
the exported files come from the same functions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari_insitu_tem.figures.motion import (
    angular_displacement,
    mean_squared_displacement,
    trajectories,
)
from napari_insitu_tem.figures.quantities import (
    angle,
    over_time,
    pair_distribution,
    size_distribution,
    track_scatter,
)
from napari_insitu_tem.figures.style import RC, Drawn
from napari_insitu_tem.results import Measurements

__all__ = ["FIGURES", "SUFFIXES", "TITLES", "Drawn", "save", "save_drawing"]

FIGURES: dict[str, Callable[..., Drawn]] = {
    "sizes": size_distribution,
    "over_time": over_time,
    "msd": mean_squared_displacement,
    "msad": angular_displacement,
    "trajectories": trajectories,
    "angle": angle,
    "rdf": pair_distribution,
    "tracks": track_scatter,
}

TITLES: dict[str, str] = {
    "sizes": "Size distribution",
    "over_time": "Quantity over time",
    "msd": "Mean-squared displacement",
    "msad": "Mean-squared angular displacement",
    "trajectories": "Trajectories",
    "angle": "Angle over time",
    "rdf": "Pair distribution g(r)",
    "tracks": "Tracks compared",
}

SUFFIXES = (".svg", ".png", ".pdf")


def save(
    name: str,
    measurements: Measurements,
    path: str | Path,
    *,
    size: tuple[float, float] | None = None,
    **options: Any,
) -> list[Path]:
    """Write a figure, and the numbers behind it as CSV.

    Parameters
    ----------
    name : str
        One of `FIGURES`.
    measurements : Measurements
        What to show.
    path : path
        Ends in ``.svg``, ``.png`` or ``.pdf``; the numbers go beside it, ending in ``.csv``.
        Files of these names are replaced, by finished ones only.
    size : (width, height), optional
        In inches; a single column of a journal otherwise.
    **options
        What the figure can vary: ``quantity``, ``against``, ``frame``.

    Returns
    -------
    list of pathlib.Path
        The figure and its numbers.

    Raises
    ------
    ValueError
        When there is no such figure, quantity or file format.
    """
    if name not in FIGURES:
        raise ValueError(f"There is no figure '{name}'. There are: {', '.join(FIGURES)}.")
    return save_drawing(lambda axes: FIGURES[name](measurements, axes, **options), path, size=size)


def save_drawing(
    draw: Callable[[Any], Drawn], path: str | Path, *, size: tuple[float, float] | None = None
) -> list[Path]:
    """Write what a function draws on matplotlib axes, and the numbers behind it; as `save`."""
    import matplotlib
    from matplotlib.figure import Figure

    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"A figure is written as {', '.join(SUFFIXES)}, not '{path.name}'.")
    numbers = path.with_suffix(".csv")
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=size, layout="constrained")
        drawn = draw(figure.add_subplot())
        _replace(path, figure.savefig)
    _replace(numbers, lambda temporary: drawn.data.to_csv(temporary, index=False))
    return [path, numbers]


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    temporary = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
