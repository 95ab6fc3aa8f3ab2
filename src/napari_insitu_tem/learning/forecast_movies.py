"""Movies to learn forecasting from: read once, prepared, within the memory that there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.forecast.clips import Split, split_at_random, split_by_time
from napari_insitu_tem.analysis.forecast.scaling import Scaling, scaling_of
from napari_insitu_tem.job import Job
from napari_insitu_tem.learning.forecast_settings import ForecastClips
from napari_insitu_tem.learning.samples import SampleError, TrainingSet
from napari_insitu_tem.movie import Movie

__all__ = ["ClipMovie", "auxiliary_values", "clip_movies", "movies_of"]

#: What is kept of all movies in memory.
_KEPT_BYTES = 800e6
_SAMPLED = 16


@dataclass(frozen=True, eq=False)
class ClipMovie:
    """A movie that clips are cut from.

    Parameters
    ----------
    frames : (t, y, x) float32 array
        As a network takes them.
    auxiliary : (t, n) float32 array
        What it is given beside every frame, standardised; possibly of no columns.
    scaling : Scaling
        From readings to these frames and back.
    split : Split
        Where clips begin.
    name : str
        What to call it.
    """

    frames: np.ndarray
    auxiliary: np.ndarray
    scaling: Scaling
    split: Split
    name: str = "movie"


def movies_of(training: TrainingSet) -> list[Movie]:
    """Return all movies of a set."""
    movies = [training.sample(index) for index in range(len(training))]
    for movie in movies:
        if not isinstance(movie, Movie):
            raise SampleError(
                "Forecasting is learnt from movies, and these data are frames with labels or "
                "pairs. Give a movie, or a folder of movies (--data)."
            )
    return movies  # type: ignore[return-value]


def clip_movies(
    movies: Sequence[Movie], clips: ForecastClips, *, patch: int, job: Job = Job(), seed: int = 0
) -> list[ClipMovie]:
    """Read movies, prepare them, and decide which clips are learnt from.

    Parameters
    ----------
    movies : sequence of Movie
        What to learn from and to be tested on.
    clips : ForecastClips
        How clips are cut and split.
    patch : int
        Edge of what a network is shown, px. Of movies too large for memory, windows of (at
        least) this edge are kept, in all frames.
    job : Job
        Progress and cancel.
    seed : int
        Of the random split, and of where windows lie.

    Returns
    -------
    list of ClipMovie
        A movie each, or a window of one.

    Raises
    ------
    SampleError
        When no movie is long enough to learn from.
    """
    splits = _splits(movies, clips, seed)
    if not any(len(split.training) for split in splits):
        longest = max(movie.n_frames for movie in movies)
        plan = clips.plan
        raise SampleError(
            f"The movie is too short: a clip of {plan.length} frames, {plan.every} apart, spans "
            f"{plan.span} frames, and of {longest} frames none is left to learn from after "
            "setting a part aside. Give fewer frames, or make them less far apart."
        )
    budget = _KEPT_BYTES / len(movies)
    found = []
    for number, (movie, split) in enumerate(zip(movies, splits, strict=True)):
        rng = np.random.default_rng((seed, 71, number))
        learnt = _learnt_frames(split, clips, movie.n_frames)
        scaling = scaling_of(clips.scaling, (fill_missing(movie.frame(i)) for i in learnt))
        values = auxiliary_values(movie, clips.auxiliary)
        for frames in _read_windows(movie, budget, patch, rng, job):
            found.append(ClipMovie(scaling.prepare(frames), values, scaling, split, movie.name))
    return found


def auxiliary_values(movie: Movie, column: str | None) -> np.ndarray:
    """Return what a network is given beside every frame (t, 0 or 1): standardised, gaps filled.

    Raises
    ------
    SampleError
        When the movie has no such column.
    """
    if column is None:
        return np.zeros((movie.n_frames, 0), np.float32)
    if movie.frames is None or column not in movie.frames:
        there = "no holder's log" if movie.frames is None else ", ".join(map(str, movie.frames))
        raise SampleError(
            f"'{movie.name}' has no '{column}' for its frames (there is: {there}). Attach the "
            "holder's log first, or forecast without it."
        )
    values = movie.frames[column].astype(float).interpolate(limit_direction="both").to_numpy()
    spread = np.nanstd(values)
    values = np.nan_to_num((values - np.nanmean(values)) / (spread if spread > 0 else 1.0))
    return values.astype(np.float32)[:, np.newaxis]


def _splits(movies: Sequence[Movie], clips: ForecastClips, seed: int) -> list[Split]:
    plan = clips.plan
    if clips.split == "by movie":
        if len(movies) < 3:
            raise SampleError(
                f"Splitting by movie needs at least three movies, and there are {len(movies)}. "
                "Split by time."
            )
        held = max(1, round(clips.test * len(movies)))
        chosen = max(1, round(clips.validation * len(movies)))
        first = max(1, len(movies) - held - chosen)
        none = np.zeros(0, int)
        parts = []
        for number, movie in enumerate(movies):
            starts = np.arange(plan.count(movie.n_frames))
            part = (number >= first) + (number >= first + chosen)
            learnt, chosen_by, tested = (starts if part == place else none for place in range(3))
            parts.append(Split(learnt, chosen_by, tested))
        return parts
    if clips.split == "by time":
        return [
            split_by_time(
                movie.n_frames, plan, validation=clips.validation, test=clips.test, gap=clips.gap
            )
            for movie in movies
        ]
    return [
        split_at_random(movie.n_frames, plan, np.random.default_rng((seed, 72, number)))
        for number, movie in enumerate(movies)
    ]


def _learnt_frames(split: Split, clips: ForecastClips, n_frames: int) -> np.ndarray:
    """Return a few of the frames that are learnt from, which give the scale."""
    if not len(split.training):
        last = n_frames - 1
        first = 0
    else:
        first = int(split.training[0])
        last = min(n_frames - 1, int(split.training[-1]) + clips.plan.span - 1)
    return np.unique(np.linspace(first, last, _SAMPLED).round().astype(int))


def _read_windows(
    movie: Movie, budget: float, patch: int, rng: np.random.Generator, job: Job
) -> list[np.ndarray]:
    """Return the frames of a movie, or of as many windows of it as memory is given to."""
    count, (height, width) = movie.n_frames, movie.frame_shape
    frames = job.track(movie.iter_frames(), "Reading", total=count)
    if 4.0 * count * height * width <= budget:
        return [np.stack([fill_missing(frame) for frame in frames])]
    room = budget / (4.0 * count)
    edge = max(1, min(2 * patch, height, width, int(room**0.5)))
    if edge < min(patch, height, width):
        raise SampleError(
            f"'{movie.name}' has {count} frames, of which not even windows of {patch} px fit into "
            "memory. Choose a shorter part of it."
        )
    windows = max(1, int(room / edge**2))
    corners = [
        tuple(int(rng.integers(size - edge + 1)) for size in (height, width))
        for _ in range(windows)
    ]
    kept = np.empty((windows, count, edge, edge), np.float32)
    for time, frame in enumerate(frames):
        whole = fill_missing(frame)
        for place, (y, x) in enumerate(corners):
            kept[place, time] = whole[y : y + edge, x : x + edge]
    job.log(
        f"'{movie.name}' is larger than the memory for it; {windows} windows of {edge} px are "
        "learnt from."
    )
    return list(kept)
