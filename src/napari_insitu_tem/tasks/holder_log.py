"""Holder log: give every frame the temperature (or what else the holder recorded) of its time."""

from __future__ import annotations

import hashlib
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_insitu_tem.analysis.resample import interpolate
from napari_insitu_tem.io.holder_logs import (
    HolderLog,
    HolderLogError,
    clock_words,
    read_holder_log,
    seconds_between,
)
from napari_insitu_tem.io.readings import quantity_words
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.settings import Settings, SettingsError, setting
from napari_insitu_tem.tasks.registry import task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["HolderLogSettings", "frame_log_times", "holder_log"]


class HolderLogSettings(Settings):
    """Which log, and how its times belong to the movie's."""

    path: Path | None = setting(
        None,
        title="Log file",
        description="Log of a Protochips or DENSsolutions holder, or any table (csv, text) with "
        "a time column.",
        none_means="none chosen",
        file_filter="Logs (*.csv *.txt *.dens *.tsv *.log *.dat);;All files (*)",
    )
    align_by: Literal["clock", "offset"] = setting(
        "clock",
        title="Align by",
        description="'clock' compares the clock times at which the movie and the log began; "
        "'offset' takes the log's time at the first frame as you enter it.",
    )
    offset: float = setting(
        0.0,
        title="Log time at the first frame",
        description="Seconds on the log's time axis at which the first frame was taken.",
        unit="s",
        step=1,
        shown_when={"align_by": ("offset",)},
    )
    movie_start: str | None = setting(
        None,
        title="Movie began at",
        description="Clock time of the first frame, as 2024-05-31 13:45:00 or 13:45:00. From "
        "the movie's file when left automatic.",
        none_means="from the file",
        shown_when={"align_by": ("clock",)},
    )
    clock_ahead: float = setting(
        0.0,
        title="Microscope's clock ahead by",
        description="Seconds by which the microscope's clock was ahead of the holder's.",
        unit="s",
        step=1,
        shown_when={"align_by": ("clock",)},
        advanced=True,
    )
    columns: str | None = setting(
        None,
        title="Columns",
        description="What to take from the log, separated by commas, such as temperature_C.",
        none_means="all",
        advanced=True,
    )


@task(title="Holder log", result="with log")
def holder_log(
    movie: Movie, settings: HolderLogSettings = HolderLogSettings(), job: Job = Job()
) -> Movie:
    """Attach a holder's log, so that every frame has a temperature or what else it recorded.

    Values are interpolated linearly between the rows of the log. A frame before its first or
    after its last row, or inside a pause of the recording, gets none (NaN).

    Parameters
    ----------
    movie : Movie
        With a frame time (or ``time_s`` in its table of frames).
    settings : HolderLogSettings
        The file and how to align it.
    job : Job
        Takes messages.

    Returns
    -------
    Movie
        The same data; ``time_s`` and the log's columns are in `frames`. Columns of the same
        name from an earlier log are replaced.

    Raises
    ------
    HolderLogError
        When the file cannot be read or has nothing on the time of the movie.
    MovieError
        When the movie has no times.
    SettingsError
        When no file is chosen, or a setting does not fit it.
    """
    if settings.path is None:
        raise SettingsError("No log is chosen. Choose the file that the holder's software wrote.")
    log = read_holder_log(settings.path)
    job.log(log.describe())
    for note in log.notes:
        job.log(note)
    names = _wanted(log, settings)
    at = frame_log_times(movie, log, settings)
    times = log.table["time_s"].to_numpy()
    columns = {name: interpolate(at, times, log.table[name].to_numpy(float)) for name in names}
    job.log(_summary(movie, log, at, columns))
    sha256 = hashlib.sha256(Path(settings.path).read_bytes()).hexdigest()
    about = {"file": Path(settings.path).name, "sha256": sha256, "format": log.format}
    return movie.replace(
        frames=_attached(movie, columns),
        metadata={**movie.metadata, "holder_log": {**about, "notes": list(log.notes)}},
    )


