"""What the Fourier checks find: courses of angles, spacings and areas, and maps."""

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

__all__ = ["FourierChecks"]

units.register(
    spacing=units.Quantity("Lattice spacing", length=1),
    spacing_error=units.Quantity("Error of lattice spacing", length=1),
    fringe_angle=units.Quantity("Direction across the fringes", unit="deg"),
    fringe_angle_error=units.Quantity("Error of direction across the fringes", unit="deg"),
    lattice_angle=units.Quantity("Angle of the lattice", unit="deg"),
    lattice_angle_error=units.Quantity("Error of angle of the lattice", unit="deg"),
    misorientation=units.Quantity("Angle between lattices", unit="deg"),
    misorientation_error=units.Quantity("Error of angle between lattices", unit="deg"),
    lattice_area=units.Quantity("Area of the lattice", length=2),
    lattice_area_in_region=units.Quantity("Area of the lattice in the region", length=2),
    unchanged_area=units.Quantity("Area of unchanged lattice", length=2),
    grown_area=units.Quantity("Area of grown lattice", length=2),
    shrunk_area=units.Quantity("Area of shrunk lattice", length=2),
)


@dataclass(frozen=True, eq=False)
class FourierChecks(MovieResult):
    """Lattices of a movie's regions, frame by frame.

    Tables here are in pixels, frames and degrees; `tables` gives them in published units.

    Parameters
    ----------
    movie : Movie
        As it was.
    lattices : pandas.DataFrame
        One row a frame and region in which fringes were found: ``lattice_angle`` (of the
        brightest pair, across its fringes, from all pairs) and ``spacing`` (likewise) with their
        errors, ``pair_ratio`` (brightest over dimmest pair; infinite with one pair) and
        ``pairs``.
    pairs : pandas.DataFrame
        One row a frame, region and pair of peaks.
    angles : pandas.DataFrame
        One row a frame and region from the second on: ``misorientation`` against the first.
    areas : pandas.DataFrame
        One row a frame and region: ``lattice_area`` of its lattice in the frame, and in the
        region. Empty if no map was asked for.
    changes : pandas.DataFrame
        One row a region: unchanged, grown and shrunk area of its lattice between both ends.
    extent : Segmentation, optional
        Where the lattices are in every frame, numbered as the region they were found in.
    change : Segmentation, optional
        A single frame: 1 unchanged, 2 grown, 3 shrunk lattice, over the mean of the last frames.
    message : str
        What was found, in a few sentences.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    lattices: pd.DataFrame
    pairs: pd.DataFrame
    angles: pd.DataFrame
    areas: pd.DataFrame
    changes: pd.DataFrame
    extent: Segmentation | None = None
    change: Segmentation | None = None
    message: str = ""
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def images(self) -> dict[str, Movie | Segmentation]:
        """Return where the lattices are, and where they have grown or shrunk."""
        both = {"lattice": self.extent, "lattice_change": self.change}
        return {name: image for name, image in both.items() if image is not None}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all tables in published units, with the time of every frame."""
        named = {
            "lattices": self.lattices,
            "pairs": self.pairs,
            "misorientation": self.angles,
            "lattice_area": self.areas,
            "lattice_change": self.changes,
        }
        return {name: self._published(table) for name, table in named.items() if len(table)}

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figures: angles, spacings and areas over time."""
        from napari_insitu_tem.figures import fourier as figures

        tables = self.tables()
        ways = {
            "misorientation": figures.draw_misorientation,
            "lattices": figures.draw_angles,
            "lattice_area": figures.draw_areas,
        }
        found: dict[str, Callable[[Any], Any]] = {
            name: functools.partial(draw, tables[name])
            for name, draw in ways.items()
            if name in tables
        }
        if "lattices" in tables:
            found["spacings"] = functools.partial(figures.draw_spacings, tables["lattices"])
        return found

    def replace(self, **changes: Any) -> FourierChecks:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def _published(self, table: pd.DataFrame) -> pd.DataFrame:
        times = self.movie.time
        if "frame" in table and times is not None:
            table = table.copy()
            table.insert(1, "time_s", times[table["frame"].to_numpy(int)])
        return units.publish(table, self.movie.pixel_size, self.movie.frame_time)
