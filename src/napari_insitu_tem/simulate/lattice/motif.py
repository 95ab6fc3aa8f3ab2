"""A lattice drawn from the picture of one of its cells."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

__all__ = ["draw_motifs", "shown_harmonics", "window"]

_AT_ONCE = 64  # points; more need more memory and are no faster


def window(distance: np.ndarray) -> np.ndarray:
    """Return cos²(π·x/2) within one period of a point and 0 beyond.

    At any place, those of all lattice points add up to one.

    Parameters
    ----------
    distance : array
        x, in periods.
    """
    return np.where(np.abs(distance) < 1, np.cos(np.pi / 2 * distance) ** 2, 0.0)


def shown_harmonics(picture: np.ndarray, period: float) -> np.ndarray:
    """Return a periodic picture without what pixels are too coarse for.

    Frequencies above half a wave per pixel would come back as others.

    Parameters
    ----------
    picture : (n, n) array
        One period along both axes.
    period : float
        px.
    """
    orders = np.fft.fftfreq(len(picture), 1 / len(picture))
    spectrum = np.fft.fft2(picture)
    spectrum[np.hypot(orders[:, np.newaxis], orders) >= period / 2] = 0
    return np.fft.ifft2(spectrum).real


def draw_motifs(
    points: np.ndarray,
    heights: np.ndarray,
    picture: np.ndarray,
    shape: tuple[int, int],
    *,
    period: float,
    angle: float,
) -> np.ndarray:
    """Return the sum of a cell's picture times a window, laid on every point of a lattice.

    The windows of a square lattice add up to one, so that the whole lattice is the picture
    repeated; where points are missing or faint it fades within a period.

    Parameters
    ----------
    points : (n, 2) array
        Lattice points (y, x), px.
    heights : (n,) array
        By how much each counts.
    picture : (m, m) array
        One period along both axes, as seen at an angle of 0, with the lattice point on its first
        element.
    shape : (int, int)
        Of the result.
    period : float
        Distance of neighbouring points, px.
    angle : float
        Direction of a row of points, degrees counter-clockwise on the screen from the right.
    """
    count = len(picture)
    spline = ndimage.spline_filter(picture, order=3, mode="grid-wrap")
    reach = int(np.ceil(np.sqrt(2) * period))
    seen = (heights != 0) & np.all((points > -reach) & (points < np.array(shape) + reach), axis=1)
    points, heights = points[seen], heights[seen]
    steps = np.arange(-reach, reach + 1)
    cos, sin = np.cos(np.radians(angle)) / period, np.sin(np.radians(angle)) / period
    # A border on all sides, so that no motif hangs over.
    border = 2 * reach + 1
    wide = (shape[0] + 2 * border, shape[1] + 2 * border)
    total = np.zeros(wide[0] * wide[1])
    for start in range(0, len(points), _AT_ONCE):
        some = points[start : start + _AT_ONCE]
        nearest = np.rint(some).astype(int)
        rows, columns = (nearest[:, axis, np.newaxis] + steps for axis in (0, 1))
        down = (rows - some[:, :1])[:, :, np.newaxis]
        right = (columns - some[:, 1:])[:, np.newaxis, :]
        across, along = down * cos + right * sin, right * cos - down * sin
        of, row, column = np.nonzero((np.abs(across) < 1) & (np.abs(along) < 1))
        across, along = across[of, row, column], along[of, row, column]
        values = ndimage.map_coordinates(
            spline, [across * count, along * count], order=3, mode="grid-wrap", prefilter=False
        )
        values *= window(across) * window(along) * heights[start + of]
        places = (rows[of, row] + border) * wide[1] + columns[of, column] + border
        total += np.bincount(places, values, minlength=len(total))
    inner = total.reshape(wide)[border : border + shape[0], border : border + shape[1]]
    return inner.astype(np.float32)
