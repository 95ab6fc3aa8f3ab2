"""Clips as training patches: a network is given their beginning, and wanted is the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from napari_insitu_tem.learning.forecast_movies import ClipMovie
from napari_insitu_tem.learning.forecast_settings import ForecastClips
from napari_insitu_tem.learning.prepare import Prepared
from napari_insitu_tem.learning.validation import side_by_side, spread

__all__ = ["ClipDrawing", "ClipPatches", "unpacked"]


class ClipDrawing:
    """Cuts clips to learn from; every clip comes once before any comes again.

    A clip is packed into channels, as the training loop takes images: all channels of its
    first frame, then those of the next.

    Parameters
    ----------
    movies : sequence of ClipMovie
        What to learn from.
    clips : ForecastClips
        How clips are cut.
    patch : int
        Edge, px.
    warm_up : bool
        Whether the frames that are given are wanted, too (all but the first).
    seed : int
        Clip `number` is cut with a generator from (seed, number).
    """

    cuts = 1
    in_processes = False  # cutting takes no time

    def __init__(
        self,
        movies: Sequence[ClipMovie],
        clips: ForecastClips,
        *,
        patch: int,
        warm_up: bool,
        seed: int = 0,
    ) -> None:
        self._movies, self._clips, self._patch = movies, clips, patch
        self._first = 1 if warm_up else clips.given
        self._seed = seed
        self._places = [
            (number, int(start))
            for number, movie in enumerate(movies)
            for start in movie.split.training
        ]

    def __call__(self, number: int) -> list[Prepared]:
        """Cut a clip."""
        turn, place = divmod(number, len(self._places))
        order = np.random.default_rng((self._seed, 0, turn)).permutation(len(self._places))
        rng = np.random.default_rng((self._seed, 1, number))
        which, start = self._places[int(order[place])]
        movie = self._movies[which]
        shape = movie.frames.shape[1:]
        corner = [int(rng.integers(max(size - self._patch, 0) + 1)) for size in shape]
        clip = cut_clip(movie, self._clips, start, (corner[0], corner[1]), self._patch)
        if self._clips.turned:
            if rng.integers(2):
                clip = clip[..., ::-1]
            clip = np.rot90(clip, int(rng.integers(4)), (-2, -1))
        return [packed(clip, self._first)]


class ClipPatches:
    """Clips that were set aside, spread over time and frame, the same each time.

    Parameters
    ----------
    movies : sequence of ClipMovie
        Where they are from.
    clips : ForecastClips
        How clips are cut.
    patch : int
        Edge, px.
    count : int
        Largest number of clips.
    part : {"validation", "test"}
        Which part.
    """

    def __init__(
        self,
        movies: Sequence[ClipMovie],
        clips: ForecastClips,
        *,
        patch: int,
        count: int,
        part: str = "validation",
    ) -> None:
        self._movies, self._clips, self._patch = movies, clips, patch
        places = [
            (number, int(start))
            for number, movie in enumerate(movies)
            for start in getattr(movie.split, part)
        ]
        self._places = [places[int(place)] for place in spread(len(places), count)]

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self._places)

    def __call__(self, check: Callable[[], None] = lambda: None) -> list[Prepared]:
        """Cut the clips; wanted are the frames that follow what is given."""
        found = []
        for number, (which, start) in enumerate(self._places):
            check()
            movie = self._movies[which]
            shape = tuple(max(size, self._patch) for size in movie.frames.shape[1:])
            corners = side_by_side(shape, self._patch)
            corner = corners[number % len(corners)]
            clip = cut_clip(movie, self._clips, start, corner, self._patch)
            found.append(packed(clip, self._clips.given))
        return found


def cut_clip(
    movie: ClipMovie, clips: ForecastClips, start: int, corner: tuple[int, int], patch: int
) -> np.ndarray:
    """Return a clip (frames, 1 + auxiliary, patch, patch), mirrored where the frame is smaller."""
    y, x = corner
    times = clips.plan.frames(start)
    images = movie.frames[times, y : y + patch, x : x + patch]
    lacking = [(0, patch - size) for size in images.shape[1:]]
    if any(after for _, after in lacking):
        images = np.pad(images, [(0, 0), *lacking], mode="symmetric")
    values = movie.auxiliary[times]
    maps = np.broadcast_to(values[:, :, np.newaxis, np.newaxis], (*values.shape, patch, patch))
    return np.concatenate([images[:, np.newaxis], maps], axis=1)


def packed(clip: np.ndarray, first: int) -> Prepared:
    """Return a clip as what goes in, what is wanted (from frame `first` on), and what counts."""
    edge = clip.shape[-1]
    everything = np.ascontiguousarray(clip, np.float32).reshape(-1, edge, edge)
    wanted = np.ascontiguousarray(clip[first:, 0], np.float32)
    return everything, wanted, np.ones((1, edge, edge), np.uint8)


def unpacked(image: np.ndarray, length: int) -> np.ndarray:
    """Return a packed clip as (frames, 1 + auxiliary, y, x)."""
    return image.reshape(length, -1, *image.shape[-2:])
