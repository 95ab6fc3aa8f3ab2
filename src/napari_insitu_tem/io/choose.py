"""Which of a file's signals becomes the movie, and what is told of each."""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.io import axes, calibration
from napari_insitu_tem.io.signal import AmbiguousSignal, ReadError, Signal, SignalInfo

__all__ = ["calibrate", "choose", "info_of"]

_HINT = "Set it under Calibrate, or measure in pixels"


def choose(
    signals: list[Signal], wanted: str | int | None, time_axis: int | None, name: str
) -> Signal:
    """Return the wanted signal, or the only one that can be a movie.

    Where several can, but only one of them has more than one frame, it is that one: the
    others are snapshots that were saved along.

    Raises
    ------
    AmbiguousSignal
        When that leaves several.
    ReadError
        When there is none, or not the wanted one.
    """
    infos = tuple(info_of(signal, time_axis) for signal in signals)
    if wanted is not None:
        return _named(signals, infos, wanted, time_axis, name)
    usable = [index for index, info in enumerate(infos) if info.is_movie]
    if len(usable) > 1:
        moving = [index for index in usable if infos[index].n_frames > 1]
        if len(moving) == 1:
            chosen, others = signals[moving[0]], len(usable) - 1
            also = "1 other image" if others == 1 else f"{others} other images"
            return chosen.replace(
                notes=(
                    *chosen.notes,
                    f"the file holds {also} besides this movie, which can be opened by name "
                    "(signal)",
                )
            )
    if len(usable) == 1:
        return signals[usable[0]]
    if usable:
        listed = "; ".join(str(infos[index]) for index in usable)
        raise AmbiguousSignal(
            f"'{name}' holds {len(usable)} images or movies; say which one (signal): {listed}.",
            infos,
        )
    problems = "; ".join(dict.fromkeys(info.problem for info in infos))
    if len(infos) == 1:
        raise ReadError(f"'{name}' cannot be opened as a movie: {problems}.")
    raise ReadError(f"'{name}' holds no movie among its {len(infos)} signals: {problems}.")


def _named(
    signals: list[Signal],
    infos: tuple[SignalInfo, ...],
    wanted: str | int,
    time_axis: int | None,
    name: str,
) -> Signal:
    if isinstance(wanted, int):
        matches = [wanted] if -len(infos) <= wanted < len(infos) else []
    else:
        matches = [index for index, info in enumerate(infos) if info.name == wanted]
        if not matches and wanted.isdigit() and int(wanted) < len(infos):
            matches = [int(wanted)]
    if not matches:
        listed = ", ".join(f"'{info.name}'" for info in infos)
        raise ReadError(f"'{name}' has no signal {wanted!r}; it has {listed}.")
    info = infos[matches[0]]
    if not info.is_movie:
        raise ReadError(f"'{info.name}' in '{name}' cannot be opened as a movie: {info.problem}.")
    return signals[matches[0]]


def info_of(signal: Signal, time_axis: int | None = None) -> SignalInfo:
    """Return what a user is told of a signal before it is opened."""
    shape, kind = signal.shape, str(np.dtype(signal.data.dtype))
    labels = tuple(axis.name for axis in signal.axes)
    try:
        arranged = axes.arrange(signal, time_axis)
    except ReadError as error:
        return SignalInfo(signal.name, shape, kind, labels, False, str(error))
    size, step, notes = calibrate(signal, arranged)
    return SignalInfo(
        signal.name,
        shape,
        kind,
        labels,
        n_frames=int(arranged.data.shape[0]),
        frame_shape=tuple(int(size) for size in arranged.data.shape[1:]),
        pixel_size=size,
        frame_time=step,
        dose=signal.dose,
        notes=notes,
    )


def calibrate(
    signal: Signal, arranged: axes.Arranged
) -> tuple[float | None, float | None, tuple[str, ...]]:
    """Return pixel size, time per frame and all that the user has to know."""
    notes = [*signal.notes, *arranged.notes]
    size, refused = calibration.pixel_size(arranged.y, arranged.x)
    if refused:
        notes.append(f"its pixel size was left out: {refused}. {_HINT}")
    step = signal.frame_time
    if step is None:
        step, refused = calibration.time_step(arranged.time)
        if refused:
            notes.append(f"its time per frame was left out: {refused}")
    return size, step, tuple(notes)
