"""Every task as a subcommand, made from its declaration."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_insitu_tem import settings as declared
from napari_insitu_tem.cli.arguments import MoviePath, Out, Signal
from napari_insitu_tem.cli.errors import plain_errors
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Compared, Segmentation
from napari_insitu_tem.settings import Settings
from napari_insitu_tem.tasks.registry import Task

__all__ = ["setting_parameters", "task_command"]


def task_command(task: Task) -> Callable[..., None]:
    """Return the function of a task's subcommand, whose options are the task's settings."""
    parameters = [*_input_parameters(task), *setting_parameters(task.settings_type)]

    def command(**values: Any) -> None:
        with plain_errors():
            from napari_insitu_tem.io.export import export

            settings = task.settings_type.from_dict(
                {
                    name: values[name]
                    for name in task.settings_type.model_fields
                    if values.get(name) is not None
                }
            )
            job = Job(seed=values["seed"])
            result = task(_read_input(task, values), settings, job)
            for file in export(result, values["out"], job=job):
                typer.echo(str(file))

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__doc__ = task.summary
    return command


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _input_parameters(task: Task) -> list[inspect.Parameter]:
    parameters = [_parameter("movie", MoviePath, inspect.Parameter.empty)]
    if task.input_type is Compared:
        for name, default, words in (
            ("raw", inspect.Parameter.empty, "The movie before it was denoised."),
            ("reference", None, "What it should look like, free of noise, where that is known."),
        ):
            kind = Path if default is inspect.Parameter.empty else Path | None
            parameters.append(_parameter(name, Annotated[kind, typer.Option(help=words)], default))
    elif task.input_type is not Movie:
        words = "masks" if task.input_type is Segmentation else "tracked masks"
        masks = Annotated[Path, typer.Argument(help=f"Its {words} (label images).")]
        parameters.append(_parameter("masks", masks, inspect.Parameter.empty))
    seed = Annotated[int, typer.Option(help="Seed for everything random.")]
    return [
        *parameters,
        _parameter("out", Out, Path("results")),
        _parameter("signal", Signal, None),
        _parameter("seed", seed, 0),
    ]


def setting_parameters(settings_type: type[Settings]) -> list[inspect.Parameter]:
    """Return the options of a command that takes such settings."""
    parameters = []
    for name, field in settings_type.model_fields.items():
        kind: Any = declared.value_type(field)
        if not (declared.choices(field) or kind in (bool, int, float, str, Path)):
            continue  # lists of edits and the like belong into a recipe
        extra = declared.extras(field)
        unit = f" [{extra['unit']}]" if extra.get("unit") else ""
        default = f" Default: {extra['none_means']}." if field.default is None else ""
        flag = "--" + name.replace("_", "-")
        flags = f"{flag}/--no-{flag[2:]}" if kind is bool else flag
        option = typer.Option(flags, help=f"{field.description}{unit}{default}")
        wanted: Any = kind | None if field.default is None else kind
        annotation: Any = Annotated[wanted, option]
        parameters.append(_parameter(name, annotation, field.default))
    return parameters


def _read_input(task: Task, values: dict[str, Any]) -> Any:
    from napari_insitu_tem.io.read import read_movie

    movie = read_movie(values["movie"], signal=values["signal"])
    if task.input_type is Movie:
        return movie
    if task.input_type is Compared:
        reference = values["reference"]
        return Compared(movie, read_movie(values["raw"]), reference and read_movie(reference))
    from napari_insitu_tem.io.labels import read_labels

    labels, _ = read_labels(values["masks"])
    segmentation = Segmentation(labels, movie)
    if task.input_type is Segmentation:
        return segmentation
    from napari_insitu_tem.tasks.track import tracking_from_labels

    return tracking_from_labels(segmentation, Job())
