"""The commands `info`, `run`, `recipe` and `demo`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_insitu_tem.cli.arguments import MoviePath, Out
from napari_insitu_tem.cli.errors import plain_errors
from napari_insitu_tem.job import Job

__all__ = ["demo", "info", "recipe", "run"]


def info(path: MoviePath) -> None:
    """Say what a file holds: signals, size, calibration, dose, and what was left out."""
    with plain_errors():
        from napari_insitu_tem.io.describe import describe

        typer.echo(describe(path))


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
