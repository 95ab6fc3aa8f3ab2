"""Split particles along a drawn line."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import ndimage

from napari_insitu_tem.analysis.correction import CorrectionError, Edit, crop_to

__all__ = ["line_pixels", "split"]

#: A piece smaller than this share of its particle is the ragged edge of a cut, not a part.
_SMALLEST_PIECE = 0.01
_SMALLEST_PIECE_PIXELS = 4


def split(
    labels: np.ndarray,
    line: np.ndarray,
    *,
    chosen: Iterable[int] | None = None,
    first_new_label: int | None = None,
) -> Edit:
    """Cut the particles that a line crosses from edge to edge.

    The largest piece of a particle keeps its label, the others get new ones. Every pixel
    stays with one of the pieces. The line is drawn four-connected, which no eight-connected
    path of pixels can cross, so that diagonal cuts are watertight as well.

    Parameters
    ----------
    labels : (y, x) integer array
        The label image.
    line : (n, 2) array
        Corners (y, x) of the drawn line, in pixels.
    chosen : iterable of int, optional
        Cut these particles only; any that is crossed otherwise.
    first_new_label : int, optional
        Label of the first new piece; one above the image's largest otherwise.

    Raises
    ------
    CorrectionError
        If no particle is cut.
    """
    path = line_pixels(line, labels.shape)
    under = labels[path[:, 0], path[:, 1]]
    crossed = [int(label) for label in dict.fromkeys(under.tolist()) if label]
    if chosen is not None:
        wanted = set(chosen)
        crossed = [label for label in crossed if label in wanted]
    if not crossed:
        raise CorrectionError("The line does not touch a particle; draw it across one.")
    box, crop = crop_to(labels, crossed)
    origin = (box[0].start, box[1].start)
    cut = np.zeros(crop.shape, bool)
    local = path - origin
    local = local[np.all((local >= 0) & (local < crop.shape), axis=1)]
    cut[local[:, 0], local[:, 1]] = True
    values = crop.copy()
    next_label = int(labels.max()) + 1 if first_new_label is None else first_new_label
    for label in crossed:
        for piece in _pieces(crop == label, cut):
            values[piece] = next_label
            next_label += 1
    if np.array_equal(values, crop):
        raise CorrectionError(
            "Nothing was cut: the line must cross a particle from one edge to the other."
        )
    return Edit(box, values)


def _pieces(particle: np.ndarray, cut: np.ndarray) -> list[np.ndarray]:
    """Return the masks of all pieces but the largest; none where the line cuts nothing."""
    found = []
    bodies, count = ndimage.label(particle, np.ones((3, 3), bool))
    for body in (bodies == number for number in range(1, count + 1)):
        if not (body & cut).any():
            continue
        parts, number = ndimage.label(body & ~cut, np.ones((3, 3), bool))
        sizes = np.bincount(parts.ravel(), minlength=number + 1)
        smallest = max(_SMALLEST_PIECE_PIXELS, _SMALLEST_PIECE * body.sum())
        smallest = min(smallest, body.sum() / 4)  # so that tiny particles can be cut at all
        large = [part for part in range(1, number + 1) if sizes[part] >= smallest]
        if len(large) < 2:
            continue
        large.sort(key=lambda part: -sizes[part])
        whole = np.where(np.isin(parts, large), parts, 0)
        rest = body & (whole == 0)
        # Pixels under the line, and crumbs, go to the piece that they hang on, the larger
        # first: so the cut is as straight as the line.
        while rest.any():
            for part in large:
                taken = ndimage.binary_dilation(whole == part, np.ones((3, 3), bool)) & rest
                whole[taken] = part
                rest &= ~taken
        found += [whole == part for part in large[1:]]
    return found


def line_pixels(line: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the (n, 2) pixels under a line with corners (y, x), as a four-connected path.

    Parts outside of an image of this shape are left out.
    """
    line = np.atleast_2d(np.asarray(line, float))
    points = [line[:1]]
    for start, stop in zip(line[:-1], line[1:], strict=True):
        steps = max(2, int(np.ceil(2 * np.abs(stop - start).max())) + 1)
        points.append(start + np.linspace(0, 1, steps)[1:, None] * (stop - start))
    pixels = np.round(np.concatenate(points)).astype(int)
    moved = np.any(np.diff(pixels, axis=0), axis=1)
    pixels = pixels[np.concatenate([[True], moved])]
    diagonal = np.all(np.diff(pixels, axis=0), axis=1)
    corners = np.stack([pixels[:-1, 0], pixels[1:, 1]], axis=1)[diagonal]
    path = np.insert(pixels, np.flatnonzero(diagonal) + 1, corners, axis=0)
    return path[np.all((path >= 0) & (path < shape), axis=1)]
