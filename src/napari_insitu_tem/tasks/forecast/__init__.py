"""Forecast: what comes next, how far to trust it, and where the movie begins to surprise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_insitu_tem.io.store import as_dask
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.forecast.result import Forecast
from napari_insitu_tem.tasks.forecast.settings import ForecastSettings
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    import pandas as pd

    from napari_insitu_tem.analysis.forecast.clips import ClipPlan, Split

__all__ = ["Forecast", "ForecastSettings", "forecast"]

_SMALLEST = 16
#: Changes so near to the end of what was learnt from (frames) may only mean that end.
_NEAR = 3


@task(title="Forecast", result="forecast")
def forecast(
    movie: Movie, settings: ForecastSettings = ForecastSettings(), job: Job = Job()
) -> Forecast:
    """Foresee the next frames, say how far to trust them, and where the movie surprises.

    Parameters
    ----------
    movie : Movie
        Read frame by frame; what is learnt from is kept in memory as far as that goes.
    settings : ForecastSettings
        What to forecast, with which network, and how it is learnt.
    job : Job
        Progress, cancel, device and seed. Cancelling a training keeps nothing.

    Returns
    -------
    Forecast
        Movies aligned in time, figures with baselines, the track of surprise.

    Raises
    ------
    MovieError
        When the movie is too short or too small.
    SettingsError
        When the window or the present lies outside of the movie.
    ModelError
        When there is no such network, or the name to keep one under is taken.
    """
    movie = _cropped(movie, settings)
    _check_length(movie, settings)
    # Loaded only now: torch takes its time.
    from napari_insitu_tem.inference.devices import pick_device
    from napari_insitu_tem.tasks.forecast.network import known_network
    from napari_insitu_tem.tasks.forecast.passes import pass_over

    known = known_network(movie, settings, job)
    plan = known.clips.plan
    steps = settings.ahead or plan.wanted
    lead = min(settings.lead, steps)
    reach = (plan.given - 1) * plan.every
    if settings.start is not None and not reach <= settings.start < movie.n_frames:
        raise SettingsError(
            f"Forecasting from frame {settings.start} needs the {reach + 1} frames up to it in "
            f"the movie of {movie.n_frames}; choose one from {reach} to {movie.n_frames - 1}."
        )
    passed = pass_over(
        movie,
        known,
        steps=steps,
        lead=lead,
        start=settings.start,
        tested=_tested(known.split, settings.test_clips),
        data_range=_range_of(movie),
        device=str(pick_device(job.device)),
        job=job,
    )
    import pandas as pd

    from napari_insitu_tem.analysis.forecast import calibration, metrics
    from napari_insitu_tem.tasks.forecast.words import found_words

    measured = metrics.mean_metrics(passed.measured)
    skill = metrics.skill_table(measured)
    coverage = pd.DataFrame(columns=["step", "nominal", "covered"])
    ranks: dict[str, float] = {}
    if passed.errors:
        errors, spreads = np.stack(passed.errors), np.stack(passed.spreads)
        coverage = calibration.coverage_table(errors, spreads)
        ranks = calibration.rank_correlation(errors, spreads)
    track = _track(passed.rows, movie, known.split, plan)
    result = Forecast(
        movie,
        _beside(movie, "forecast", passed.forecast),
        _beside(movie, "difference", passed.difference),
        _beside(movie, "spread", passed.spread),
        _beside(movie, "surprise", passed.surprise),
        metrics=measured,
        skill=skill,
        coverage=coverage,
        ranks=ranks,
        track=track,
        changes=_changes(track, known.split, plan, settings.penalty),
        training=pd.DataFrame([_row(report) for report in known.history]),
        warning=known.split.warning,
    )
    message = found_words(skill, passed.tested, coverage, result.onset, start=settings.start)
    message = f"{known.split.warning} {message}".strip()
    job.log(message)
    return result.replace(message=message)


def _cropped(movie: Movie, settings: ForecastSettings) -> Movie:
    if settings.region == "window":
        height, width = movie.frame_shape
        if settings.top > height - _SMALLEST or settings.left > width - _SMALLEST:
            raise SettingsError(
                f"The window begins at row {settings.top} and column {settings.left}, of a frame "
                f"of {height} × {width} px; less than {_SMALLEST} px are left of it."
            )
        movie = movie.crop(
            slice(settings.top, min(height, settings.top + settings.size)),
            slice(settings.left, min(width, settings.left + settings.size)),
        )
    if min(movie.frame_shape) < _SMALLEST:
        raise MovieError(f"Frames of '{movie.name}' are smaller than {_SMALLEST} px.")
    return movie


def _check_length(movie: Movie, settings: ForecastSettings) -> None:
    plan = settings.clips.plan
    if settings.method != "network" and movie.n_frames < 2 * plan.span:
        raise MovieError(
            f"'{movie.name}' has {movie.n_frames} frames. To learn, {plan.given} frames in and "
            f"{plan.wanted} out, {plan.every} apart, need at least {2 * plan.span}. Give fewer "
            "frames, make them less far apart, or take a network that is trained already."
        )
    if settings.method == "network" and movie.n_frames < 2:
        raise MovieError(f"'{movie.name}' is a single frame; a forecast needs several.")


def _beside(movie: Movie, name: str, data: Any) -> Movie:
    """Return frames that lie in time and space with the movie; possibly more of them."""
    return movie.replace(data=as_dask(data), name=f"{movie.name} {name}", frames=None)


def _tested(split: Split, most: int) -> frozenset[int]:
    """Return where test clips begin, evenly spread where there are many."""
    starts = split.test
    chosen = np.unique(np.linspace(0, len(starts) - 1, min(len(starts), most)).round().astype(int))
    return frozenset(int(starts[place]) for place in chosen) if len(starts) else frozenset()


def _range_of(movie: Movie) -> float:
    """Return the range of readings that SSIM and PSNR take: of three frames, but for outliers."""
    places = sorted({0, movie.n_frames // 2, movie.n_frames - 1})
    values = np.concatenate([movie.frame(place).ravel() for place in places]).astype(float)
    low, high = np.nanpercentile(values, (0.1, 99.9))
    return float(high - low) if high > low else 1.0


def _track(
    rows: list[dict[str, float]], movie: Movie, split: Split, plan: ClipPlan
) -> pd.DataFrame:
    """Return the track of surprise, with what the network did with every frame."""
    import pandas as pd

    names = ["frame", "part", "error", "expected", "surprise", "peak", "frame_difference"]
    table = pd.DataFrame(rows, columns=[name for name in names if name != "part"])
    table.insert(1, "part", [_part(int(frame), split, plan) for frame in table["frame"]])
    if movie.time is not None and len(table):
        table.insert(1, "time_s", movie.time[table["frame"].to_numpy(int)])
    return table


def _part(frame: int, split: Split, plan: ClipPlan) -> str:
    """Return what the network did with a frame."""
    for name, words in (("training", "learnt from"), ("validation", "validation")):
        starts = getattr(split, name)
        if len(starts) and starts[0] <= frame <= starts[-1] + plan.span - 1:
            return words
    return "not seen"


def _changes(track: pd.DataFrame, split: Split, plan: ClipPlan, penalty: float) -> pd.DataFrame:
    """Return where surprise and, for comparison, the frame difference change their level."""
    import pandas as pd

    from napari_insitu_tem.analysis.forecast.change_points import change_points

    bounds = [
        int(starts[-1]) + plan.span for starts in (split.training, split.validation) if len(starts)
    ]
    rows = []
    for name in ("surprise", "frame_difference") if len(track) else ():
        values = np.log(np.maximum(track[name].to_numpy(float), 1e-12))
        for change in change_points(values, penalty=penalty):
            frame = int(track["frame"].iloc[change.frame])
            near = name == "surprise" and any(abs(frame - bound) <= _NEAR for bound in bounds)
            rows.append(
                {
                    "by": name,
                    "frame": frame,
                    "before": float(np.exp(change.before)),
                    "after": float(np.exp(change.after)),
                    "size": change.size,
                    "doubtful": near,
                }
            )
    return pd.DataFrame(rows, columns=["by", "frame", "before", "after", "size", "doubtful"])


def _row(report: object) -> dict[str, object]:
    values = dict(vars(report))
    return {**values, **values.pop("metrics")}
