"""Lattice points, and their picture as Gaussian spots."""

from __future__ import annotations

import numpy as np

__all__ = ["basis", "draw_spots", "lattice_points"]

_REACH = 5.0  # standard deviations; a spot is 4e-6 there
_BAND = 64


def basis(lattice: str, period: float, angle: float) -> np.ndarray:
    """Return the two lattice vectors as rows (y, x), in pixels.

    Parameters
    ----------
    lattice : {"square", "hexagonal"}
        How the spots are arranged.
    period : float
        Length of both vectors, px.
    angle : float
        Direction of the first, degrees counter-clockwise on the screen from the right.
    """
    between = {"square": 90.0, "hexagonal": 60.0}[lattice]
    turns = np.radians([angle, angle + between])
    return period * np.stack([-np.sin(turns), np.cos(turns)], axis=1)


def lattice_points(
    vectors: np.ndarray, origin: np.ndarray, shape: tuple[int, int], margin: float
) -> np.ndarray:
    """Return all points (n, 2) of a lattice in a frame and `margin` pixels around it.

    Parameters
    ----------
    vectors : (2, 2) array
        Lattice vectors as rows (y, x).
    origin : (2,) array
        One of the points.
    shape : (int, int)
        Of the frame.
    margin : float
        Pixels beyond its edges that count, too.
    """
    low, high = -margin, np.array(shape) - 1 + margin
    corners = np.array([(low, low), (low, high[1]), (high[0], low), (high[0], high[1])])
    steps = (corners - origin) @ np.linalg.inv(vectors)
    first, last = np.floor(steps.min(axis=0)), np.ceil(steps.max(axis=0))
    along = [np.arange(start, stop + 1) for start, stop in zip(first, last, strict=True)]
    grid = np.stack(np.meshgrid(*along, indexing="ij"), axis=-1).reshape(-1, 2)
    points = origin + grid @ vectors
    inside = np.all((points >= low) & (points <= high), axis=1)
    return points[inside]


def draw_spots(
    points: np.ndarray, heights: np.ndarray, width: float, shape: tuple[int, int]
) -> np.ndarray:
    """Return the sum of Gaussian spots, exact at the middle of every pixel.

    A spot is a column times a row, so that many of them are a product of two matrices; it is
    taken in bands of rows, each with the spots that reach it.

    Parameters
    ----------
    points : (n, 2) array
        Where the spots lie (y, x), px.
    heights : (n,) array
        Their heights.
    width : float
        Standard deviation, px.
    shape : (int, int)
        Of the picture.
    """
    picture = np.zeros(shape, np.float32)
    columns = np.arange(shape[1])
    reach = _REACH * width
    seen = (heights > 0) & np.all((points > -reach) & (points < np.array(shape) + reach), axis=1)
    points, heights = points[seen], heights[seen]
    for start in range(0, shape[0], _BAND):
        rows = np.arange(start, min(start + _BAND, shape[0]))
        near = (points[:, 0] > rows[0] - reach) & (points[:, 0] < rows[-1] + reach)
        y, x = points[near, 0], points[near, 1]
        down = np.exp(-((rows[:, np.newaxis] - y) ** 2) / (2 * width**2)) * heights[near]
        across = np.exp(-((columns - x[:, np.newaxis]) ** 2) / (2 * width**2))
        picture[rows] = down.astype(np.float32) @ across.astype(np.float32)
    return picture
