"""Write movies and masks frame by frame: OME-TIFF, OME-Zarr, NumPy.

Files appear whole or not at all, memory does not grow with the number of frames, and the
provenance lies beside each file as JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_insitu_tem.io.atomic import provenance_path, replacing, write_provenance
from napari_insitu_tem.io.beside import write_frames_table
from napari_insitu_tem.io.formats.ome_xml import NAMESPACE, origin_text
from napari_insitu_tem.io.lazy import native
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Segmentation, Tracking

__all__ = ["write_labels", "write_movie"]

# Classic TIFF ends at 4 GB; the margin is for its directories.
_CLASSIC_TIFF_BYTES = 3.9e9
_SUFFIXES = (".ome.tif", ".ome.tiff", ".tif", ".tiff", ".ome.zarr", ".zarr", ".npy")


def write_movie(movie: Movie, path: str | Path, job: Job = Job()) -> Path:
    """Write a movie with its calibration and history.

    Parameters
    ----------
    movie : Movie
        What to write.
    path : path
        ``.ome.tif`` (or ``.tif``: the same), ``.ome.zarr`` (or ``.zarr``) or ``.npy``, which
        has no room for a calibration.
    job : Job
        Progress and cancel.

    Returns
    -------
    pathlib.Path
        The file; ``NAME.provenance.json`` lies beside it, and ``NAME.frames.csv`` when
        frames have a temperature or the like.

    Raises
    ------
    ValueError
        When the file's suffix is none of these.
    """
    path = _checked(path)
    dtype = native(movie.data.dtype)
    if dtype.itemsize == 8 and dtype.kind in "ui" and path.suffix.lower() != ".npy":
        dtype = _narrow(job.track(movie.iter_frames(), "Finding the range", movie.n_frames))
    facts = {
        "name": movie.name,
        "dose": movie.dose,
        "start_time": movie.metadata.get("start_time"),
        "origin": origin_text(movie.origin),
    }
    frames = job.track(movie.iter_frames(), "Writing", movie.n_frames)
    shape = (movie.n_frames, *movie.frame_shape)
    _write(path, frames, shape, dtype, movie, facts, job)
    write_provenance(movie.history(), path)
    write_frames_table(movie.frames, path)
    return path


def write_labels(
    labels: Segmentation | Tracking | Any,
    path: str | Path,
    job: Job = Job(),
    *,
    pixel_size: float | None = None,
    frame_time: float | None = None,
    origin: tuple[float, float] = (0.0, 0.0),
    name: str = "masks",
) -> Path:
    """Write masks: 0 is background, every other value a particle.

    Parameters
    ----------
    labels : Segmentation, Tracking or (t, y, x) integer array
        What to write. An array has no calibration of its own: give `pixel_size` (nm),
        `frame_time` (s) and `origin` (as of a `Movie`). Values are kept; the type is uint16
        where that holds them all, int32 otherwise.
    path : path
        ``.ome.tif``, ``.ome.zarr`` or ``.npy``.
    job : Job
        Progress and cancel.

    Returns
    -------
    pathlib.Path
        The file; ``NAME.provenance.json`` lies beside it unless an array was given.

    Raises
    ------
    ValueError
        When these are no masks, or the file's suffix is none of those.
    """
    path = _checked(path)
    history = None
    corrected: Iterable[int] = ()
    if isinstance(labels, Tracking):
        history, labels = labels.history(), labels.segmentation
    if isinstance(labels, Segmentation):
        history = history or labels.history()
        corrected, movie = labels.corrected, labels.movie
        pixel_size, frame_time, origin = movie.pixel_size, movie.frame_time, movie.origin
        name = f"{movie.name} masks"
        labels = labels.labels
    if getattr(labels, "ndim", 0) == 2:
        labels = labels[np.newaxis]
    if getattr(labels, "ndim", 0) != 3 or np.dtype(labels.dtype).kind not in "bui":
        raise ValueError("Masks are whole numbers in three dimensions: time, height, width.")
    shape = tuple(int(size) for size in labels.shape)

    def frames() -> Iterator[np.ndarray]:
        return (np.asarray(labels[index]) for index in range(shape[0]))

    dtype = _narrow(job.track(frames(), "Counting labels", shape[0]), labels=True)
    calibrated = Movie(
        np.broadcast_to(np.uint8(0), shape), pixel_size=pixel_size, frame_time=frame_time, name=name
    )
    facts = {
        "name": name,
        "content": "labels",
        "corrected": ",".join(map(str, sorted(corrected))),
        "origin": origin_text(origin),
    }
    _write(path, job.track(frames(), "Writing", shape[0]), shape, dtype, calibrated, facts, job)
    if history is not None:
        write_provenance(history, path)
    else:
        provenance_path(path).unlink(missing_ok=True)  # of older masks of this name
    return path


def _checked(path: str | Path) -> Path:
    path = Path(path)
    if not path.name.lower().endswith(_SUFFIXES):
        raise ValueError(f"'{path.name}' cannot be written: name it .ome.tif, .ome.zarr or .npy.")
    return path


def _narrow(frames: Iterable[np.ndarray], *, labels: bool = False) -> np.dtype:
    """Return the smallest type that image files know and that holds all values."""
    low, high = 0, 0
    for frame in frames:
        low, high = min(low, int(frame.min())), max(high, int(frame.max()))
    if labels and low < 0:
        raise ValueError(f"Masks cannot have negative values, and these have {low}.")
    for candidate in (np.uint16, np.int32) if labels else (np.uint32, np.int32):
        if np.iinfo(candidate).min <= low and high <= np.iinfo(candidate).max:
            return np.dtype(candidate)
    if labels:
        raise ValueError(f"Masks have values up to {high}, more than the formats can hold.")
    return np.dtype(np.float64)


def _write(
    path: Path,
    frames: Iterable[np.ndarray],
    shape: tuple[int, ...],
    dtype: np.dtype,
    movie: Movie,
    facts: Mapping[str, Any],
    job: Job,
) -> None:
    facts = {key: value for key, value in facts.items() if value not in (None, "")}
    pixels = (np.ascontiguousarray(frame, dtype) for frame in frames)
    suffix = path.suffix.lower()
    with replacing(path) as temporary:
        if suffix == ".npy":
            if movie.pixel_size or movie.frame_time:
                job.log(f"'{path.name}': .npy files have no room for a calibration.")
            _write_npy(temporary, pixels, shape, dtype)
        elif suffix == ".zarr":
            _write_zarr(temporary, pixels, shape, dtype, movie, facts)
        else:
            _write_tiff(temporary, pixels, shape, dtype, movie, facts)


def _write_npy(path: Path, frames: Iterable[np.ndarray], shape: tuple, dtype: np.dtype) -> None:
    header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for frame in frames:
            file.write(frame.tobytes())


def _write_tiff(
    path: Path,
    frames: Iterator[np.ndarray],
    shape: tuple,
    dtype: np.dtype,
    movie: Movie,
    facts: Mapping[str, Any],
) -> None:
    import tifffile

    metadata: dict[str, Any] = {
        "axes": "TYX",
        "Name": movie.name,
        "MapAnnotation": {
            "Namespace": NAMESPACE,
            **{key: str(value) for key, value in facts.items()},
        },
    }
    if movie.pixel_size is not None:
        for axis in "XY":
            metadata[f"PhysicalSize{axis}"] = movie.pixel_size
            metadata[f"PhysicalSize{axis}Unit"] = "nm"
    if movie.frame_time is not None:
        metadata.update(TimeIncrement=movie.frame_time, TimeIncrementUnit="s")
    if facts.get("start_time"):
        metadata["AcquisitionDate"] = facts["start_time"]
    big = float(np.prod(shape)) * dtype.itemsize > _CLASSIC_TIFF_BYTES
    with tifffile.TiffWriter(path, bigtiff=big, ome=True) as file:
        file.write(
            frames,
            shape=shape,
            dtype=dtype,
            photometric="minisblack",
            compression="zlib",
            metadata=metadata,
            maxworkers=1,
        )


def _write_zarr(
    path: Path,
    frames: Iterable[np.ndarray],
    shape: tuple,
    dtype: np.dtype,
    movie: Movie,
    facts: Mapping[str, Any],
) -> None:
    import zarr

    group = zarr.create_group(store=str(path), zarr_format=3)
    array = group.create_array(
        "0", shape=shape, chunks=(1, *shape[1:]), dtype=dtype, dimension_names=("t", "y", "x")
    )
    time = {"name": "t", "type": "time", **({"unit": "second"} if movie.frame_time else {})}
    unit = {"unit": "nanometer"} if movie.pixel_size else {}
    space = [{"name": name, "type": "space", **unit} for name in "yx"]
    scale = [movie.frame_time or 1.0, movie.pixel_size or 1.0, movie.pixel_size or 1.0]
    ome: dict[str, Any] = {
        "version": "0.5",
        "multiscales": [
            {
                "name": movie.name,
                "axes": [time, *space],
                "datasets": [
                    {
                        "path": "0",
                        "coordinateTransformations": [{"type": "scale", "scale": scale}],
                    }
                ],
            }
        ],
    }
    if facts.get("content") == "labels":
        ome["image-label"] = {}
    group.attrs.update({"ome": ome, NAMESPACE: dict(facts)})
    for index, frame in enumerate(frames):
        array[index] = frame
