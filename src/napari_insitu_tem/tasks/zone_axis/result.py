"""What the zone-axis task finds: the map, the particles' evenness, and which frames pass."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from napari_insitu_tem import units
from napari_insitu_tem.analysis.zone_axis.thresholds import interpretable_frames, threshold_effect
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult, Segmentation

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["ZoneAxis"]

units.register(evenness=units.Quantity("Evenness"), zone_axis=units.Quantity("Zone-axis map"))


@dataclass(frozen=True, eq=False)
class ZoneAxis(MovieResult):
    """Where and when particles are seen along a zone axis.

    The table here is in pixels and frames; `tables` gives it in published units.

    Parameters
    ----------
    movie : Movie
        As it was.
    map : Movie
        (t, y, x) float32, 0 to 1: the network's probability times the local evenness.
    particles : Segmentation
        The particles; each has its number in all frames.
    table : pandas.DataFrame
        One row a particle and frame: ``frame, particle, y, x, equivalent_diameter, evenness``
        (of its own Fourier transform), ``pairs`` of peaks and ``zone_axis``, the mean of the map.
    threshold : float
        Evenness from which on a particle is interpretable.
    message : str
        What was found, in a few sentences.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    map: Movie
    particles: Segmentation
    table: pd.DataFrame
    threshold: float
    message: str = ""
    provenance: Provenance | None = None

    has_new_frames: ClassVar[bool] = False

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def interpretable(self, threshold: float | None = None) -> dict[int, np.ndarray]:
        """Return the frames of every particle in which its columns can be read.

        Parameters
        ----------
        threshold : float, optional
            Evenness; that of the run otherwise.
        """
        return interpretable_frames(self.table, self.at(threshold))

    def at(self, threshold: float | None) -> float:
        """Return a threshold, or that of the run in place of None."""
        return self.threshold if threshold is None else threshold

    def images(self) -> dict[str, Movie | Segmentation]:
        """Return the map and the particles."""
        return {"zone_axis": self.map, "particles": self.particles}

    def tables(self, threshold: float | None = None) -> dict[str, pd.DataFrame]:
        """Return the particles with what passes, and the effect of the threshold.

        Parameters
        ----------
        threshold : float, optional
            Evenness; that of the run otherwise.
        """
        if not len(self.table):
            return {}
        table, times = self.table.copy(), self.movie.time
        table["interpretable"] = table["evenness"] >= self.at(threshold)
        if times is not None:
            table.insert(1, "time_s", times[table["frame"].to_numpy(int)])
        published = units.publish(table, self.movie.pixel_size, self.movie.frame_time)
        return {"zone_axis": published, "threshold": threshold_effect(self.table)}

    def drawings(self, threshold: float | None = None) -> dict[str, Callable[[Any], Any]]:
        """Return the figures: effect of the threshold, and evenness over time."""
        from napari_insitu_tem.figures import zone_axis as figures

        if not len(self.table):
            return {}
        chosen, tables = self.at(threshold), self.tables(threshold)
        return {
            "threshold": functools.partial(
                figures.draw_effect, tables["zone_axis"], tables["threshold"], chosen
            ),
            "evenness": functools.partial(figures.draw_courses, tables["zone_axis"], chosen),
        }

    def replace(self, **changes: Any) -> ZoneAxis:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)
