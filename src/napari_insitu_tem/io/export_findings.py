"""Export of what a task made of a movie, or found in it: tables, figures, texts, the movie."""

from __future__ import annotations

from pathlib import Path

from napari_insitu_tem.io.atomic import replacing, write_provenance
from napari_insitu_tem.io.tables import write_table
from napari_insitu_tem.io.write import write_labels, write_movie
from napari_insitu_tem.job import Job
from napari_insitu_tem.results import MovieResult, Segmentation

__all__ = ["export_findings"]


def export_findings(
    result: MovieResult,
    stem: Path,
    *,
    tables: tuple[str, ...],
    figures: tuple[str, ...],
    images_as: str,
    movie: bool,
    job: Job,
) -> list[Path]:
    """Write a result's texts, tables, figures and, where asked for, its movie.

    Parameters
    ----------
    result : MovieResult
        What to write.
    stem : path
        Folder and beginning of the files' names.
    tables, figures : tuple of str
        Formats, such as ``("csv", "parquet")`` and ``("svg", "png")``; possibly none.
    images_as : str
        Suffix of the movie.
    movie : bool
        Whether to write the movie.
    job : Job
        Progress and cancel.

    Returns
    -------
    list of pathlib.Path
        The files, in the order in which they were written.
    """
    written: list[Path] = []
    for ending, text in result.documents().items():
        path = stem.with_name(f"{stem.name}_{ending}")
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        written.append(path)
    for name, table in result.tables().items() if tables else ():
        for kind in tables:
            job.check()
            written.append(write_table(table, stem.with_name(f"{stem.name}_{name}.{kind}")))
    for name, draw in result.drawings().items() if figures else ():
        from napari_insitu_tem.figures import save_drawing

        numbers = []
        for kind in figures:
            job.check()
            path = stem.parent / "figures" / f"{stem.name}_{name}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            figure, *numbers = save_drawing(draw, path)
            written.append(figure)
        written += numbers
    if written:
        write_provenance(result.history(), stem)
    for name, image in result.images().items():
        path = stem.with_name(f"{stem.name}_{name}.{images_as}")
        if isinstance(image, Segmentation):
            written.append(write_labels(image.replace(provenance=result.history()), path, job))
        else:
            written.append(write_movie(image.replace(provenance=result.history()), path, job))
    if movie:
        written.append(
            write_movie(
                result.movie.replace(provenance=result.history()),
                stem.with_name(f"{stem.name}.{images_as}"),
                job,
            )
        )
    return written
