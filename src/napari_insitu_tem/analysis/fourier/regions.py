"""Regions as text: corners of rectangles and polygons, and the masks they stand for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_insitu_tem.analysis.fourier.window import FourierError

__all__ = ["region_mask", "regions_from_text", "regions_to_text"]


def regions_from_text(text: str) -> tuple[np.ndarray, ...]:
    """Read regions: points ``y,x`` in pixels, with spaces between, and ``;`` between regions.

    Two points are opposite corners of a rectangle, more are the corners of a polygon.

    Returns
    -------
    tuple of (n, 2) arrays
        The corners of every region (four of a rectangle).

    Raises
    ------
    FourierError
        When it cannot be read, with what is wrong.
    """
    regions = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        try:
            points = np.array(
                [[float(each) for each in point.split(",")] for point in part.split()]
            )
        except ValueError:
            points = np.zeros(0)
        if points.ndim != 2 or points.shape[1:] != (2,) or len(points) < 2:
            raise FourierError(
                f"'{part}' is no region. Write points as y,x in pixels with spaces between: two "
                "corners of a rectangle, or three and more of a polygon; and ; between regions."
            )
        if len(points) == 2:
            (top, left), (bottom, right) = points.min(axis=0), points.max(axis=0)
            points = np.array([(top, left), (top, right), (bottom, right), (bottom, left)])
        regions.append(points)
    return tuple(regions)


def regions_to_text(regions: Sequence[np.ndarray]) -> str:
    """Write regions as text; inverse of `regions_from_text`, to a tenth of a pixel."""
    return "; ".join(
        " ".join(f"{y:.1f},{x:.1f}" for y, x in np.asarray(region)) for region in regions
    )


def region_mask(corners: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the pixels (y, x) of a frame whose middle lies in a polygon.

    Raises
    ------
    FourierError
        When none does.
    """
    from skimage.draw import polygon2mask

    mask = np.asarray(polygon2mask(shape, np.asarray(corners, float)), bool)
    if not mask.any():
        raise FourierError(
            f"A region lies outside of the frame of {shape[1]} × {shape[0]} px. Draw it again."
        )
    return mask
