"""Masks from files: what `write_labels` wrote, or any stack of whole numbers."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.formats.ome_xml import NAMESPACE
from napari_insitu_tem.io.read import ReadError, read_movie
from napari_insitu_tem.movie import CalibrationWarning

__all__ = ["read_labels"]


def read_labels(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """Return masks and what is known about them.

    Parameters
    ----------
    path : path
        A file that `write_labels` wrote, or any stack or folder of label images.

    Returns
    -------
    labels : (t, y, x) int32 array
        NumPy when small, dask otherwise.
    metadata : dict
        ``name``, ``pixel_size`` (nm), ``frame_time`` (s), ``origin`` (as of a `Movie`),
        ``corrected`` (frozenset of frames) and ``provenance``, as far as the file has them.

    Raises
    ------
    ReadError
        When the file cannot be read, or does not hold whole numbers.
    """
    with warnings.catch_warnings():
        # Masks without a calibration are common, and take that of their movie.
        warnings.simplefilter("ignore", CalibrationWarning)
        movie = read_movie(path)
    if np.dtype(movie.data.dtype).kind not in "ui":
        raise ReadError(
            f"'{Path(path).name}' does not hold masks: its values are {movie.data.dtype}, and "
            "masks are whole numbers."
        )
    own = movie.metadata["original"].get(NAMESPACE, {})
    corrected = str(own.get("corrected", ""))
    frames = (int(part) for part in corrected.split(",") if part.strip().isdigit())
    return movie.data.astype(np.int32), {
        "name": movie.name,
        "pixel_size": movie.pixel_size,
        "frame_time": movie.frame_time,
        "origin": movie.origin,
        "corrected": frozenset(frames),
        "provenance": movie.provenance,
    }
