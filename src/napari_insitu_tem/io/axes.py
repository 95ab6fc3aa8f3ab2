"""Which axis is time: from a signal of any shape to frames in (t, y, x) order.

Labels and units decide where the file has them. Where it has none, the first axis is taken
as frames, as everybody stacks them, and the user is told so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_insitu_tem.io import calibration
from napari_insitu_tem.io.lazy import pick, transpose
from napari_insitu_tem.io.signal import Axis, ReadError, Signal

__all__ = ["Arranged", "arrange", "split"]

_NAMES = {
    "t": {"t", "time", "times", "frame", "frames", "time series", "frame number", "timepoint"},
    "y": {"y", "height", "row", "rows", "r_y", "ry", "y position"},
    "x": {"x", "width", "col", "column", "columns", "r_x", "rx", "x position"},
    "z": {"z", "depth", "slice", "slices", "plane", "planes", "z-stack"},
    "c": {"c", "ch", "channel", "channels"},
    "energy": {"energy", "energy loss", "loss", "energy-loss", "eels", "spectrum", "wavelength"},
    "k": {"kx", "ky", "qx", "qy", "q_x", "q_y", "k_x", "k_y"},
}
_MOST_PARTS = 64
_MOST_CHANNELS = 4


@dataclass(frozen=True)
class Arranged:
    """Frames in (t, y, x) order, and the axes they came from."""

    data: Any
    time: Axis
    y: Axis
    x: Axis
    notes: tuple[str, ...] = ()


def role(axis: Axis) -> str:
    """Return what an axis is (``t y x z c energy k``), or nothing when the file does not say."""
    if calibration.is_time(axis.unit):
        return "t"
    if calibration.is_energy(axis.unit):
        return "energy"
    name = axis.name.strip().lower()
    for what, names in _NAMES.items():
        if name in names:
            return what
    return "k" if calibration.is_reciprocal(axis.unit) else ""


def split(signal: Signal) -> list[Signal]:
    """Return one signal for every channel (and plane, where time is another axis).

    Axes of length one beyond (t, y, x) are dropped.
    """
    signal = _without_single(signal)
    roles = [role(axis) for axis in signal.axes]
    extra = [index for index, what in enumerate(roles) if what == "c"]
    if len(roles) == 3 and extra and signal.shape[extra[0]] > _MOST_CHANNELS:
        return [signal]  # no microscope has that many: a stack whose axis was called channel
    if len(roles) - len(extra) > 3 and "t" in roles:
        extra += [index for index, what in enumerate(roles) if what == "z"]
    if not extra or len(roles) - len(extra) < 2:
        return [signal]
    index = extra[0]
    count = signal.shape[index]
    if count > _MOST_PARTS:
        return [signal]
    word = {"c": "channel", "z": "plane"}[roles[index]]
    parts: list[Signal] = []
    for number in range(count):
        part = signal.replace(
            name=f"{signal.name}, {word} {number + 1}" if signal.name else f"{word} {number + 1}",
            data=pick(signal.data, index, number),
            axes=signal.axes[:index] + signal.axes[index + 1 :],
        )
        parts.extend(split(part))
    return parts


def _without_single(signal: Signal) -> Signal:
    while len(signal.axes) > 2:
        shape, roles = signal.shape, [role(axis) for axis in signal.axes]
        single = [
            index
            for index, size in enumerate(shape)
            if size == 1 and (roles[index] not in ("t", "x", "y") or len(shape) > 3)
        ]
        # A single frame is a movie of one frame: keep (1, y, x), drop (y, x, 1).
        if len(shape) == 3 and 0 in single:
            single.remove(0)
        if not single:
            return signal
        index = single[-1] if roles[single[-1]] not in ("t", "x", "y") else single[0]
        signal = signal.replace(
            data=pick(signal.data, index, 0),
            axes=signal.axes[:index] + signal.axes[index + 1 :],
        )
    return signal


def arrange(signal: Signal, time_axis: int | None = None) -> Arranged:
    """Bring a signal into (t, y, x) order.

    Parameters
    ----------
    signal : Signal
        With two or three dimensions; see `split`.
    time_axis : int, optional
        Which axis is time, when the user knows better than the file.

    Raises
    ------
    ReadError
        With the reason why this cannot be a movie.
    """
    _refuse_others(signal, time_axis)
    axes, shape = list(signal.axes), signal.shape
    if len(shape) == 2:
        return Arranged(pick(signal.data, None, 0), Axis("t"), axes[0], axes[1])
    notes: tuple[str, ...] = ()
    if time_axis is not None:
        if not -3 <= time_axis < 3:
            raise ReadError(f"there is no axis {time_axis}; its axes are numbered 0, 1, 2")
        index = time_axis % 3
    else:
        index, notes = _time_axis(signal)
    order = [index, *(other for other in range(3) if other != index)]
    if role(axes[order[1]]) == "x" and role(axes[order[2]]) == "y":
        order[1:] = order[:0:-1]
    data = signal.data if order == [0, 1, 2] else transpose(signal.data, order)
    time, y, x = (axes[position] for position in order)
    return Arranged(data, time, y, x, notes)


def _refuse_others(signal: Signal, time_axis: int | None) -> None:
    shape, roles = signal.shape, [role(axis) for axis in signal.axes]
    kind = np.dtype(signal.data.dtype)
    words = " × ".join(str(size) for size in shape)
    if signal.problem:
        raise ReadError(signal.problem)
    if kind.kind == "c":
        raise ReadError(
            "it holds complex numbers (a Fourier transform or an exit wave), and a movie holds "
            "intensities; save its modulus first"
        )
    if kind.kind not in "buif":
        raise ReadError("it does not hold numbers")
    if 0 in shape:
        raise ReadError(f"it holds no pixels ({words})")
    if len(shape) < 2:
        raise ReadError("it is a spectrum or a profile, not images")
    if time_axis is None and "energy" in roles:
        what = "a spectrum image" if len(shape) > 2 else "spectra"
        raise ReadError(f"it is {what} ({words}, one axis is energy), not a movie")
    if len(shape) == 2 and "t" in roles:
        raise ReadError(f"one of its two axes is time ({words}): line profiles, not images")
    if len(shape) > 3:
        reciprocal = sum(calibration.is_reciprocal(axis.unit) for axis in signal.axes)
        if reciprocal > 1 or roles.count("y") > 1 or not any(roles):
            raise ReadError(
                f"it has {len(shape)} axes ({words}), like a 4D-STEM scan; a movie has three: "
                "time, height, width"
            )
        raise ReadError(f"it has {len(shape)} axes ({words}); a movie has three")
    if roles.count("t") > 1 and time_axis is None:
        raise ReadError("two of its axes are labelled as time; say which one is (time_axis)")


def _time_axis(signal: Signal) -> tuple[int, tuple[str, ...]]:
    """Return which of three axes is time and what had to be assumed."""
    shape, roles = signal.shape, [role(axis) for axis in signal.axes]
    how = "if that is wrong, choose which axis is time under Calibrate"
    if "t" in roles:
        index = roles.index("t")
        name = signal.axes[index].name.strip()
        if name and name.lower() not in _NAMES["t"]:
            return index, (f"its axis '{name}', in {signal.axes[index].unit}, was taken as time",)
        return index, ()
    lateral = {what: roles.index(what) for what in ("y", "x") if what in roles}
    if len(lateral) == 2:
        index = 3 - sum(lateral.values())
    elif not any(roles) and shape[0] == shape[1] != shape[2]:
        return 2, (
            f"its axes are not labelled; since the first two are equally long, the last was taken "
            f"as time ({shape[2]} frames); {how}",
        )
    else:
        index = 0
    if shape[index] == 1:
        return index, ()
    axis = signal.axes[index]
    ordinal = ("first", "second", "last")[index]
    label = axis.name.strip()
    if label:
        step = f" ({axis.scale:.4g} {axis.unit} apart)" if axis.scale and axis.unit else ""
        said = f"its {ordinal} axis is labelled '{label}'{step}, not time"
    elif axis.unit:
        said = f"its {ordinal} axis is in {axis.unit}, not in a unit of time"
    else:
        said = f"its {ordinal} axis is not labelled"
    return index, (f"{said}; its {shape[index]} images were taken as frames; {how}",)
