"""Spots of a frame that are brighter than the columns of its lattice, or wider.

In dark-field STEM the brightness goes with the atomic number, so that a heavy atom stands out of
its lattice. It is higher than a column, or, where detector or video saturate, only wider: then it
stands out at twice the size of a column. What stands out more at four times that size is no atom
but a patch of something.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.columns.peaks import local_maxima, well_apart

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["bright_spots", "usual_column"]

SURE = (5.0, 3.0)
LIKELY = (3.0, 2.0)
WEAK = (2.0, 1.0)
"""What begins a track, what begins and ends a stay at a place, and what shows the atom
in between: standard deviations over the usual columns, at
the size of a column and at twice that size."""
_TIMES = (1.25, 1.0, 1.0)
"""How many times as bright as the usual column, or at twice the size as a lone one, each is at
least."""
_LONE = 0.64
"""Response of a Gaussian spot at twice its size, times that at its size."""
_LEAST = 0.05
"""No smaller relative standard deviation of columns is believed."""
_REACH = 1.6
_APART = 2.5
_FEWEST = 5


def usual_column(heights: np.ndarray) -> tuple[float, float]:
    """Return the height of the usual column, and the relative standard deviation.

    Faint spots between columns widen the lower half of the heights, heavy atoms the upper: the
    narrower of the two counts.

    Parameters
    ----------
    heights : (n,) array
        Of all columns of a frame.
    """
    middle = float(np.median(heights))
    off = heights - middle
    spread = min(float(np.median(-off[off <= 0])), float(np.median(off[off >= 0])))
    if spread <= 0 < middle:
        spread = float(np.std(heights)) / 1.4826
    return middle, 1.4826 * spread / middle if middle > 0 else np.inf


def bright_spots(
    frame: np.ndarray, columns: np.ndarray, size: float, *, bright: bool
) -> pd.DataFrame:
    """Find what is brighter or wider than the columns of a frame.

    Parameters
    ----------
    frame : (y, x) array
        Without NaN.
    columns : (n, 2) array
        Columns found in it (y, x), px.
    size : float
        Standard deviation of a column, px.
    bright : bool
        Whether columns are bright.

    Returns
    -------
    pandas.DataFrame
        One row a spot of at least weak evidence: ``y``, ``x`` (px), ``brightness`` (response at
        twice the size of a column, times that of a lone usual column), ``over`` (standard
        deviations over the usual columns), ``wide`` (response at four times the size over that at
        twice), ``sure`` and ``likely``.
    """
    import pandas as pd

    names = ["y", "x", "brightness", "over", "wide", "sure", "likely"]
    values = np.asarray(frame, np.float32)
    values = (values - values.mean()) * (1 if bright else -1)
    once, twice, wide = (_response(values, factor * size) for factor in (1, 2, 4))
    near = 2 * int(np.ceil(size)) + 1
    highest = ndimage.maximum_filter(once, near)
    if len(columns) < _FEWEST:
        return pd.DataFrame(columns=names)
    usual, spread = usual_column(_at(highest, columns))
    if not np.isfinite(spread):
        return pd.DataFrame(columns=names)
    lone = _LONE * usual
    crowded, spread_twice = usual_column(_at(twice, columns))
    if not np.isfinite(spread_twice):
        crowded, spread_twice = 0.0, np.inf
    tall, _ = local_maxima(once, least=usual, reach=_REACH * size)
    broad, _ = local_maxima(twice, least=lone, reach=2 * _REACH * size)
    places = np.concatenate([broad, tall])
    response = _at(twice, places)
    times = np.column_stack([_at(highest, places) / usual, response / lone])
    middle = np.array([1.0, crowded / lone])
    over = (times - middle) / np.maximum([spread, spread_twice * middle[1]], _LEAST)
    sure, likely, weak = (
        np.any((over >= sd) & (times >= least), axis=1)
        for sd, least in zip((SURE, LIKELY, WEAK), _TIMES, strict=True)
    )
    kept = np.flatnonzero(weak)
    kept = kept[np.argsort(~likely[kept], kind="stable")]
    kept = kept[well_apart(places[kept], _APART * size)]
    table = pd.DataFrame(
        {
            "y": places[:, 0],
            "x": places[:, 1],
            "brightness": times[:, 1],
            "over": over.max(axis=1),
            "wide": _at(wide, places) / np.maximum(response, 1e-12),
            "sure": sure,
            "likely": likely,
        }
    )
    return table.iloc[kept].reset_index(drop=True)


def _response(values: np.ndarray, scale: float) -> np.ndarray:
    """Return the scale-normalised Laplacian of a Gaussian, positive where it is bright."""
    return -(scale**2) * ndimage.gaussian_laplace(values, scale, mode="nearest")


def _at(image: np.ndarray, places: np.ndarray) -> np.ndarray:
    pixels = np.clip(np.rint(places).astype(int), 0, np.array(image.shape) - 1)
    return np.asarray(image[tuple(pixels.T)], float)
