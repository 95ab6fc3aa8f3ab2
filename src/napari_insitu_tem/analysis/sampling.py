"""A few frames of a movie to look at, and the part of a frame that is picture."""

from __future__ import annotations

import numpy as np

from napari_insitu_tem.analysis.scale_bar import find_banner
from napari_insitu_tem.movie import Movie, MovieError

__all__ = ["picture_of", "sample_frames"]

_SAMPLES = 5
_SMALLEST = 16
_WINDOW = 1536
_WINDOW_CORNERS = ((0.5, 0.5), (0, 0), (1, 1), (0, 1), (1, 0))


def sample_frames(movie: Movie, picture: tuple[slice, slice]) -> list[np.ndarray]:
    """Return frames spread evenly over the movie; of very large ones, another window of each."""
    count = min(_SAMPLES, movie.n_frames)
    indices = np.linspace(0, movie.n_frames - 1, count)
    frames = []
    for index, (part_y, part_x) in zip(indices, _WINDOW_CORNERS, strict=False):
        frame = movie.frame(int(index))[picture]
        height, width = (max(size - _WINDOW, 0) for size in frame.shape)
        y, x = int(part_y * height), int(part_x * width)
        frames.append(frame[y : y + _WINDOW, x : x + _WINDOW])
    return frames


def picture_of(movie: Movie) -> tuple[slice, slice]:
    """Return the part of all frames without a burned-in banner or a plain border.

    Raises
    ------
    MovieError
        When the frames are smaller than 16 pixels.
    """
    if min(movie.frame_shape) < _SMALLEST:
        height, width = movie.frame_shape
        raise MovieError(
            f"Frames of {width} x {height} pixels are too small to find particles in: "
            f"{_SMALLEST} x {_SMALLEST} are needed."
        )
    banners = [find_banner(movie.frame(index)) for index in {0, movie.n_frames - 1}]
    top, bottom, left, right = (
        min(getattr(banner, side) for banner in banners)
        for side in ("top", "bottom", "left", "right")
    )
    height, width = movie.frame_shape
    rows, columns = slice(top, height - bottom), slice(left, width - right)
    if min(part.stop - part.start for part in (rows, columns)) < _SMALLEST:
        return slice(0, height), slice(0, width)
    return rows, columns
