"""One pass over a movie: every frame as it was foreseen, what came, and how far it was off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from napari_insitu_tem.analysis.denoise import fill_missing
from napari_insitu_tem.analysis.forecast.baselines import baseline_forecasts
from napari_insitu_tem.analysis.forecast.metrics import MODEL, metric_rows
from napari_insitu_tem.analysis.forecast.surprise import frame_difference, surprise
from napari_insitu_tem.inference.forecaster import MovieForecaster
from napari_insitu_tem.io.store import new_frames
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.tasks.forecast.network import Known

__all__ = ["Passed", "pass_over"]

#: Pixels of a frame that errors and spreads are kept of.
_KEPT_PIXELS = 128 * 128


@dataclass(eq=False)
class Passed:
    """What a pass collects.

    Parameters
    ----------
    forecast, difference, spread, surprise : (t, y, x) arrays
        In readings, but for the surprise; NaN where nothing is foreseen.
    rows : list of dict
        One a frame that was foreseen.
    measured : list of dict
        Of test clips, one row a predictor, step and way; see `metric_rows`.
    tested : int
        Number of test clips.
    errors, spreads : list of (steps, y, x) arrays
        Of test clips, possibly of every n-th pixel.
    """

    forecast: np.ndarray
    difference: np.ndarray
    spread: np.ndarray
    surprise: np.ndarray
    rows: list[dict[str, float]] = field(default_factory=list)
    measured: list[dict[str, Any]] = field(default_factory=list)
    tested: int = 0
    errors: list[np.ndarray] = field(default_factory=list)
    spreads: list[np.ndarray] = field(default_factory=list)


def pass_over(
    movie: Movie,
    known: Known,
    *,
    steps: int,
    lead: int,
    start: int | None,
    tested: frozenset[int],
    data_range: float,
    device: str,
    job: Job,
) -> Passed:
    """Forecast from every frame of a movie, or from one.

    Parameters
    ----------
    movie : Movie
        Read once, frame by frame.
    known : Known
        The network.
    steps, lead : int
        How far to go on, and which step is shown.
    start : int, optional
        The present, where it is one frame.
    tested : frozenset of int
        Where clips begin that the figures are from.
    data_range : float
        What SSIM and PSNR take as the range of readings.
    device : str
        What it runs on.
    job : Job
        Progress and cancel.
    """
    plan = known.clips.plan
    reach = (plan.given - 1) * plan.every
    forecaster = MovieForecaster(known.network, scaling=known.scaling, steps=steps, device=device)
    last = movie.n_frames if start is None else max(movie.n_frames, start + steps * plan.every + 1)
    shape = (last, *movie.frame_shape)
    passed = Passed(_empty(shape), _empty(shape), _empty(shape), _empty(shape))
    presents = range(reach, movie.n_frames) if start is None else [start]
    frames = _Frames(movie)
    for present in job.track(presents, "Forecasting"):
        given = frames.of(range(present - reach, present + 1, plan.every))
        values = _auxiliary(known, present, reach, steps)
        means, spreads = forecaster.ahead(given, values, job)
        came = [present + step * plan.every for step in range(1, steps + 1)]
        if start is None:
            _note(passed, movie, frames, came[lead - 1], means[lead - 1], spreads[lead - 1])
        else:
            _continue(passed, frames, present, plan.every, means, spreads, movie)
        if present - reach in tested or start is not None:
            inside = [frame for frame in came if frame < movie.n_frames]
            if len(inside) == steps:
                past = frames.mean_until(present)
                _judge(passed, given, frames.of(inside), means, spreads, past, data_range)
        frames.forget(present - reach)
    return passed


class _Frames:
    """The frames of a movie, each read once while it is needed."""

    def __init__(self, movie: Movie) -> None:
        self._movie = movie
        self._kept: dict[int, np.ndarray] = {}
        self._sum = np.zeros(movie.frame_shape)
        self._summed = 0

    def of(self, places: Iterator[int] | range | list[int]) -> np.ndarray:
        return np.stack([self.one(place) for place in places])

    def one(self, place: int) -> np.ndarray:
        if place not in self._kept:
            self._kept[place] = fill_missing(self._movie.frame(place))
        return self._kept[place]

    def mean_until(self, present: int) -> np.ndarray:
        """Return the mean of all frames up to the present."""
        while self._summed <= present:
            known = self._kept.get(self._summed)
            frame = fill_missing(self._movie.frame(self._summed)) if known is None else known
            self._sum += frame
            self._summed += 1
        return (self._sum / self._summed).astype(np.float32)

    def forget(self, before: int) -> None:
        for place in [place for place in self._kept if place < before]:
            del self._kept[place]


def _note(
    passed: Passed,
    movie: Movie,
    frames: _Frames,
    place: int,
    mean: np.ndarray,
    spread: np.ndarray,
) -> None:
    """Put one foreseen frame where it belongs, and compare it with what came."""
    if place >= movie.n_frames:
        return
    came = frames.one(place)
    found = surprise(came, mean, spread)
    passed.forecast[place], passed.spread[place] = mean, spread
    passed.difference[place], passed.surprise[place] = came - mean, found.map
    passed.rows.append(
        {
            "frame": place,
            "error": found.error,
            "expected": found.expected,
            "surprise": found.mean,
            "peak": found.peak,
            "frame_difference": frame_difference(came, frames.one(place - 1)),
        }
    )


def _continue(
    passed: Passed,
    frames: _Frames,
    present: int,
    every: int,
    means: np.ndarray,
    spreads: np.ndarray,
    movie: Movie,
) -> None:
    """Show the recording up to the present, and behind it what is foreseen."""
    for place in range(present + 1):
        # The recording goes on into the forecast, without a jump in brightness.
        passed.forecast[place] = fill_missing(movie.frame(place))
        passed.difference[place] = passed.spread[place] = 0
    for step, (mean, spread) in enumerate(zip(means, spreads, strict=True), start=1):
        place = present + step * every
        for between in range(place - every + 1, place):  # not foreseen: as the last one was
            passed.forecast[between] = passed.forecast[place - every]
            passed.spread[between] = passed.spread[place - every]
        passed.forecast[place], passed.spread[place] = mean, spread
        _note(passed, movie, frames, place, mean, spread)


def _judge(
    passed: Passed,
    given: np.ndarray,
    came: np.ndarray,
    means: np.ndarray,
    spreads: np.ndarray,
    past_mean: np.ndarray,
    data_range: float,
) -> None:
    foreseen = {MODEL: means, **baseline_forecasts(given, len(means), past_mean=past_mean)}
    passed.measured += metric_rows(foreseen, came, data_range)
    passed.tested += 1
    every = max(1, int(np.sqrt(came[0].size / _KEPT_PIXELS)))
    passed.errors.append((came - means)[:, ::every, ::every])
    passed.spreads.append(spreads[:, ::every, ::every])


def _auxiliary(known: Known, present: int, reach: int, steps: int) -> np.ndarray | None:
    """Return what the network is given beside its frames; after the end, the last values stay."""
    if not known.auxiliary.shape[1]:
        return None
    every = known.clips.every
    places = np.arange(present - reach, present + steps * every + 1, every)
    return known.auxiliary[np.minimum(places, len(known.auxiliary) - 1)]


def _empty(shape: tuple[int, ...]) -> np.ndarray:
    store = new_frames(shape, np.float32)
    for place in range(shape[0]):
        store[place] = np.nan
    return store