def frame_log_times(movie: Movie, log: HolderLog, settings: HolderLogSettings) -> np.ndarray:
    """Return the time of every frame on the time axis of the log, in seconds.

    Raises
    ------
    MovieError, SettingsError, HolderLogError
        When something needed for it is missing; the sentence says what.
    """
    times = movie.time
    if times is None:
        raise MovieError(
            f"'{movie.name}' has no frame time, so its frames have no times. Set it under "
            "Calibrate first."
        )
    if settings.align_by == "offset":
        return times - times[0] + settings.offset
    if log.start is None:
        raise HolderLogError(
            f"'{Path(str(settings.path)).name}' does not say at what clock time it began. Align by "
            "offset, with the log's time at the first frame."
        )
    text = settings.movie_start or movie.metadata.get("start_time")
    if not text:
        raise MovieError(
            f"The file of '{movie.name}' does not say at what clock time it was recorded. Enter "
            "when the movie began (movie_start), or align by offset."
        )
    start = _clock(str(text))
    if settings.movie_start:
        # What is entered is the first frame's time, also of a movie that was cut.
        times = times - times[0]
    return times + seconds_between(log.start, start) - settings.clock_ahead


def _clock(text: str) -> datetime | time:
    for parse in (time.fromisoformat, datetime.fromisoformat):
        try:
            return parse(text.strip())
        except ValueError:
            continue
    raise SettingsError(
        f"'{text}' is not a clock time. Write it as 2024-05-31 13:45:00, or 13:45:00."
    )


def _wanted(log: HolderLog, settings: HolderLogSettings) -> list[str]:
    if settings.columns is None:
        return log.quantities
    names = [name.strip() for name in settings.columns.split(",") if name.strip()]
    missing = [name for name in names if name not in log.quantities]
    if missing or not names:
        raise SettingsError(
            f"The log has no column '{', '.join(missing)}'. It has: {', '.join(log.quantities)}."
        )
    return names


def _summary(movie: Movie, log: HolderLog, at: np.ndarray, columns: dict[str, Any]) -> str:
    """Say which frames have a value; raises when none has."""
    first, last = log.span
    outside = int(np.sum((at < first) | (at > last)))
    if outside == len(at):
        words = ""
        if log.start is not None and isinstance(log.start, datetime):
            movie_began = log.start + timedelta(seconds=float(at[0]))
            words = (
                f" (the log began at {clock_words(log.start)}, the movie at "
                f"{clock_words(movie_began)})"
            )
        raise HolderLogError(
            f"The log has nothing on the time of '{movie.name}': it covers {first:.6g} to "
            f"{last:.6g} s, the movie would lie at {at[0]:.6g} to {at[-1]:.6g} s of it{words}. "
            "Check the offset or the clock times."
        )
    sentences = []
    if outside:
        sentences.append(
            f"{outside} of {len(at)} frames lie outside the time that the log covers and get no "
            "value."
        )
    gaps = {
        name: missing
        for name, values in columns.items()
        if (missing := int(np.isnan(values).sum()) - outside) > 0
    }
    if gaps:
        listed = ", ".join(f"{name} ({missing})" for name, missing in gaps.items())
        sentences.append(f"Frames that lie in a gap of the log and get no value: {listed}.")
    if not sentences:
        sentences.append(f"All {len(at)} frames have their values.")
    shown = next((name for name in columns if name.startswith("temperature")), next(iter(columns)))
    values = columns[shown][np.isfinite(columns[shown])]
    if len(values):
        words = quantity_words(shown)
        sentences.append(
            f"{words[0].upper()}{words[1:]}: {values[0]:.4g} at first, {values[-1]:.4g} at last."
        )
    return " ".join(sentences)


def _attached(movie: Movie, columns: dict[str, np.ndarray]) -> pd.DataFrame:
    import pandas as pd

    table = pd.DataFrame({"time_s": movie.time})
    if movie.frames is not None:
        others = movie.frames.drop(columns=["time_s"], errors="ignore").reset_index(drop=True)
        table = pd.concat([table, others], axis=1)
    return table.assign(**columns)
