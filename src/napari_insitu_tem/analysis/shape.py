"""Shape: position, size and outline of every particle of a label image.

All particles of a frame are measured together: sums over pixels are taken with
``bincount``, the outline by counting its crossings with lines, hulls by `convex`. Nothing
loops over particles, and a particle of a single pixel has finite numbers everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_insitu_tem.analysis.convex import convex_areas
from napari_insitu_tem.analysis.orientation import angular_moments

__all__ = ["COLUMNS", "describe"]

#: Columns that `describe` gives when it has an image, besides the angular moments.
COLUMNS = (
    "label", "y", "x", "area", "equivalent_diameter", "perimeter", "circularity",
    "major_axis", "minor_axis", "aspect_ratio", "solidity", "touches_edge",
    "mean_intensity", "contrast",
)  # fmt: skip


def describe(
    labels: np.ndarray, image: np.ndarray | None = None, *, symmetries: Sequence[int] = ()
) -> dict[str, np.ndarray]:
    """Measure every particle of a label image.

    Parameters
    ----------
    labels : (y, x) integer array
        0 is background, every other value one particle.
    image : (y, x) array, optional
        Intensities of the same frame.
    symmetries : sequence of int
        Folds k for which the angular moment of the outline is wanted; see `orientation`.

    Returns
    -------
    dict of (n,) arrays
        ``label`` (ascending), centroid ``y`` and ``x`` (pixel centres are whole numbers),
        ``area``, ``equivalent_diameter``, ``perimeter``, ``circularity``, ``major_axis``,
        ``minor_axis``, ``aspect_ratio``, ``solidity``, ``touches_edge``; with an image also
        ``mean_intensity`` and ``contrast`` (against the background around the particle);
        for every fold k the complex ``moment_k``.

    Raises
    ------
    ValueError
        When labels and image differ in shape.

    Notes
    -----
    The perimeter is Crofton's: crossings of the outline with lines in four directions
    (Legland, Kiêu & Devaux, Image Anal. Stereol. 26, 83, 2007), which does not grow with the
    staircase of a tilted edge. Axes are those of the ellipse of equal second moments, a pixel
    counting as a square (1/12), so that a single pixel is round. Circularity 4πA/P² and
    solidity (area over convex area) are at most 1.
    """
    labels = np.asarray(labels)
    if image is not None and image.shape != labels.shape:
        raise ValueError(f"The image is {image.shape}, but its masks are {labels.shape}.")
    height, width = labels.shape
    padded = np.zeros((height + 2, width + 2), labels.dtype)
    padded[1:-1, 1:-1] = labels
    flat = padded.ravel()
    pixel = np.flatnonzero(flat)
    value = flat[pixel]
    names, member = _members(value)
    n, stride = len(names), width + 2
    row, column = np.divmod(pixel, stride)
    row -= 1
    column -= 1

    area = np.bincount(member, minlength=n).astype(float)
    size = np.maximum(area, 1)
    y = np.bincount(member, row, minlength=n) / size
    x = np.bincount(member, column, minlength=n) / size
    dy = row - y[member]
    dx = column - x[member]

    starts = flat[pixel - 1] != value
    ends = flat[pixel + 1] != value
    straight = starts.astype(float) + ends
    for step in (-stride, stride):
        straight += flat[pixel + step] != value
    diagonal = np.zeros(len(pixel))
    for step in (-stride - 1, -stride + 1, stride - 1, stride + 1):
        diagonal += flat[pixel + step] != value
    crossings = straight + diagonal / np.sqrt(2)
    perimeter = np.pi / 8 * np.bincount(member, crossings, minlength=n)

    major, minor = _axes(member, dy, dx, size, n)
    hull = convex_areas(member[starts], row[starts], column[starts], column[ends], n)
    at_edge = (row == 0) | (row == height - 1) | (column == 0) | (column == width - 1)
    table = {
        "label": names.astype(np.int64),
        "y": y,
        "x": x,
        "area": area,
        "equivalent_diameter": np.sqrt(4 / np.pi * area),
        "perimeter": perimeter,
        "circularity": np.minimum(4 * np.pi * area / np.maximum(perimeter, 1e-9) ** 2, 1.0),
        "major_axis": major,
        "minor_axis": minor,
        "aspect_ratio": major / minor,
        "solidity": np.minimum(area / np.maximum(hull, 1e-9), 1.0),
        "touches_edge": np.bincount(member[at_edge], minlength=n) > 0,
    }
    if image is not None:
        grey = np.asarray(image)[row, column].astype(float)
        table["mean_intensity"] = np.bincount(member, grey, minlength=n) / size
        around = _surroundings(labels, image, names)
        table["contrast"] = table["mean_intensity"] - around
    for k in symmetries:
        table[f"moment_{k}"] = angular_moments(member, dy, dx, n, k)
    return table


def _members(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Label values that occur, and for every pixel the index of its own."""
    if not len(value):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if value.min() < 0 or value.max() > 20 * len(value) + 1000:
        return np.unique(value, return_inverse=True)
    occurs = np.zeros(int(value.max()) + 1, bool)
    occurs[value] = True
    return np.flatnonzero(occurs), (np.cumsum(occurs) - 1)[value]


def _axes(
    member: np.ndarray, dy: np.ndarray, dx: np.ndarray, size: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Axes of the ellipses with the particles' second moments."""
    yy = np.bincount(member, dy * dy, minlength=n) / size + 1 / 12
    xx = np.bincount(member, dx * dx, minlength=n) / size + 1 / 12
    xy = np.bincount(member, dy * dx, minlength=n) / size
    mean, spread = (yy + xx) / 2, np.hypot((yy - xx) / 2, xy)
    return 4 * np.sqrt(mean + spread), 4 * np.sqrt(np.maximum(mean - spread, 1 / 12))


def _surroundings(labels: np.ndarray, image: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Mean intensity of the background 2 to 4 pixels around every particle.

    A particle that only has neighbours there gets the mean of all background.
    """
    n = len(names)
    near, wide = _spread(labels, 1), _spread(labels, 4)
    ring = np.flatnonzero(((near == 0) & (wide != 0)).ravel())
    owner = np.searchsorted(names, wide.ravel()[ring])
    grey = np.asarray(image).ravel()
    count = np.bincount(owner, minlength=n)
    total = np.bincount(owner, grey[ring].astype(float), minlength=n)
    background = grey[(labels == 0).ravel()] if (count == 0).any() else grey[:0]
    everywhere = float(background.mean()) if background.size else float(grey.mean())
    return np.where(count > 0, total / np.maximum(count, 1), everywhere)


def _spread(labels: np.ndarray, radius: int) -> np.ndarray:
    """Largest label within a square of this radius; windows of doubled length, one on another."""
    for axis in (0, 1):
        length, window = (
            1,
            np.pad(labels, [(radius, radius) if a == axis else (0, 0) for a in (0, 1)]),
        )
        while length < 2 * radius + 1:
            step = min(length, 2 * radius + 1 - length)
            ahead = [slice(step, None) if a == axis else slice(None) for a in (0, 1)]
            behind = [slice(None, -step) if a == axis else slice(None) for a in (0, 1)]
            window = np.maximum(window[tuple(ahead)], window[tuple(behind)])
            length += step
        labels = window
    return labels
