"""What a forecast gives: movies aligned in time, figures of quality, and the track of surprise."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from napari_insitu_tem.movie import Movie
from napari_insitu_tem.provenance import Provenance
from napari_insitu_tem.results import MovieResult, Segmentation

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Forecast"]


@dataclass(frozen=True, eq=False)
class Forecast(MovieResult):
    """A movie and what was foreseen of it.

    Parameters
    ----------
    movie : Movie
        What was forecast, cropped where asked for.
    forecast, difference, spread, surprise : Movie
        Frame by frame as the movie: what was foreseen; what came less that; its standard
        deviation; squared error over its expected variance, averaged locally. NaN where nothing
        was foreseen. From a single frame, longer than the movie where it goes beyond its end.
    metrics : pandas.DataFrame
        One row a predictor, step and way (raw, histogram-matched): see `metric_table`.
    skill : pandas.DataFrame
        One row a step and way: gain over the best baseline; see `skill_table`.
    coverage : pandas.DataFrame
        Nominal intervals and what they hold; see `coverage_table`.
    ranks : dict
        How error and spread agree; see `rank_correlation`.
    track : pandas.DataFrame
        One row a frame: ``frame``, ``time_s``, ``part`` (what the network did with it),
        ``error``, ``expected``, ``surprise``, ``peak``, ``frame_difference``.
    changes : pandas.DataFrame
        Where surprise (and, for comparison, the frame difference) changes its level: ``by``,
        ``frame``, ``before``, ``after``, ``size``, ``doubtful``.
    training : pandas.DataFrame
        How the training went; empty for a network that was trained before.
    message : str
        What was found, in a few sentences.
    warning : str
        What is wrong with the figures; empty for nothing.
    provenance : Provenance, optional
        What was done.
    """

    movie: Movie
    forecast: Movie
    difference: Movie
    spread: Movie
    surprise: Movie
    metrics: pd.DataFrame
    skill: pd.DataFrame
    coverage: pd.DataFrame
    ranks: dict[str, float]
    track: pd.DataFrame
    changes: pd.DataFrame
    training: pd.DataFrame
    message: str = ""
    warning: str = ""
    provenance: Provenance | None = field(default=None)

    has_new_frames: ClassVar[bool] = False

    @property
    def onset(self) -> int | None:
        """The first frame from which on the movie is more surprising, if there is one."""
        rises = self.changes[
            (self.changes["by"] == "surprise")
            & (self.changes["size"] > 0)
            & ~self.changes["doubtful"].astype(bool)
        ]
        return int(rises["frame"].iloc[0]) if len(rises) else None

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def images(self) -> dict[str, Movie | Segmentation]:
        """Return the movies."""
        return {
            "forecast": self.forecast,
            "difference": self.difference,
            "spread": self.spread,
            "surprise": self.surprise,
        }

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return figures of quality, calibration, and the track; empty ones are left out."""
        found = {
            "metrics": self.metrics,
            "skill": self.skill,
            "coverage": self.coverage,
            "surprise_track": self.track,
            "changes": self.changes,
            "training": self.training,
        }
        return {name: table for name, table in found.items() if len(table)}

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return the figures: quality by step, surprise over time, calibration."""
        from napari_insitu_tem.figures import forecast as figures

        found: dict[str, Callable[[Any], Any]] = {}
        if len(self.metrics):
            for name in figures.MEASURES:
                found[name] = functools.partial(figures.draw_metric, self.metrics, name)
            found["coverage"] = functools.partial(figures.draw_coverage, self.coverage)
        if len(self.track):
            found["surprise"] = functools.partial(figures.draw_track, self.track, self.changes)
        return found

    def replace(self, **changes: Any) -> Forecast:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)
