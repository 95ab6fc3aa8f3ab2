"""From places to a table: refined, measured, compared with the lattice of the frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import spatial

from napari_insitu_tem.analysis.columns.features import describe_columns, typical_spacing
from napari_insitu_tem.analysis.columns.refine import centres_of_mass, fit_gaussians
from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.fourier.evenness import evenness
from napari_insitu_tem.analysis.fourier.pairs import find_pairs
from napari_insitu_tem.analysis.fourier.spectrum import Spectrum
from napari_insitu_tem.analysis.fourier.window import FourierError, Window
from napari_insitu_tem.tasks.columns.finding import Finder, Found

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Measured", "lattice_evenness", "measured"]

_WIDTH = 0.2  # of the spacing
_WITHIN = 0.5


@dataclass(frozen=True, eq=False)
class Measured:
    """The columns of a frame.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a column, without ``frame``.
    evenness : float
        Of the pairs of Fourier peaks; NaN where it was not asked for.
    trouble : str
        Why nothing could be looked for.
    """

    table: pd.DataFrame
    evenness: float
    trouble: str


def measured(found: Found, finder: Finder, *, refinement: str, even: bool) -> Measured:
    """Refine and measure the columns of a frame.

    Parameters
    ----------
    found : Found
        The columns and their frame.
    finder : Finder
        Knows what columns look like.
    refinement : {"none", "centre of mass", "gaussian"}
        Which places to keep.
    even : bool
        Whether to measure the evenness.
    """
    import pandas as pd

    image = fill_missing(found.frame)
    places = found.places
    spacing = typical_spacing(places)
    radius = min(finder.radius, _WITHIN * spacing) if np.isfinite(spacing) else finder.radius
    if finder.width is not None:
        radius = max(radius, 1.5 * finder.width)
    width = finder.width or min(_WIDTH * spacing, 0.5 * radius)
    if not np.isfinite(width):
        width = 0.5 * radius
    if refinement == "centre of mass":
        places = centres_of_mass(image, places, radius=radius, bright=finder.bright)
    fitted = fit_gaussians(image, places, width=width, radius=radius)
    if refinement == "gaussian":
        places = fitted.places
    table = pd.DataFrame(
        {
            "column": np.arange(1, len(places) + 1),
            "y": places[:, 0],
            "x": places[:, 1],
            "certainty": found.certainty,
            "intensity": fitted.height,
            "width": fitted.width,
            "residual": fitted.residual,
        }
    )
    table, _ = describe_columns(table)
    lit = lattice_evenness(image, places, spacing) if even else float("nan")
    return Measured(table, lit, found.trouble)


def lattice_evenness(image: np.ndarray, places: np.ndarray, spacing: float) -> float:
    """Return how evenly the pairs of Fourier peaks are lit where the columns are, 0 to 1.

    0 where there are too few columns for a spectrum.
    """
    if len(places) < 3 or not np.isfinite(spacing):
        return 0.0
    pixels = np.moveaxis(np.indices(image.shape), 0, -1)
    off, _ = spatial.cKDTree(places).query(pixels, distance_upper_bound=1.5 * spacing)
    try:
        window = Window.of_mask(np.isfinite(off))
        return evenness(find_pairs(Spectrum.of(image, window)))
    except FourierError:
        return 0.0
