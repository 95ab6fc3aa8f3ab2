"""The command line: every task a subcommand, recipes, models, training, the demo."""

from __future__ import annotations

import typer

from napari_insitu_tem.cli import models
from napari_insitu_tem.cli.live import live, simulate_microscope
from napari_insitu_tem.cli.movies import demo, info, recipe, run
from napari_insitu_tem.cli.retrain import retrain
from napari_insitu_tem.cli.tasks import task_command
from napari_insitu_tem.cli.train import train
from napari_insitu_tem.tasks.registry import all_tasks

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From a raw in-situ TEM movie to masks, tracks and measurements.",
)
app.command()(info)
app.command()(run)
app.command()(recipe)
app.command()(demo)
for task in all_tasks():
    app.command(task.name.replace("_", "-"), help=task.summary)(task_command(task))
app.add_typer(models.app, name="models")
app.command()(live)
app.command()(simulate_microscope)
app.command()(train)
app.command()(retrain)
