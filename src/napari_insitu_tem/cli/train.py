"""`insitu-tem train`: make a model from its recipe."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_insitu_tem.cli.errors import plain_errors
from napari_insitu_tem.cli.terminal import Line, until_interrupted
from napari_insitu_tem.job import Job

__all__ = ["own_name", "train"]


def train(
    recipe: Annotated[
        str, typer.Argument(help="Name of a recipe that ships with the package, or recipe.toml.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for the model's folder; your models by default."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Another name for the model.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder of pairs to learn from, instead of the recipe's.")
    ] = None,
    start_from: Annotated[str | None, typer.Option(help="Model whose weights to start from.")] = (
        None
    ),
    minutes: Annotated[float | None, typer.Option(help="End after so many minutes.")] = None,
    steps: Annotated[int | None, typer.Option(help="Largest number of steps.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    seed: Annotated[int | None, typer.Option(help="Seed for everything random.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that draw samples.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted training stood.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of a model of the same name.")
    ] = False,
) -> None:
    """Train a model from its recipe; Ctrl-C keeps the best so far."""
    with plain_errors():
        from napari_insitu_tem.learning.recipes import find_recipe

        wanted = find_recipe(recipe).with_training(
            minutes=minutes, steps=steps, seed=seed, workers=workers, resume=resume or None
        )
        changes: dict[str, Any] = {"name": name, "start_from": start_from}
        if data is not None:
            changes["data"] = {"kind": "folder", "folder": str(data)}
        wanted = wanted.replace(
            **{key: value for key, value in changes.items() if value is not None}
        )
        if name is None and out is None:
            wanted = wanted.replace(name=own_name(wanted.name, again=resume))
        place = _working_folder(wanted.name, out)
        replace = replace or resume  # what was kept of the interrupted training
        if not replace:
            _check_name(wanted.name, out)

        from napari_insitu_tem.learning.make import make_model

        line = Line()
        with until_interrupted() as is_cancelled:
            job = Job(
                on_progress=lambda _: None,
                is_cancelled=is_cancelled,
                on_log=line.say,
                device=device,
            )
            made = make_model(
                wanted,
                job,
                folder=out,
                checkpoint=place / "checkpoint",
                on_report=line.show,
                replace=replace,
            )
        line.end()
        if made is None:
            return
        words = {
            "finished": "Finished",
            "early": "Ended early, since it got no better",
            "cancelled": "Interrupted (go on with --resume); the best so far is kept",
        }
        best = made.trained.best
        quality = f", validation {best.validation_loss:.4f}" if best.validation_loss else ""
        typer.echo(f"{words[made.trained.stopped]}: step {best.step}{quality}.")
        typer.echo(str(made.model.folder))
        if made.trained.stopped != "cancelled":
            shutil.rmtree(place, ignore_errors=True)  # nothing is left to go on with


def own_name(name: str, *, again: bool) -> str:
    """Return what a model is called among one's own, where one that ships has its name."""
    from napari_insitu_tem.models.store import free_name, list_models

    if name not in [model.name for model in list_models() if model.shipped]:
        return name
    return f"{name}-again" if again else free_name(f"{name}-again")


def _check_name(name: str, out: Path | None) -> None:
    """Refuse a name that is taken before the training, not after it."""
    from napari_insitu_tem.models.store import check_free, user_folder

    check_free(name, user_folder() if out is None else out)


def _working_folder(name: str, out: Path | None) -> Path:
    """Return where checkpoints lie: beside the user's models, never among them."""
    from napari_insitu_tem.models.store import user_folder

    parent = user_folder().parent if out is None else out
    return parent / ".training" / name
