"""The map of a movie, window row by window row, and the particles' table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.zone_axis.particles import ParticleEvenness, particle_evenness
from napari_insitu_tem.analysis.zone_axis.windowed import EvennessMap, RowMoments, WindowRows
from napari_insitu_tem.io.store import new_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.results import Segmentation, Tracking
from napari_insitu_tem.tasks.zone_axis.settings import ZoneAxisSettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["particle_table", "write_map"]

_COLUMNS = ["frame", "particle", "y", "x", "equivalent_diameter", "evenness", "pairs", "zone_axis"]


@dataclass(frozen=True, eq=False)
class _Row:
    """A row of windows that is to be looked at."""

    index: int
    frame: np.ndarray
    probability: np.ndarray
    top: int


def write_map(segmentation: Segmentation, rows: WindowRows, job: Job) -> Any:
    """Return the map (t, y, x) float32 of a movie: probability times local evenness.

    Rows of windows are the steps, so that a single large frame has progress, is worked on by
    several threads, and stops as soon as it is asked to.

    Parameters
    ----------
    segmentation : Segmentation
        With the network's probability.
    rows : WindowRows
        The windows of a frame.
    job : Job
        Progress and cancel.
    """
    movie = segmentation.movie
    store = new_frames(movie.data.shape, np.float32)

    def steps() -> Iterator[_Row]:
        for index, frame in enumerate(movie.iter_frames()):
            pixels = fill_missing(frame)
            probability = np.asarray(segmentation.probability[index])
            for top in rows.tops:
                yield _Row(index, pixels, probability, int(top))

    def look(row: _Row) -> tuple[_Row, RowMoments]:
        return row, rows.look(row.frame, row.probability, row.top)

    evenness = EvennessMap(rows)
    total = movie.n_frames * len(rows.tops)
    for row, moments in job.map(look, steps(), "Mapping the zone axis", total):
        evenness.add(moments)
        if row.top == rows.tops[-1]:
            store[row.index] = evenness.finished() * row.probability
            evenness = EvennessMap(rows)
    return store


def particle_table(
    tracking: Tracking, values: Any, settings: ZoneAxisSettings, job: Job
) -> tuple[pd.DataFrame, list[str]]:
    """Return the evenness of every particle in every frame, and what could not be transformed.

    Parameters
    ----------
    tracking : Tracking
        The particles; labels are their numbers.
    values : (t, y, x) array
        The map.
    settings : ZoneAxisSettings
        Spacings.
    job : Job
        Progress and cancel.
    """
    import pandas as pd

    movie = tracking.movie
    size = movie.pixel_size or 1.0

    def look(step: tuple[int, np.ndarray, np.ndarray]) -> tuple[int, list[ParticleEvenness]]:
        index, frame, labels = step
        return index, particle_evenness(
            frame,
            labels,
            np.asarray(values[index]),
            shortest=settings.shortest / size,
            longest=settings.longest / size,
        )

    found, troubles = [], []
    pairs = tracking.segmentation.pairs()
    for index, particles in job.map(look, pairs, "Transforming particles", movie.n_frames):
        for each in particles:
            found.append((index, each.label, each.evenness, each.pairs, each.zone_axis))
            if each.trouble:
                troubles.append(each.trouble)
    own = pd.DataFrame(found, columns=["frame", "particle", "evenness", "pairs", "zone_axis"])
    shapes = tracking.particles[["frame", "track", "y", "x", "equivalent_diameter"]]
    table = own.merge(shapes.rename(columns={"track": "particle"}), on=["frame", "particle"])
    table = table.sort_values(["particle", "frame"], ignore_index=True)
    return table[_COLUMNS], troubles
