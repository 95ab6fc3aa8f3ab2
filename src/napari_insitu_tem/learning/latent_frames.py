"""Frames of movies to learn latent variables from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.lattice_scale import dominant_period, zoom_for, zoomed
from napari_insitu_tem.learning.samples import SampleError
from napari_insitu_tem.movie import Movie

__all__ = ["FrameSet", "LatticeFrame", "MovieFrames"]

#: Frames of a movie that its lattice's period is found from.
_LOOKED_AT = 4


@dataclass(frozen=True, eq=False)
class LatticeFrame:
    """A frame to learn latent variables from.

    Parameters
    ----------
    pixels : (y, x) float32 array
        As recorded, without NaN: where lattices are is looked for in these.
    zoom : float
        By how much a network shall see it enlarged.
    """

    pixels: np.ndarray
    zoom: float = 1.0

    @property
    def image(self) -> np.ndarray:
        """The frame (y, x) on the networks' scale."""
        return zoomed(self.pixels, self.zoom)


class FrameSet(Protocol):
    """Frames that can be had again: the same index gives the same frame."""

    def __len__(self) -> int:
        """Return the number of frames."""
        ...

    def sample(self, index: int) -> LatticeFrame:
        """Return one frame."""
        ...


class MovieFrames:
    """The frames of some movies, one movie after the other; read when they are asked for.

    Parameters
    ----------
    movies : sequence of Movie
        At least one.
    smallest : int
        Frames have at least so many px a side.
    notes : sequence of str
        What was left out when they were read.

    Raises
    ------
    SampleError
        When there is no movie, or the frames of one are too small.

    Notes
    -----
    Frames are enlarged or reduced as they are when a movie is analysed; see `lattice_scale`.
    """

    def __init__(
        self, movies: Sequence[Movie], *, smallest: int, notes: Sequence[str] = ()
    ) -> None:
        self.notes = list(notes)
        if not movies:
            raise SampleError("There is no movie to learn from.")
        self.zooms: list[float] = []
        for movie in movies:
            if min(movie.frame_shape) < smallest:
                height, width = movie.frame_shape
                raise SampleError(
                    f"The frames of '{movie.name}' are {width} × {height} px, and windows of "
                    f"{smallest} px do not fit. Choose a larger part of the recording."
                )
            frames = np.unique(np.linspace(0, movie.n_frames - 1, _LOOKED_AT).astype(int))
            zoom = zoom_for(dominant_period(movie.frame(int(number)) for number in frames))
            self.zooms.append(max(zoom, smallest / min(movie.frame_shape)))
        self.movies = tuple(movies)
        self._starts = np.cumsum([0, *(movie.n_frames for movie in movies)])
        #: Which movie each frame is from.
        self.recordings = tuple(
            number for number, movie in enumerate(movies) for _ in range(movie.n_frames)
        )

    def __len__(self) -> int:
        """Return the number of frames."""
        return int(self._starts[-1])

    def sample(self, index: int) -> LatticeFrame:
        """Read one frame, NaN replaced by the median."""
        number = self.recordings[index]
        frame = self.movies[number].frame(index - int(self._starts[number]))
        return LatticeFrame(fill_missing(frame), self.zooms[number])
