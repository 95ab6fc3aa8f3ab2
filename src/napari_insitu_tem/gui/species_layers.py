"""Columns and vacancies as points over the movie, in the colours of their elements."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points

from napari_insitu_tem.gui.layers import KEY, calibration_kwargs

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.tasks.species import Species

__all__ = ["COLOURS", "VACANCY_COLOURS", "over_series", "points_of", "show_points"]

#: Okabe and Ito's: far apart for every kind of colour vision.
COLOURS = {"Mo": "#56B4E9", "2S": "#F0E442", "S": "#D55E00"}
VACANCY_COLOURS = {"S": "#ff7f3f", "2S": "#ff4fd8", "Mo": "#3f7bff"}
#: Diameters in lattice constants.
_COLUMN, _VACANCY = 0.26, 0.62


def over_series(found: Species, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return a layer's keywords with a time axis of whole series: it shows over all images."""
    step = found.movie.frame_time or 1.0
    count = found.images_per_series
    placing = calibration_kwargs(found.movie)
    scale, translate = (
        kwargs.get("scale", placing["scale"]),
        kwargs.get("translate", placing["translate"]),
    )
    return {
        **placing,
        **kwargs,
        "scale": (count * step, *scale[1:]),
        "translate": (0.5 * (count - 1) * step, *translate[1:]),
        "units": placing["units"],
    }


def points_of(
    found: Species, name: str, hidden: Collection[str] = ()
) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """Return data and keywords of two Points layers: columns, and vacancies.

    Parameters
    ----------
    found : Species
        What to show.
    name : str
        Of the movie's layer.
    hidden : collection of str
        Species whose columns are not to be shown, and ``"vacancies"``.
    """
    constant = float(found.counts["lattice_constant"].median())
    columns, vacancies = found.columns, found.vacancies
    shown = ~columns["species"].isin(hidden).to_numpy()
    discs = _colours(columns["species"], COLOURS)
    rings = _colours(vacancies["kind"], VACANCY_COLOURS)
    return [
        _points(
            found, columns, f"{name} [columns]", size=_COLUMN * constant, shown=shown,
            face_color=discs, border_color="#202020", border_width=0.08,
        ),
        _points(
            found, vacancies, f"{name} [vacancies]", size=_VACANCY * constant,
            shown=np.full(len(vacancies), "vacancies" not in hidden),
            face_color="transparent", border_color=rings, border_width=0.13,
        ),
    ]  # fmt: skip


def show_points(
    viewer: Any, layer: Points | None, data: np.ndarray, kwargs: dict[str, Any]
) -> Points:
    """Add a Points layer, or make an earlier one show other points."""
    if layer is None or layer not in viewer.layers:
        return viewer.add_layer(Points(data, **kwargs))
    layer.selected_data = set()
    layer.data = data
    for name in ("features", "face_color", "border_color", "size", "shown", "symbol"):
        setattr(layer, name, kwargs[name])
    for name in ("scale", "translate", "units", "name", "metadata"):
        setattr(layer, name, kwargs[name])
    return layer


def _colours(classes: pd.Series, colours: Mapping[str, str]) -> list[str] | str:
    """Return a colour a row; any one where there are no rows."""
    return list(classes.map(colours)) if len(classes) else "white"


def _points(
    found: Species,
    table: pd.DataFrame,
    name: str,
    *,
    size: float,
    shown: np.ndarray,
    **looks: Any,
) -> tuple[np.ndarray, dict[str, Any]]:
    data = table[["series", "y", "x"]].to_numpy(float).reshape(-1, 3)
    return data, over_series(
        found,
        {
            "name": name,
            "features": table.drop(columns=["series", "y", "x"]).reset_index(drop=True),
            "size": np.full(len(data), size) if len(data) else size,
            "shown": shown if len(data) else True,
            "symbol": "disc",
            "metadata": {KEY: found},
            **looks,
        },
    )
