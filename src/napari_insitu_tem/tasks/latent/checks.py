"""Latent variables beside what Fourier checks measure: which of them follows which quantity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_insitu_tem.analysis.fourier.regions import region_mask, regions_from_text
from napari_insitu_tem.analysis.latent_statistics import running_mean
from napari_insitu_tem.tasks.latent.tables import places_of

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.tasks.fourier import FourierChecks
    from napari_insitu_tem.tasks.latent.result import LatentMaps

__all__ = ["Course", "correlation", "correlations", "courses"]

#: Tables and columns of the checks, what they are in words, and their units.
_COURSES = (
    ("angles", "misorientation", "angle against region 1", "°"),
    ("lattices", "lattice_angle", "angle of the lattice", "°"),
    ("lattices", "spacing", "lattice spacing", "px"),
    ("areas", "lattice_area", "area of the lattice", "px²"),
)
_FEWEST = 3
#: Latents of a window that are compared: those that change most.
_COMPARED = 3


@dataclass(frozen=True, eq=False)
class Course:
    """A measured quantity of one region over time.

    Parameters
    ----------
    quantity : str
        Its column in the checks' tables.
    region : int
        Number of the region, from 1.
    words : str
        What it is, in words, with its unit.
    frames : (n,) int array
        Where it was measured.
    values : (n,) array
        Degrees, pixels or square pixels.
    """

    quantity: str
    region: int
    words: str
    frames: np.ndarray
    values: np.ndarray


def courses(checks: FourierChecks) -> list[Course]:
    """Return the quantities that were measured in three frames at least."""
    found = []
    for table_name, column, words, unit in _COURSES:
        table = getattr(checks, table_name)
        if not len(table):
            continue
        for region, rows in table.groupby("region"):
            if len(rows) >= _FEWEST:
                frames, values = rows["frame"].to_numpy(int), rows[column].to_numpy(float)
                name = f"{words}, region {region} ({unit})"
                found.append(Course(column, int(region), name, frames, values))
    return found


def correlation(series: np.ndarray, course: Course, *, frames: int = 10) -> np.ndarray:
    """Return Pearson's correlation of latents with a measured quantity.

    Parameters
    ----------
    series : (t, latents) array
        Latents of one window.
    course : Course
        What was measured.
    frames : int
        Latents are compared as their running mean over so many frames.

    Returns
    -------
    (latents,) array
        −1 to 1; NaN where either stays the same.
    """
    z = running_mean(series, frames)[course.frames]
    z = z - z.mean(axis=0)
    other = course.values - course.values.mean()
    size = np.sqrt((z**2).sum(axis=0) * (other**2).sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(size > 0, (z * other[:, np.newaxis]).sum(axis=0) / size, np.nan))


def correlations(
    found: LatentMaps, checks: FourierChecks, regions: str, *, frames: int = 10
) -> pd.DataFrame:
    """Return how latents go with what was measured in the regions.

    Of every region, the window is taken in which most happens, and its latents that change most:
    chosen without a look at what they are compared with.

    Parameters
    ----------
    found : LatentMaps
        Latents.
    checks : FourierChecks
        Of the same movie.
    regions : str
        Those of the checks, as `FourierSettings.regions` has them.
    frames : int
        Of the running mean.

    Returns
    -------
    pandas.DataFrame
        A row a quantity, region and latent: ``correlation``, in how many ``frames``, and where
        the window's middle is (``y_nm``, ``x_nm``; ``y_px``, ``x_px`` without calibration).
    """
    import pandas as pd

    places = _places(found, regions)
    unit = "nm" if found.movie.pixel_size else "px"
    rows = []
    for course in courses(checks):
        row, column = places[course.region - 1]
        series = found.at(row, column)
        every = correlation(series, course, frames=frames)
        changes = found.statistics.time_correlated_variance[row, column]
        y, x = (centres[at] for centres, at in zip(places_of(found), (row, column), strict=True))
        rows += [
            {
                "quantity": course.quantity, "region": course.region, "latent": int(latent),
                "correlation": float(every[latent]), "frames": len(course.frames),
                f"y_{unit}": y, f"x_{unit}": x,
            }
            for latent in np.argsort(changes)[::-1][:_COMPARED]
        ]  # fmt: skip
    return pd.DataFrame(rows)


def _places(found: LatentMaps, regions: str) -> list[tuple[int, int]]:
    """Return the window of every region in which most happens."""
    activity = found.activity()
    y, x = (np.round(centres).astype(int) for centres in found.grid.centres())
    places = []
    for corners in regions_from_text(regions):
        inside = region_mask(corners, found.movie.frame_shape)[np.ix_(y, x)]
        shown = np.where(inside if inside.any() else True, activity, -1)
        row, column = np.unravel_index(int(shown.argmax()), shown.shape)
        places.append((int(row), int(column)))
    return places
