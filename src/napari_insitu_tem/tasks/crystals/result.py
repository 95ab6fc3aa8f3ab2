"""What the Fourier analysis of particles finds."""

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
from napari_insitu_tem.tasks.fourier import result as _fourier_quantities

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Crystals"]

_ = _fourier_quantities  # spacings and angles are declared there

units.register(
    orientation_error=units.Quantity("Error of orientation", unit="deg"),
    evenness=units.Quantity("Evenness"),
    strain=units.Quantity("Strain"),
    strain_error=units.Quantity("Error of strain"),
)


@dataclass(frozen=True, eq=False)
class Crystals(MovieResult):
    """Fourier analysis of every particle in every frame.

    Tables here are in pixels, frames and degrees; `tables` gives them in published units.

    Parameters
    ----------
    movie : Movie
        As it was.
    segmentation : Segmentation
        The particles.
    crystals : pandas.DataFrame
        One row a frame and particle: place, number of ``pairs``, ``orientation`` and ``spacing``
        with errors, ``evenness``, ``pair_ratio``, ``interpretable``, ``zone_axis``, ``strain``
        with its error, ``explained``, ``at_border`` and a ``note`` where something is missing.
    pairs : pandas.DataFrame
        One row a frame, particle and pair of peaks: spacing, angle and amplitude with errors,
        and h, k, l where a lattice was given and the pair is one of its planes.
    filtered : Movie, optional
        What the pairs make of every particle's image.
    message : str
        What was found, in a few sentences.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    segmentation: Segmentation
    crystals: pd.DataFrame
    pairs: pd.DataFrame
    filtered: Movie | None = None
    message: str = ""
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.segmentation.history()

    def images(self) -> dict[str, Movie | Segmentation]:
        """Return the Bragg-filtered movie, if it was asked for."""
        return {} if self.filtered is None else {"Bragg_filtered": self.filtered}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return both tables in published units, with the time of every frame."""
        named = {"crystals": self.crystals, "pairs": self.pairs}
        return {name: self._published(table) for name, table in named.items() if len(table)}

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figures: evenness, orientation and spacing over time."""
        from napari_insitu_tem.figures import crystals as figures

        table = self.tables().get("crystals")
        if table is None:
            return {}
        ways = {
            "evenness": figures.draw_evenness,
            "orientation": figures.draw_orientation,
            "spacing": figures.draw_spacing,
        }
        return {name: functools.partial(draw, table) for name, draw in ways.items()}

    def replace(self, **changes: Any) -> Crystals:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def _published(self, table: pd.DataFrame) -> pd.DataFrame:
        times = self.movie.time
        if times is not None:
            table = table.copy()
            table.insert(1, "time_s", times[table["frame"].to_numpy(int)])
        return units.publish(table, self.movie.pixel_size, self.movie.frame_time)
