"""What is found in focal series: columns with their elements, vacancies, counts."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from napari_insitu_tem import units
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult, Segmentation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "Species"]

#: Kinds of vacancies: one sulphur of two, both, the metal.
KINDS = ("S", "2S", "Mo")

units.register(
    lattice_constant=units.Quantity("Lattice constant", length=1),
    sheet_direction=units.Quantity("Direction of the sheet", unit="deg"),
    shift_y=units.Quantity("Shift along y", length=1),
    shift_x=units.Quantity("Shift along x", length=1),
    sheet_area=units.Quantity("Area of the sheet", length=2),
    vacancy_density=units.Quantity("Vacancies per area", length=-2),
)


@dataclass(frozen=True, eq=False)
class Species(MovieResult):
    """Columns and vacancies of every focal series of a movie.

    Tables here are in pixels of the movie; `tables` gives them in published units. Positions are
    those in the first used image of a series.

    Parameters
    ----------
    movie : Movie
        As it was: the images of the first series, of the second, and so on.
    images_per_series : int
        How many there are.
    columns : pandas.DataFrame
        One row a series and column: ``series``, ``column`` (from 1), ``y``, ``x``, ``species``
        ("Mo", "2S", "S"), ``confidence`` (0 to 1), ``site`` ("metal", "sulphur", or "none" off
        the lattice).
    vacancies : pandas.DataFrame
        One row a series and vacancy: ``series``, ``vacancy`` (the same number in all series in
        which it is seen), ``y``, ``x``, ``kind`` ("S": one sulphur missing of two; "2S": both;
        "Mo") and ``confidence``.
    counts : pandas.DataFrame
        One row a series: columns of every species, sites, vacancies of every kind and the
        number expected from the probabilities, the sheet's area and lattice.
    shifts : pandas.DataFrame
        One row a series and used image: its shift against the first.
    maps : Movie, optional
        The network's maps as (series · 3, y, x) frames; see `class_map`.
    message : str
        What was found, in a few sentences.
    warning : str
        The part of the message that says why the numbers are not to be trusted; mostly empty.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    images_per_series: int
    columns: pd.DataFrame
    vacancies: pd.DataFrame
    counts: pd.DataFrame
    shifts: pd.DataFrame
    maps: dict[str, Movie] = dataclasses.field(default_factory=dict)
    message: str = ""
    warning: str = ""
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    @property
    def n_series(self) -> int:
        """Number of focal series."""
        return self.movie.n_frames // self.images_per_series

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def images(self) -> dict[str, Movie | Segmentation]:
        """Return the network's map of every class, one frame a series."""
        return {f"map_{name}": movie for name, movie in self.maps.items()}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all tables in published units, with the time at which every series begins."""
        named = {
            "columns": self.columns,
            "vacancies": self.vacancies,
            "counts": self.counts,
            "shifts": self.shifts,
        }
        return {name: self._published(table) for name, table in named.items()}

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figure: vacancies over the series."""
        from napari_insitu_tem.figures.species import draw_counts

        return {"vacancies": functools.partial(draw_counts, self._published(self.counts))}

    def replace(self, **changes: Any) -> Species:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def _published(self, table: pd.DataFrame) -> pd.DataFrame:
        times = self.movie.time
        if times is not None and len(table):
            table = table.copy()
            first = table["series"].to_numpy(int) * self.images_per_series
            table.insert(1, "time_s", times[first])
        return units.publish(table, self.movie.pixel_size, self.movie.frame_time)
