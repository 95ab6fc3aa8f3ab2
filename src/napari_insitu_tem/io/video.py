"""Videos: an mp4 of a movie with outlines, tracks, scale bar and clock."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.atomic import replacing, write_provenance
from napari_insitu_tem.io.painting import Painter, VideoSettings
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.results import Segmentation, Tracking

__all__ = ["VideoSettings", "render_frame", "write_video"]

#: In order of preference; the last is in every build of FFmpeg.
_CODECS = ("libx264", "libopenh264", "mpeg4")


def write_video(
    movie: Movie,
    path: str | Path,
    *,
    segmentation: Segmentation | None = None,
    tracking: Tracking | None = None,
    options: VideoSettings | None = None,
    job: Job | None = None,
) -> Path:
    """Write an mp4 (H.264, yuv420p), frame by frame.

    Parameters
    ----------
    movie : Movie
        Of any length; a few frames are in memory at a time.
    path : path
        Ends in ``.mp4``. An existing file is replaced by the finished one only.
    segmentation, tracking : optional
        Whose outlines and tails to draw; the masks of `tracking` unless `segmentation` is
        given.
    options : VideoSettings, optional
        What to show.
    job : Job, optional
        Progress and cancel.

    Returns
    -------
    pathlib.Path
        Where it was written; its provenance lies beside it.

    Raises
    ------
    ValueError
        When the name does not end in ``.mp4``.
    MovieError
        When masks and movie do not belong together.
    """
    import av

    path, options, job = Path(path), options or VideoSettings(), job or Job()
    if path.suffix.lower() != ".mp4":
        raise ValueError(f"A video is written as .mp4; '{path.name}' ends otherwise.")
    painter = Painter(movie, segmentation, tracking, options)
    codec = _codec(job)
    with replacing(path) as temporary:
        container = av.open(str(temporary), "w", options={"movflags": "+faststart"})
        with container:
            container.metadata["title"] = movie.name
            stream: Any = container.add_stream(
                codec, rate=Fraction(painter.rate).limit_denominator(1000)
            )
            stream.width, stream.height = painter.size
            stream.pix_fmt = "yuv420p"
            # A noisy movie takes four times as long with x264's own preset, and is no smaller.
            stream.options = {"preset": "veryfast"} if codec == "libx264" else {"qscale": "3"}
            for picture in job.map(
                painter.paint, painter.frames(), f"Writing {path.name}", movie.n_frames
            ):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    history = (tracking or segmentation or movie).history()
    write_provenance(history, path)
    return path


def render_frame(
    movie: Movie,
    index: int,
    *,
    segmentation: Segmentation | None = None,
    tracking: Tracking | None = None,
    options: VideoSettings | None = None,
) -> np.ndarray:
    """Return one frame as it will look in the video: (y, x, 3) uint8."""
    painter = Painter(movie, segmentation, tracking, options or VideoSettings())
    labels = painter.masks.frame(index) if painter.masks is not None else None
    return painter.paint((index, movie.frame(index), labels))


def _codec(job: Job) -> str:
    import av.codec

    for name in _CODECS:
        try:
            av.codec.Codec(name, "w")
        except ValueError:
            continue
        if name != _CODECS[0]:
            job.log(
                f"This installation of FFmpeg has no x264 encoder; the video is written with "
                f"{name}, which some players and journals may not take."
            )
        return name
    raise MovieError(
        "This installation of FFmpeg (the package 'av') has no encoder for mp4. Reinstall it with "
        "pip install --force-reinstall av."
    )
