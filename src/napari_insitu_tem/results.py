"""What tasks hand on besides movies: masks, tracks and measurements.

Tables here are in pixels and frames with plain column names; `units.publish` gives the form
that users see.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.provenance import Provenance

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Compared", "Layers", "Measurements", "MovieResult", "Segmentation", "Tracking"]


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
    probability : (t, y, x) float array, optional
        How probable a network finds it that a pixel is part of a particle.
    provenance : Provenance, optional
        What was done.
    """

    labels: Any
    movie: Movie
    corrected: frozenset[int] = frozenset()
    probability: Any = None
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
class Layers:
    """Particles that overlap in projection, taken apart into layers or classes.

    Parameters
    ----------
    labels : tuple of (t, y, x) integer arrays
        One a layer, as `Segmentation.labels`. Where particles of two layers overlap, both
        have the pixel. In layers, a particle has one number throughout.
    movie : Movie
        What was separated; of the same shape.
    names : tuple of str
        What the layers are called.
    particles : pandas.DataFrame
        One row a particle and frame: ``frame``, ``particle``, ``layer`` (from 1), ``y``,
        ``x``, ``area``, ``certainty`` and ``covered``; pixels and frames.
    provenance : Provenance, optional
        What was done.
    """

    labels: tuple[Any, ...]
    movie: Movie
    names: tuple[str, ...]
    particles: pd.DataFrame
    provenance: Provenance | None = None

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.labels)

    def layer(self, number: int) -> Segmentation:
        """Return the masks of a layer, numbered from 1; any task takes them.

        Its history says which layer it is, so that a recipe made from it takes the same one.
        """
        if not 1 <= number <= self.n_layers:
            raise ValueError(f"There is no layer {number}; there are 1 to {self.n_layers}.")
        history = self.history()
        if self.provenance is not None and history.steps:
            last = history.steps[-1]
            last = dataclasses.replace(last, settings={**last.settings, "go_on_with": number})
            history = dataclasses.replace(history, steps=(*history.steps[:-1], last))
        # With a name of its own, what is exported of one layer never takes another's place.
        movie = self.movie.replace(name=f"{self.movie.name} {self.names[number - 1]}")
        return Segmentation(self.labels[number - 1], movie, provenance=history)

    def history(self) -> Provenance:
        """Return the provenance so far."""
        return self.provenance or self.movie.history()

    def replace(self, **changes: Any) -> Layers:
        """Return a copy with some fields changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Compared:
    """A denoised movie beside what it was made of, and possibly what it should be.

    Parameters
    ----------
    movie : Movie
        Denoised.
    raw : Movie
        As it was before; of the same shape.
    reference : Movie, optional
        Free of noise, of the same shape or with a single frame that holds for all.
    """

    movie: Movie
    raw: Movie
    reference: Movie | None = None

    def __post_init__(self) -> None:
        shape = tuple(self.movie.data.shape)
        if tuple(self.raw.data.shape) != shape:
            raise MovieError(
                f"The raw movie '{self.raw.name}' is {tuple(self.raw.data.shape)} (frames, "
                f"height, width), but '{self.movie.name}' is {shape}; choose the movie that was "
                "denoised."
            )
        fits = (shape, (1, *shape[1:]))
        if self.reference is not None and tuple(self.reference.data.shape) not in fits:
            raise MovieError(
                f"The reference '{self.reference.name}' is {tuple(self.reference.data.shape)} "
                f"(frames, height, width), but '{self.movie.name}' is {shape}; choose one of the "
                "same size, or a single image."
            )

    def history(self) -> Provenance:
        """Return the provenance of the denoised movie."""
        return self.movie.history()


class MovieResult:
    """What a task made of a movie, or found in it; tasks derive from it.

    The ``movie`` is what later steps go on with. What else there is to export is told by the
    methods, already with units in the names.
    """

    movie: Movie
    #: Whether the movie has other frames than the input, and is worth a file of its own.
    has_new_frames: ClassVar[bool] = True

    def history(self) -> Provenance:
        """Return the provenance so far."""
        raise NotImplementedError

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return tables by name."""
        return {}

    def drawings(self) -> dict[str, Callable[[Any], Any]]:
        """Return functions by name that draw a figure on matplotlib axes, as `figures` do."""
        return {}

    def images(self) -> dict[str, Movie | Segmentation]:
        """Return images and masks by name that belong to it, beside the movie."""
        return {}

    def points(self) -> dict[str, pd.DataFrame]:
        """Return tables by name whose rows are places (``frame``, ``y``, ``x``) to be shown."""
        return {}

    def trails(self) -> dict[str, pd.DataFrame]:
        """Return tables by name whose rows are places over time, to be shown beside the points.

        ``track``, ``frame``, ``y`` and ``x``; what else there is becomes features.
        """
        return {}

    def documents(self) -> dict[str, str]:
        """Return texts by file name ending, such as ``camera.json``."""
        return {}


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
