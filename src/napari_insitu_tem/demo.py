"""The demonstration: the main job on the recording that ships, and on a simulation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie

__all__ = ["run_demo"]


def run_demo(folder: Path, *, window: bool = True) -> None:
    """Run the main job on both samples and write results and figures.

    Parameters
    ----------
    folder : path
        Where the results go, a folder for each sample.
    window : bool
        Open napari with everything loaded, when there is a display.
    """
    from napari_insitu_tem import samples

    for name, movie in (("sintering", samples.sintering()), ("nanocubes", samples.nanocubes())):
        sys.stdout.write(f"\n{movie.name}: {movie.n_frames} frames\n")
        _main_job(movie, folder / name)
    sys.stdout.write(f"\nResults and figures are in {folder}/.\n")
    if window and has_display():
        sys.stdout.write("Opening napari …\n")
        subprocess.run([sys.executable, "-m", "napari_insitu_tem.gui.demo"], check=False)


def has_display() -> bool:
    """Whether a window can be opened."""
    return sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _main_job(movie: Movie, folder: Path) -> None:
    from napari_insitu_tem.io.export import export
    from napari_insitu_tem.pipeline import default_recipe, run_recipe

    recipe = default_recipe()
    results = [result for _, result in run_recipe(recipe, movie, Job())]
    for file in export(results[-1], folder, job=Job()):
        sys.stdout.write(f"  {file}\n")
    (folder / "recipe.toml").write_text(recipe.to_toml(), encoding="utf-8")
