"""The `models` commands: list, show, import, export, rename and delete models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from napari_insitu_tem.cli.errors import plain_errors

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="List, show, import, export, rename and delete models (trained networks).",
)

Name = Annotated[str, typer.Argument(help="A model's name; `models list` shows them.")]


@app.command("list")
def list_all(
    task: Annotated[str | None, typer.Option(help="Only those for this task.")] = None,
) -> None:
    """List the models: those that ship with the package, then yours."""
    with plain_errors():
        from napari_insitu_tem.models import list_broken, list_models, user_folder
        from napari_insitu_tem.models.describe import table

        typer.echo(table(list_models(task)))
        for broken in list_broken():
            typer.echo(f"Note: {broken.reason}", err=True)
        typer.echo(f"Your models lie in {user_folder()}", err=True)


@app.command()
def show(name: Name) -> None:
    """Show a model's card: what it is for, how it was made, how good it is."""
    with plain_errors():
        from napari_insitu_tem.models import get_model
        from napari_insitu_tem.models.describe import details

        typer.echo(details(get_model(name)))


@app.command("import")
def import_one(
    path: Annotated[Path, typer.Argument(help="A model's folder, or a zip of it.")],
    name: Annotated[str | None, typer.Option(help="Call it so instead.")] = None,
) -> None:
    """Copy a model that somebody gave you into your own, after checking it."""
    with plain_errors():
        from napari_insitu_tem.models import import_model

        model = import_model(path, name=name)
        typer.echo(f"Imported '{model.name}' for {model.card.task}: {model.folder}")


@app.command()
def export(
    name: Name,
    path: Annotated[Path, typer.Argument(help="A .zip, or a folder to put the model's into.")],
) -> None:
    """Copy a model to a zip or folder, to give it to somebody."""
    with plain_errors():
        from napari_insitu_tem.models import export_model

        typer.echo(str(export_model(name, path)))


@app.command()
def rename(name: Name, new: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Give one of your models another name."""
    with plain_errors():
        from napari_insitu_tem.models import rename_model

        typer.echo(f"'{name}' is now called '{rename_model(name, new).name}'.")


@app.command()
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete one of your models."""
    with plain_errors():
        from napari_insitu_tem.models import delete_model, get_model

        model = get_model(name)
        if not (yes or model.shipped):
            typer.confirm(f"Delete '{name}' ({model.folder}) for good?", abort=True)
        delete_model(name)
        typer.echo(f"Deleted '{name}'.")
