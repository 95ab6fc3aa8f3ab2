"""Export: everything that belongs to a result, into a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_insitu_tem.io.atomic import write_provenance
from napari_insitu_tem.io.export_findings import export_findings
from napari_insitu_tem.io.tables import write_table
from napari_insitu_tem.io.video import VideoSettings, write_video
from napari_insitu_tem.io.write import write_labels, write_movie
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Layers, Measurements, MovieResult, Segmentation, Tracking
from napari_insitu_tem.settings import Settings, setting

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExportSettings", "export", "file_stem"]

Result = Movie | Segmentation | Tracking | Measurements | Layers | MovieResult


class ExportSettings(Settings):
    """What to write; of that, an export writes what its result has."""

    movie: bool | None = setting(
        None,
        title="Movie",
        description="The frames, as they were analysed.",
        none_means="if it is the result itself",
    )
    masks: bool = setting(
        True, title="Masks", description="Label images; after tracking, a label is its track."
    )
    images_as: Literal["ome.tif", "ome.zarr"] = setting(
        "ome.tif",
        title="Images as",
        description="Format of movie and masks: OME-TIFF opens in Fiji and everywhere; OME-Zarr "
        "suits what is larger than memory.",
        advanced=True,
    )
    tables: Literal["csv and parquet", "csv", "parquet", "none"] = setting(
        "csv and parquet",
        title="Tables",
        description="Particles, tracks, frames and curves, with units in the column names.",
    )
    figures: Literal["svg and png", "svg", "png", "pdf", "none"] = setting(
        "svg and png",
        title="Figures",
        description="Plots of what was measured, in a folder of their own, each with the numbers "
        "behind it as csv. SVG and PDF stay sharp at any size.",
    )
    video: bool = setting(
        True, title="Video", description="An mp4 with outlines, tracks, scale bar and clock."
    )


def export(
    result: Result,
    folder: str | Path,
    *,
    settings: ExportSettings | None = None,
    video: bool | None = None,
    video_options: VideoSettings | None = None,
    name: str | None = None,
    job: Job | None = None,
) -> list[Path]:
    """Write what belongs to a result.

    Of a movie: its frames and a video, and what was found in it (its drift, its camera). Of
    masks: label images and a video with outlines. Of layers: label images and a video of each,
    and a table of the particles in all of them. Of tracks: also the table of particles. Of
    measurements: also the tables of tracks, frames and curves, and figures. One
    ``NAME.provenance.json`` tells how tables and figures came about; images and videos have one
    each.

    Parameters
    ----------
    result : Movie, Segmentation, Layers, Tracking or Measurements
        What to write.
    folder : path
        Made if it is missing. A file of the same name is replaced, by the finished one only.
    settings : ExportSettings, optional
        What to write, and as what.
    video : bool, optional
        Instead of the setting of that name.
    video_options : VideoSettings, optional
        What the video looks like.
    name : str, optional
        How file names begin; the movie's name otherwise.
    job : Job, optional
        Progress and cancel.

    Returns
    -------
    list of pathlib.Path
        The files, in the order in which they were written.

    Raises
    ------
    ValueError
        When the folder's path is a file.
    """
    settings, job, folder = settings or ExportSettings(), job or Job(), Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"'{folder}' is a file; choose a folder to export to.")
    if video is not None:
        settings = settings.model_copy(update={"video": video})
    movie = result if isinstance(result, Movie) else result.movie
    stem = folder / file_stem(name or movie.name)
    if isinstance(result, MovieResult):
        is_wanted = result.has_new_frames if settings.movie is None else settings.movie
        written = export_findings(
            result,
            stem,
            tables=tuple(kind for kind in settings.tables.split(" and ") if kind != "none"),
            figures=tuple(kind for kind in settings.figures.split(" and ") if kind != "none"),
            images_as=settings.images_as,
            movie=is_wanted,
            job=job,
        )
        if settings.video and result.has_new_frames:
            video_path = stem.with_name(f"{stem.name}.mp4")
            written.append(write_video(movie, video_path, options=video_options, job=job))
        return written
    written = []
    for kind in settings.tables.split(" and "):
        for table_name, table in _tables(result) if kind != "none" else ():
            job.check()
            written.append(
                write_table(
                    table,
                    stem.with_name(f"{stem.name}_{table_name}.{kind}"),
                    pixel_size=movie.pixel_size,
                    frame_time=movie.frame_time,
                )
            )
    if isinstance(result, Measurements) and settings.figures != "none":
        written += _write_figures(result, stem, settings.figures.split(" and "), job)
    if written:
        write_provenance(result.history(), stem)
    is_wanted = isinstance(result, Movie) if settings.movie is None else settings.movie
    if is_wanted:
        path = stem.with_name(f"{stem.name}.{settings.images_as}")
        written.append(write_movie(movie, path, job))
    if isinstance(result, Layers):
        return written + _write_layers(result, stem, settings, video_options, job)
    tracking = result.tracking if isinstance(result, Measurements) else result
    if settings.masks and not isinstance(tracking, Movie):
        path = stem.with_name(f"{stem.name}_masks.{settings.images_as}")
        written.append(write_labels(tracking, path, job))
    if settings.video:
        written.append(
            write_video(
                movie,
                stem.with_name(f"{stem.name}.mp4"),
                segmentation=tracking if isinstance(tracking, Segmentation) else None,
                tracking=tracking if isinstance(tracking, Tracking) else None,
                options=video_options,
                job=job,
            )
        )
    return written


def _write_layers(
    result: Layers,
    stem: Path,
    settings: ExportSettings,
    video_options: VideoSettings | None,
    job: Job,
) -> list[Path]:
    """Write the masks and a video of every layer; each file has the layer's name."""
    written = []
    for number, layer in enumerate(result.names, start=1):
        masks, name = result.layer(number), f"{stem.name}_{file_stem(layer)}"
        if settings.masks:
            path = stem.with_name(f"{name}_masks.{settings.images_as}")
            written.append(write_labels(masks, path, job))
        if settings.video:
            path = stem.with_name(f"{name}.mp4")
            written.append(
                write_video(result.movie, path, segmentation=masks, options=video_options, job=job)
            )
    return written


