"""Binning of movies in space and time, lazily and frame by frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["bin_block", "bin_movie", "bin_origin", "bin_rows"]

Method = Literal["mean", "sum"]


def bin_block(block: np.ndarray, size: int, count: int, by: Method) -> np.ndarray:
    """Join `count` frames and `size` × `size` pixels into one.

    Parameters
    ----------
    block : (t, y, x) array
        Frames; what does not fill a bin is left out.
    size, count : int
        Pixels along each side and frames in a bin.
    by : {"mean", "sum"}
        Means are float32. Sums of integers are integers wide enough for the bin.

    Returns
    -------
    (t // count, y // size, x // size) array
    """
    t, y, x = (
        length // step for length, step in zip(block.shape, (count, size, size), strict=True)
    )
    whole = block[: t * count, : y * size, : x * size]
    parts = whole.reshape(t, count, y, size, x, size)
    dtype = binned_dtype(block.dtype, size * size * count, by)
    reduced = parts.sum(axis=(1, 3, 5), dtype=np.float64 if by == "mean" else None)
    if by == "mean":
        reduced = reduced / (size * size * count)
    return reduced.astype(dtype, copy=False)


def bin_origin(origin: tuple[float, float], size: int) -> tuple[float, float]:
    """Return where the middle of the first bin lies, in bins.

    Parameters
    ----------
    origin : (float, float)
        Where the middle of the first pixel lies, in pixels.
    size : int
        Pixels along each side of a bin.
    """
    row, column = ((place + (size - 1) / 2) / size for place in origin)
    return row, column


def binned_dtype(dtype: np.dtype, pixels: int, by: Method) -> np.dtype:
    """Return the type that holds a bin of `pixels` pixels."""
    if by == "mean" or not np.issubdtype(dtype, np.integer):
        return np.dtype(np.float64 if dtype == np.float64 else np.float32)
    limits = np.iinfo(dtype)
    for wider in (dtype, np.uint16, np.int32, np.uint32, np.int64):
        room = np.iinfo(wider)
        if int(limits.max) * pixels <= room.max and int(limits.min) * pixels >= room.min:
            return np.dtype(wider)
    return np.dtype(np.float64)


def bin_movie(data: Any, size: int, count: int, by: Method) -> Any:
    """Bin a movie of any length; see `bin_block`.

    Parameters
    ----------
    data : (t, y, x) NumPy or dask array
        Nothing of it is read here.
    size, count, by
        As in `bin_block`.

    Returns
    -------
    dask.array.Array
        With chunks of whole frames, each computed when it is asked for.
    """
    import dask.array as da

    frames, height, width = (
        length - length % step for length, step in zip(data.shape, (count, size, size), strict=True)
    )
    whole = data[:frames, :height, :width]
    # A chunk holds whole bins, about 16 MB of them before binning.
    bytes_a_bin = max(1, count * height * width * data.dtype.itemsize)
    chunk = count * max(1, min(frames // count, int(16e6 // bytes_a_bin)))
    if isinstance(whole, np.ndarray):
        whole = da.from_array(whole, chunks=(chunk, height, width), name=False)
    else:
        whole = whole.rechunk((chunk, height, width))
    chunks = (
        tuple(length // count for length in whole.chunks[0]),
        (height // size,),
        (width // size,),
    )
    return whole.map_blocks(
        bin_block,
        size,
        count,
        by,
        chunks=chunks,
        dtype=binned_dtype(data.dtype, size * size * count, by),
        meta=np.empty((0, 0, 0), binned_dtype(data.dtype, size * size * count, by)),
    )


def bin_rows(table: pd.DataFrame, count: int) -> pd.DataFrame:
    """Bin a table with one row a frame: means of numbers, the first of anything else.

    What is missing in some frames of a bin does not count; in all of them, it is missing.
    """
    import pandas as pd

    rows = len(table) // count
    whole = table.iloc[: rows * count]
    group = np.arange(rows * count) // count
    columns = {
        name: whole[name].groupby(group).mean()
        if pd.api.types.is_numeric_dtype(whole[name])
        and not pd.api.types.is_bool_dtype(whole[name])
        else whole[name].groupby(group).first()
        for name in table.columns
    }
    return pd.DataFrame(columns).reset_index(drop=True)
