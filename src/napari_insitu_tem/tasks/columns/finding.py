"""What finds columns in frames: a network, or spots of one size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from napari_insitu_tem.analysis.columns import ColumnsError
from napari_insitu_tem.analysis.columns.spots import Spots, find_spots, look_for_spots
from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.columns.settings import ColumnsSettings

__all__ = ["Finder", "Found", "SpotFinder", "finder_for", "sampled", "unusable"]

_SAMPLED = 3
_SATURATED = 0.5


@dataclass(frozen=True, eq=False)
class Found:
    """Columns of a frame.

    Parameters
    ----------
    frame : (y, x) array
        In which they were found.
    places : (n, 2) array
        Row and column, px.
    certainty : (n,) array
        Probability, or contrast times that of the typical spot.
    trouble : str
        Why nothing could be looked for; empty if nothing was wrong.
    """

    frame: np.ndarray
    places: np.ndarray
    certainty: np.ndarray
    trouble: str = ""

    @classmethod
    def nothing(cls, frame: np.ndarray, trouble: str) -> Found:
        """No columns, and why."""
        return cls(frame, np.empty((0, 2)), np.empty(0), trouble)


class Finder(Protocol):
    """Finds the columns of frames.

    `width` is the expected standard deviation of a column in px where the finder knows it, and
    `radius` that of the pixels around it that belong to a column which has no neighbour.
    """

    bright: bool
    width: float | None
    radius: float
    words: str

    def over(self, frames: Iterable[np.ndarray], job: Job) -> Iterator[Found]:
        """Yield what every frame holds, in order."""
        ...


class SpotFinder:
    """Finds spots of one size, without a network."""

    def __init__(self, spots: Spots, contrast: float) -> None:
        self.spots, self.contrast = spots, contrast
        self.bright = spots.bright
        self.width: float | None = spots.scale
        self.radius = 2.5 * spots.scale
        self.words = (
            f"Columns are {'bright' if spots.bright else 'dark'} spots, with a standard "
            f"deviation of {spots.scale:.1f} px."
        )

    def over(self, frames: Iterable[np.ndarray], job: Job) -> Iterator[Found]:
        """Yield what every frame holds, in order."""
        for frame in frames:
            trouble = unusable(frame)
            if trouble:
                yield Found.nothing(frame, trouble)
            else:
                yield Found(frame, *find_spots(frame, self.spots, contrast=self.contrast))


def finder_for(movie: Movie, settings: ColumnsSettings, job: Job) -> Finder:
    """Return what finds the columns of a movie; polarity and size come from a few frames.

    Raises
    ------
    ColumnsError
        When no frame shows anything, or nothing stands out of the noise.
    MovieError, ModelError
        When a network must know the pixel size and the movie does not say, or there is no such
        network.
    """
    if settings.method == "spots":
        spots = look_for_spots(sampled(movie), bright=settings.bright, scale=settings.spot)
        return SpotFinder(spots, settings.contrast)
    # Loaded only now: torch takes its time.
    from napari_insitu_tem.tasks.columns.network import network_finder

    return network_finder(movie, settings, job)


def sampled(movie: Movie) -> list[np.ndarray]:
    """Return a few frames, spread over the movie, that show something.

    Raises
    ------
    ColumnsError
        When none does.
    """
    count = min(movie.n_frames, _SAMPLED)
    trouble, frames = "", []
    for index in np.unique(np.linspace(0, movie.n_frames - 1, count).round().astype(int)):
        frame = movie.frame(int(index))
        wrong = unusable(frame)
        trouble = trouble or wrong
        if not wrong:
            frames.append(fill_missing(frame))
    if not frames:
        raise ColumnsError(f"There are no columns to be found in '{movie.name}': {trouble}.")
    return frames


def unusable(frame: np.ndarray) -> str:
    """Return why a frame shows no columns for sure; empty if it may."""
    values = np.asarray(frame)
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values.ravel()
    if not finite.size:
        return "its frames hold no numbers"
    highest, lowest = finite.max(), finite.min()
    if highest == lowest:
        return "its frames show the same everywhere"
    if np.mean(finite == highest) > _SATURATED:
        return "more than half of its pixels are saturated"
    return ""