def _write_figures(result: Measurements, stem: Path, suffixes: list[str], job: Job) -> list[Path]:
    from napari_insitu_tem import figures

    written = []
    for name in job.track(tuple(figures.FIGURES), "Drawing figures"):
        for suffix in suffixes:
            path = stem.parent / "figures" / f"{stem.name}_{name}.{suffix}"
            path.parent.mkdir(exist_ok=True)
            try:
                figure, numbers = figures.save(name, result, path)
            except ValueError as error:
                job.log(f"{figures.TITLES[name]} was not drawn: {error}")
                break
            written.append(figure)
            if suffix == suffixes[-1]:
                written.append(numbers)
    return written


def file_stem(name: str) -> str:
    """Return a name that every file system takes."""
    safe = re.sub(r"[^\w.+-]+", "_", name, flags=re.UNICODE).strip("_. ")
    return safe[:100] or "movie"


def _tables(result: Result) -> Iterator[tuple[str, pd.DataFrame]]:
    import pandas as pd

    tracking = result.tracking if isinstance(result, Measurements) else result
    if isinstance(tracking, Layers):
        yield "particles", tracking.particles
    if isinstance(tracking, Tracking):
        yield "particles", tracking.particles
        if tracking.graph:
            pairs = [
                (child, parent) for child, parents in tracking.graph.items() for parent in parents
            ]
            yield "ancestry", pd.DataFrame(sorted(pairs), columns=["track", "parent"])
    if isinstance(result, Measurements):
        yield "tracks", result.tracks
        yield "frames", result.frames
        yield from result.curves.items()
