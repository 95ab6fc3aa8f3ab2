"""What is in a file, in plain text: for ``insitu-tem info`` and for whoever wonders."""

from __future__ import annotations

from pathlib import Path

from napari_insitu_tem.io.read import signals_of
from napari_insitu_tem.io.signal import SignalInfo

__all__ = ["describe"]


def describe(path: str | Path) -> str:
    """Return what a file holds: signals, shape, type, calibration, clock time, warnings.

    Parameters
    ----------
    path : path
        As for `read_movie`.

    Raises
    ------
    ReadError
        When the file cannot be read at all.
    """
    lines = [str(path)]
    found = signals_of(path)
    for number, (info, start) in enumerate(found):
        title = f"signal {number}: {info.name}" if len(found) > 1 else info.name
        lines += ["", title, *(f"  {line}" for line in _lines(info, start))]
    return "\n".join(lines)


def _lines(info: SignalInfo, start: str | None) -> list[str]:
    stored = " × ".join(str(size) for size in info.shape)
    labels = ", ".join(label or "?" for label in info.axes)
    lines = [f"stored as    {stored} {info.dtype} (axes: {labels})"]
    if not info.is_movie:
        return [*lines, f"not a movie  {info.problem}"]
    size = "not known" if info.pixel_size is None else f"{info.pixel_size:.6g} nm"
    step = "not known" if info.frame_time is None else f"{info.frame_time:.6g} s"
    dose = "not known" if info.dose is None else f"{info.dose:.4g} e/Å² per frame"
    frames = "still image" if info.n_frames == 1 else f"{info.n_frames} frames"
    if info.n_frames > 1 and info.frame_time is not None:
        frames += f" ({info.n_frames * info.frame_time:.6g} s)"
    lines += [
        f"content      {frames}",
        f"pixel size   {size}",
        f"frame time   {step}",
        f"dose         {dose}",
        f"started at   {start or 'not known'}",
    ]
    return [*lines, *(f"note         {note}" for note in info.notes)]
