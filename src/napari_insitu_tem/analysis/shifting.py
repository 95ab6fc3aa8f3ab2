"""Moving a frame by a fraction of a pixel, and what of it is still covered afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

__all__ = ["common_area", "move_frame", "moved_frames"]

#: Cubic splines reach this far, in pixels, to a part in a million.
_MARGIN = 12
#: Pixels that are interpolated together along an axis.
_BLOCK = 64


def move_frame(
    frame: np.ndarray,
    shift: np.ndarray,
    *,
    angle: float = 0.0,
    centre: np.ndarray | None = None,
    shape: tuple[int, int] | None = None,
) -> np.ndarray:
    """Return what lies at ``position + shift`` of a frame, by cubic splines, as float32.

    Parameters
    ----------
    frame : (y, x) array
        NaN and infinities are replaced by the median.
    shift : (2,) array
        Displacement (y, x) of the scene to be undone.
    angle : float
        Counter-clockwise rotation (as seen with y downwards) to be undone, in degrees.
    centre : (2,) array, optional
        Of the rotation, in the frame returned; its middle otherwise.
    shape : (int, int), optional
        Of the frame returned; that of the input otherwise.

    Returns
    -------
    (y, x) float32 array
        Outside of the input, the median of the frame. Splines overshoot at sharp edges by a
        few per cent; values are held within those of the input.
    """
    image = np.asarray(frame, np.float32)
    finite = np.isfinite(image)
    sample = image[::4, ::4][finite[::4, ::4]]
    middle = float(np.median(sample)) if sample.size else 0.0
    if not finite.all():
        image = np.where(finite, image, np.float32(middle))
    shape = shape or (image.shape[0], image.shape[1])
    if angle == 0.0:
        moved = _translated(image, np.asarray(shift, float), shape, middle)
    else:
        cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        matrix = np.array([[cosine, -sine], [sine, cosine]])
        middle_of = (np.array(shape) - 1) / 2 if centre is None else np.asarray(centre, float)
        offset = middle_of + shift - matrix @ middle_of
        moved = ndimage.affine_transform(
            image, matrix, offset, shape, order=3, mode="constant", cval=middle
        )
    return np.clip(moved, image.min(), image.max()).astype(np.float32, copy=False)


def _translated(
    image: np.ndarray, shift: np.ndarray, shape: tuple[int, int], middle: float
) -> np.ndarray:
    whole = np.floor(shift).astype(int)
    rest = shift - whole
    image, whole = _cut(image, whole, shape)
    if np.any(rest > 1e-4):
        image = _interpolated(image, rest)
    moved = np.full(shape, np.float32(middle))
    from_, to = [], []
    for axis in (0, 1):
        length = image.shape[axis] - (1 if rest[axis] > 1e-4 else 0)
        start = max(0, -int(whole[axis]))
        stop = min(shape[axis], length - int(whole[axis]))
        if stop <= start:
            return moved
        to.append(slice(start, stop))
        from_.append(slice(start + int(whole[axis]), stop + int(whole[axis])))
    moved[tuple(to)] = image[tuple(from_)]
    return moved


def _interpolated(image: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Return what lies `rest` of a pixel further along y and x, by cubic splines.

    The same as ``scipy.ndimage.shift(image, -rest, order=3, mode="mirror")``, several times
    as fast: the weights of the neighbours are the same for all pixels, so blocks of rows, and
    then of columns, are multiplied by one small matrix.
    """
    for axis in (0, 1):
        if rest[axis] <= 1e-4:
            continue
        length = image.shape[axis]
        count = -(-length // _BLOCK)
        margins = [(0, 0), (0, 0)]
        margins[axis] = (_MARGIN, count * _BLOCK - length + _MARGIN)
        padded = np.pad(image, margins, mode="reflect")
        reach = _BLOCK + 2 * _MARGIN
        windows = np.lib.stride_tricks.sliding_window_view(padded, reach, axis)
        if axis == 0:
            parts = _weights(rest[0]) @ windows[::_BLOCK].swapaxes(1, 2)
            image = parts.reshape(count * _BLOCK, -1)[:length]
        else:
            parts = windows[:, ::_BLOCK].swapaxes(0, 1) @ _weights(rest[1]).T
            image = parts.swapaxes(0, 1).reshape(-1, count * _BLOCK)[:, :length]
    return image


def _weights(rest: float) -> np.ndarray:
    """Return the matrix that interpolates a block from itself and a margin on both sides."""
    impulse = np.zeros(4 * _MARGIN + 1)
    impulse[2 * _MARGIN] = 1
    # The response to an impulse, back to front, is the neighbours' weights.
    response = ndimage.shift(impulse, -rest, order=3, mode="mirror")
    weights = response[_MARGIN : 3 * _MARGIN + 1][::-1]
    matrix = np.zeros((_BLOCK, _BLOCK + 2 * _MARGIN), np.float32)
    for row in range(_BLOCK):
        matrix[row, row : row + 2 * _MARGIN + 1] = weights
    return matrix


def _cut(
    image: np.ndarray, whole: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the part of the image that matters (with a margin for the splines), and where."""
    part, start = [], np.zeros(2, int)
    for axis in (0, 1):
        start[axis] = np.clip(whole[axis] - _MARGIN, 0, image.shape[axis] - 1)
        stop = np.clip(whole[axis] + shape[axis] + _MARGIN, start[axis] + 1, image.shape[axis])
        part.append(slice(int(start[axis]), int(stop)))
    return image[tuple(part)], whole - start


def common_area(shape: tuple[int, int], shifts: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and columns that are covered in every frame once shifts are undone.

    Empty slices when there are none.
    """
    area = []
    for length, along in zip(shape, np.asarray(shifts, float).T, strict=True):
        start = int(np.ceil(max(0.0, -along.min()) - 1e-6))
        stop = length - int(np.ceil(max(0.0, along.max()) - 1e-6))
        area.append(slice(start, max(start, stop)))
    return area[0], area[1]


def moved_frames(data: Any, moves: np.ndarray, shape: tuple[int, int], **options: Any) -> Any:
    """Return a lazy array of a movie's frames, each moved when it is read.

    Parameters
    ----------
    data : (t, y, x) numpy, dask or zarr array
        Frames.
    moves : (t, 2) array
        Displacement (y, x) to be undone, frame by frame; see `move_frame`.
    shape : (int, int)
        Of the frames returned.
    **options
        Arrays of one value a frame for `move_frame`.
    """
    import dask.array as da

    lazy = data if isinstance(data, da.Array) else da.from_array(data, (1, -1, -1), name=False)
    lazy = lazy.rechunk({1: -1, 2: -1})

    def moved(block: np.ndarray, block_info: Any = None) -> np.ndarray:
        start = block_info[0]["array-location"][0][0]
        return np.stack(
            [
                move_frame(
                    frame,
                    moves[start + i],
                    shape=shape,
                    **{name: values[start + i] for name, values in options.items()},
                )
                for i, frame in enumerate(block)
            ]
        )

    return lazy.map_blocks(
        moved,
        dtype=np.float32,
        chunks=(lazy.chunks[0], (shape[0],), (shape[1],)),
        meta=np.zeros((0, 0, 0), np.float32),
    )
