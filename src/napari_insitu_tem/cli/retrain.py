"""`insitu-tem retrain`: make a network better on frames that were corrected by hand."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from napari_insitu_tem.cli.errors import plain_errors
from napari_insitu_tem.cli.terminal import Line, until_interrupted
from napari_insitu_tem.job import Job

if TYPE_CHECKING:
    from napari_insitu_tem.movie import Movie
    from napari_insitu_tem.results import Segmentation

__all__ = ["retrain"]


def retrain(
    movie: Annotated[Path, typer.Argument(help="A movie: a file, or a folder of frames.")],
    masks: Annotated[
        Path, typer.Argument(help="Its masks (label images), or saved corrections of them.")
    ],
    model: Annotated[
        str | None, typer.Option(help="The network to start from. Default: what made the masks.")
    ] = None,
    corrected: Annotated[
        str | None, typer.Option(help="Corrected frames: 0,5,9. Default: as the file says.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the new model.")] = None,
    left_out: Annotated[
        int | None, typer.Option(help="Corrected frame to judge by. Default: the last one.")
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="How long to train.")] = None,
    steps: Annotated[int | None, typer.Option(help="Largest number of steps.")] = None,
    simulated: Annotated[
        float | None, typer.Option(help="Share of simulated frames that are mixed in, 0 to 0.9.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the model's folder; your models by default."),
    ] = None,
    signal: Annotated[str | None, typer.Option(help="Which of the file's signals.")] = None,
    seed: Annotated[int, typer.Option(help="Seed for everything random.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of a model of the same name.")
    ] = False,
) -> None:
    """Retrain a network on frames that were corrected by hand; Ctrl-C ends it early."""
    with plain_errors():
        from napari_insitu_tem.io.read import read_movie
        from napari_insitu_tem.learning.retrain_settings import RetrainSettings
        from napari_insitu_tem.models.card import check_name
        from napari_insitu_tem.models.store import check_free, user_folder

        if name is not None:
            check_name(name)  # a wrong name shall not cost a training
            if not replace:
                check_free(name, user_folder() if out is None else out)
        given = {
            "model": model,
            "left_out": left_out,
            "minutes": minutes,
            "steps": steps,
            "simulated": simulated,
            "seed": seed,
        }
        settings = RetrainSettings.from_dict(
            {key: value for key, value in given.items() if value is not None}
        )
        segmentation = _segmentation(read_movie(movie, signal=signal), masks, corrected)

        from napari_insitu_tem.learning.retrain import retrain as learn

        line = Line()
        with until_interrupted() as enough:
            job = Job(on_progress=lambda _: None, on_log=line.say, device=device, seed=seed)
            retrained = learn(segmentation, settings, job, on_report=line.show, enough=enough)
        line.end()
        kept = retrained.save(name or retrained.proposed_name(), out, replace=replace)
        typer.echo(retrained.summary())
        typer.echo(str(kept.folder))
        view = retrained.view
        typer.echo(
            f"Now: insitu-tem segment {movie} --model {kept.name} "
            f"--polarity {'bright' if view.bright else 'dark'} --diameter {view.diameter:.1f}"
        )


def _segmentation(movie: Movie, path: Path, corrected: str | None) -> Segmentation:
    """Return the masks of a file, or the corrections of one, over their movie."""
    import numpy as np

    from napari_insitu_tem.io.corrections import load_corrections
    from napari_insitu_tem.io.editable import EditableLabels
    from napari_insitu_tem.io.labels import read_labels
    from napari_insitu_tem.movie import MovieError
    from napari_insitu_tem.results import Segmentation

    corrections = None
    with suppress(MovieError):  # then they are ordinary masks, or nothing that can be read
        corrections = load_corrections(path)
    frames = None if corrected is None else _frames(corrected)
    if corrections is not None:
        # Frames that were not corrected are not in the file, and nobody asks for them.
        labels: Any = EditableLabels(np.broadcast_to(np.int32(0), corrections.shape))
        segmentation = Segmentation(labels, movie)
        corrections.check(segmentation)
        for frame, image in corrections.frames.items():
            labels[frame] = image
        known: dict[str, Any] = {"corrected": frozenset(corrections.frames), "provenance": None}
    else:
        labels, known = read_labels(path)
        segmentation = Segmentation(labels, movie)
    return segmentation.replace(
        corrected=known["corrected"] if frames is None else frames, provenance=known["provenance"]
    )


def _frames(text: str) -> frozenset[int]:
    """Read "0,5,9"."""
    try:
        return frozenset(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ValueError(
            f"--corrected is a list of frame numbers such as 0,5,9, not '{text}'."
        ) from None
