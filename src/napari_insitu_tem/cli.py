"""The command line: every task a subcommand, recipes, what a file holds, the demo."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_insitu_tem import settings as declared
from napari_insitu_tem.cli_errors import plain_errors
from napari_insitu_tem.cli_models import app as models_app
from napari_insitu_tem.cli_retrain import retrain
from napari_insitu_tem.cli_train import train
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.tasks.registry import Task, all_tasks

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From a raw in-situ TEM movie to masks, tracks and measurements.",
)

MoviePath = Annotated[Path, typer.Argument(help="A movie: a file, or a folder of frames.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")]
Signal = Annotated[str | None, typer.Option(help="Which of the file's signals; `info` lists them.")]


@app.command()
def info(path: MoviePath) -> None:
    """Say what a file holds: signals, size, calibration, dose, and what was left out."""
    with plain_errors():
        from napari_insitu_tem.io.describe import describe

        typer.echo(describe(path))


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(help="The recipe (TOML).")],
    movies: Annotated[list[Path], typer.Argument(help="One or more movies.")],
    out: Out = Path("results"),
    video: Annotated[bool, typer.Option(help="Write an mp4 with outlines and tracks.")] = True,
) -> None:
    """Run a recipe on movies; several movies get a folder each."""
    with plain_errors():
        from napari_insitu_tem.pipeline import Recipe

        steps = Recipe.from_file(recipe)
        failed = []
        for path in movies:
            folder = out if len(movies) == 1 else out / path.stem
            try:
                _run_one(steps, path, folder, video=video)
            except (ValueError, OSError) as error:
                if len(movies) == 1:
                    raise
                failed.append(path)
                typer.echo(f"Error: {path}: {error}", err=True)
        if failed:
            raise ValueError(f"{len(failed)} of {len(movies)} movies failed, see above.")


@app.command()
def recipe(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write it.")] = Path(
        "recipe.toml"
    ),
    provenance: Annotated[
        Path | None, typer.Option(help="A result's provenance.json, to do the same again.")
    ] = None,
) -> None:
    """Write a recipe to start from: the main job with defaults, or what made a result."""
    with plain_errors():
        from napari_insitu_tem.pipeline import Recipe, default_recipe
        from napari_insitu_tem.provenance import Provenance

        if provenance is None:
            steps = default_recipe()
        else:
            steps = Recipe.from_provenance(Provenance.from_json(provenance.read_text("utf-8")))
        if out.exists():
            raise ValueError(f"{out} exists already; choose another name with -o.")
        out.write_text(steps.to_toml(), encoding="utf-8")
        typer.echo(f"Wrote {out}.")


@app.command()
def demo(
    out: Out = Path("demo"),
    window: Annotated[
        bool, typer.Option(help="Open napari with the results, when there is a display.")
    ] = True,
) -> None:
    """Run the main job on the recording that ships with the package, and on a simulation."""
    with plain_errors():
        from napari_insitu_tem.demo import has_display, run_demo

        if window and has_display():
            # A process of its own, since the command line does not know napari.
            import subprocess

            subprocess.run([sys.executable, "-m", "napari_insitu_tem.gui.demo", out], check=True)
        else:
            run_demo(out)


def _run_one(steps: Any, path: Path, folder: Path, *, video: bool) -> None:
    from napari_insitu_tem.io.export import export
    from napari_insitu_tem.io.read import read_movie
    from napari_insitu_tem.pipeline import run_recipe

    movie = read_movie(path, signal=steps.signal)
    job = Job(seed=steps.seed)
    results = [result for _, result in run_recipe(steps, movie, job)]
    written = export(results[-1], folder, job=job, video=video)
    (folder / "recipe.toml").write_text(steps.to_toml(), encoding="utf-8")
    for file in written:
        typer.echo(str(file))


def _add_task(task: Task) -> None:
    """Make a subcommand from a task's declaration."""
    parameters = [*_input_parameters(task), *_setting_parameters(task)]

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
    app.command(task.name.replace("_", "-"), help=task.summary)(command)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


def _input_parameters(task: Task) -> list[inspect.Parameter]:
    parameters = [_parameter("movie", MoviePath, inspect.Parameter.empty)]
    if task.input_type is not Movie:
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


def _setting_parameters(task: Task) -> list[inspect.Parameter]:
    parameters = []
    for name, field in task.settings_type.model_fields.items():
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
    from napari_insitu_tem.io.labels import read_labels

    labels, _ = read_labels(values["masks"])
    segmentation = Segmentation(labels, movie)
    if task.input_type is Segmentation:
        return segmentation
    from napari_insitu_tem.tasks.track import tracking_from_labels

    return tracking_from_labels(segmentation, Job())


def _add_tasks(add: Callable[[Task], None] = _add_task) -> None:
    for task in all_tasks():
        add(task)


_add_tasks()
app.add_typer(models_app, name="models")
app.command()(train)
app.command()(retrain)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
