"""Videos (mp4, avi, mov): any frame on demand, by seeking to the key frame before it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.lazy import FrameReader, grey, has_colours
from napari_insitu_tem.io.metadata import plain
from napari_insitu_tem.io.signal import Axis, ReadError, Signal

__all__ = ["signals"]

# Below this size the whole file is scanned (not decoded) for the exact time of every frame.
_SCAN_BYTES = 256e6
_KEPT_BYTES = 64e6
# A few frames ahead is quicker decoded than sought.
_NEAR = 24


def signals(path: Path) -> list[Signal]:
    """Return the video stream as grey frames, with the time that its player would take."""
    import av

    try:
        with av.open(str(path)) as container:
            streams = container.streams.video
            if not streams:
                raise ReadError("it holds no video")
            stream = streams[0]
            width, height = stream.codec_context.width, stream.codec_context.height
            rate = float(stream.average_rate or stream.guessed_rate or 0)
            times = _frame_times(container, stream, path.stat().st_size, rate)
            form = _grey_format(stream.codec_context.pix_fmt)
            original = {
                **plain(dict(container.metadata)),
                **plain(dict(stream.metadata)),
                "codec": stream.codec_context.name,
                "frames_per_second": rate,
            }
        frames = _Frames(path, times, form)
        first = frames.colours(0)
    except av.error.FFmpegError:
        raise ReadError("it is damaged, cut off or not a video that can be decoded") from None
    notes = ["its colours were turned into grey by their brightness"] if has_colours(first) else []
    step = _step(times, rate, frames.time_base)
    if step is not None:
        notes.append(
            f"{step:.4g} s per frame is the speed at which the video plays; if the recording was "
            "sped up or slowed down, set the true time per frame under Calibrate"
        )
    dtype = np.uint16 if form == "gray16le" else np.uint8
    return [
        Signal(
            path.stem,
            FrameReader((len(times), height, width), dtype, frames.read),
            (Axis("t"), Axis("y"), Axis("x")),
            frame_time=step,
            original=original,
            notes=tuple(notes),
        )
    ]


def _frame_times(container: Any, stream: Any, size: int, rate: float) -> np.ndarray:
    """Return the presentation time of every frame, in units of the stream's time base."""
    if size > _SCAN_BYTES and stream.frames and rate:
        ticks = 1 / (rate * float(stream.time_base))
        return np.round((stream.start_time or 0) + np.arange(stream.frames) * ticks).astype(int)
    times = [packet.pts for packet in container.demux(stream) if packet.pts is not None]
    if not times:  # old avi files have no presentation times, only the order
        container.seek(0)
        times = [packet.dts for packet in container.demux(stream) if packet.dts is not None]
    if not times:
        raise ReadError("it holds no frames, or it is cut off")
    return np.unique(times)


def _step(times: np.ndarray, rate: float, time_base: float) -> float | None:
    if len(times) > 1:
        return float((times[-1] - times[0]) / (len(times) - 1) * time_base)
    return 1 / rate if rate > 0 else None


def _grey_format(pixel_format: str | None) -> str:
    """Return what to decode to: 16 bits where the video has more than 8."""
    pixel_format = pixel_format or ""
    deep = any(mark in pixel_format for mark in ("10", "12", "14", "16"))
    if "rgb" in pixel_format or "gbr" in pixel_format or "bgr" in pixel_format:
        return "rgb24"
    if pixel_format.startswith("pal"):
        return "rgb24"
    return "gray16le" if deep and pixel_format.startswith("gray") else "gray"


class _Frames:
    """Decodes frames by number; keeps the last ones, since neighbours are asked for next."""

    def __init__(self, path: Path, times: np.ndarray, form: str) -> None:
        import av

        self._lock = threading.Lock()
        self._times, self._form = times, form
        self._container = av.open(str(path))
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self.time_base = float(self._stream.time_base or 0)
        self._decoder: Any = None
        self._next = -1
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()

    def read(self, index: int) -> np.ndarray:
        """Return a frame as grey."""
        with self._lock:
            if index not in self._kept:
                self._decode(index)
            return self._kept[index]

    def colours(self, index: int) -> np.ndarray:
        """Return a frame as red, green, blue."""
        import av

        with self._lock, av.open(self._container.name) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number == index:
                    return frame.to_ndarray(format="rgb24")
        raise ReadError("it holds no frames, or it is cut off")

    def _decode(self, index: int) -> None:
        from av.error import FFmpegError

        # After a seek the decoder may start behind the target (open groups of pictures):
        # then seek further back, at last to the start.
        for back in (0, 60, index):
            if back or self._decoder is None or not 0 <= index - self._next <= _NEAR:
                target = int(self._times[max(0, index - back)])
                self._container.seek(target, stream=self._stream, backward=True)
                self._decoder = self._container.decode(self._stream)
                self._next = -1
            try:
                if self._run_to(index):
                    return
            except FFmpegError:
                self._decoder = None
        raise ReadError(f"frame {index} of the video cannot be decoded: it is cut off or damaged")

    def _run_to(self, index: int) -> bool:
        for frame in self._decoder:
            stamp = frame.pts if frame.pts is not None else frame.dts
            number = int(np.searchsorted(self._times, stamp)) if stamp is not None else self._next
            number = self._nearest(number, stamp)
            if self._next < 0 and number > index:
                return False
            self._next = number + 1
            self._keep(number, frame)
            if number >= index:
                return index in self._kept
        self._decoder = None
        return False

    def _nearest(self, number: int, stamp: int | None) -> int:
        """Allow for times that were computed from the rate and are off by a tick."""
        number = min(number, len(self._times) - 1)
        if stamp is not None and number > 0:
            before, after = self._times[number - 1], self._times[number]
            if abs(int(before) - stamp) < abs(int(after) - stamp):
                return number - 1
        return number

    def _keep(self, number: int, frame: Any) -> None:
        pixels = frame.to_ndarray(format=self._form)
        self._kept[number] = grey(pixels) if pixels.ndim == 3 else pixels
        self._kept.move_to_end(number)
        room = max(2 * _NEAR, int(_KEPT_BYTES // max(1, pixels.nbytes)))
        while len(self._kept) > room:
            self._kept.popitem(last=False)
