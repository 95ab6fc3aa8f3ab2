"""What tasks hand on besides movies: masks, tracks and measurements.

Tables here are in pixels and frames with plain column names; `units.publish` gives the form
that users see.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Measurements", "Segmentation", "Tracking"]


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A label image for every frame of a movie.

    Parameters
    ----------
    labels : (t, y, x) integer array
        0 is background, every other value one particle of that frame. A NumPy array or a
        frame store; read it frame by frame.
    movie : Movie
        What was segmented; of the same shape.
    corrected : frozenset of int
        Frames that were corrected by hand.
    provenance : Provenance, optional
        What was done.
    """

    labels: Any
    movie: Movie
    corrected: frozenset[int] = frozenset()
    provenance: Provenance | None = None

    def __post_init__(self) -> None:
        if tuple(self.labels.shape) != tuple(self.movie.data.shape):
            raise MovieError(
                f"The masks are {tuple(self.labels.shape)} (frames, height, width), but the movie "
                f"'{self.movie.name}' is {tuple(self.movie.data.shape)}; they do not belong "
                "together."
            )

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self.labels.shape[0])

    def frame(self, index: int) -> np.ndarray:
        """Return the label image of one frame, in memory."""
        return np.asarray(self.labels[index])

    def pairs(self) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield (frame index, frame of the movie, its label image), one after another."""
        for index, image in enumerate(self.movie.iter_frames()):
            yield index, image, self.frame(index)

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def replace(self, **changes: Any) -> Segmentation:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Tracking:
    """Particles followed through a movie.

    Parameters
    ----------
    particles : pandas.DataFrame
        One row a particle and frame, sorted by track and frame: ``frame``, ``label`` (its
        value in the masks that were tracked), ``track`` (from 1), ``y``, ``x`` and the shape
        descriptors; pixels and frames.
    segmentation : Segmentation
        Masks in which every particle has its track's number in every frame.
    graph : dict
        Track to its parent tracks, for merges and splits, as napari's `Tracks.graph`.
    provenance : Provenance, optional
        What was done.
    """

    particles: pd.DataFrame
    segmentation: Segmentation
    graph: dict[int, list[int]] = field(default_factory=dict)
    provenance: Provenance | None = None

    @property
    def movie(self) -> Movie:
        """The movie that was tracked."""
        return self.segmentation.movie

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.segmentation.history()

    def replace(self, **changes: Any) -> Tracking:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Measurements:
    """What was measured on tracked particles; tables in pixels and frames.

    Parameters
    ----------
    tracking : Tracking
        The tracks that were measured.
    tracks : pandas.DataFrame
        One row a track: its length, diffusion coefficients with errors, growth rate and so on.
    frames : pandas.DataFrame
        One row a frame: count, coverage, mean size, bond order and so on, beside what the
        holder's log says of it.
    curves : dict of pandas.DataFrame
        Tables by name that belong to neither: ``"msd"`` (lag, msd, …), ``"rdf"`` (r, g).
    provenance : Provenance, optional
        What was done.
    """

    tracking: Tracking
    tracks: pd.DataFrame
    frames: pd.DataFrame
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)
    provenance: Provenance | None = None

    @property
    def movie(self) -> Movie:
        """The movie that was measured."""
        return self.tracking.movie

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.tracking.history()
