"""The demonstration: the main job on the recording that ships, and on a simulation."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from napari_insitu_tem import units
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie
from napari_insitu_tem.results import Measurements

__all__ = ["has_display", "run_demo"]


def run_demo(folder: Path) -> dict[str, Measurements]:
    """Run the main job on both samples and write results and figures.

    Parameters
    ----------
    folder : path
        Where the results go, a folder for each sample.

    Returns
    -------
    dict of Measurements
        By the sample's name; tracks, masks and movies are in them.
    """
    from napari_insitu_tem import samples

    measured = {}
    for name, movie in (("sintering", samples.sintering()), ("nanocubes", samples.nanocubes())):
        sys.stdout.write(f"\n{movie.name}: {movie.n_frames} frames\n")
        measured[name] = _main_job(movie, folder / name)
    sys.stdout.write(f"\nResults and figures are in {folder}/.\n")
    return measured


def has_display() -> bool:
    """Whether a window can be opened."""
    return sys.platform != "linux" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


def _main_job(movie: Movie, folder: Path) -> Measurements:
    from napari_insitu_tem.io.export import export
    from napari_insitu_tem.pipeline import default_recipe, run_recipe

    recipe = default_recipe()
    result = [result for _, result in run_recipe(recipe, movie, Job())][-1]
    files = export(result, folder, job=Job())
    (folder / "recipe.toml").write_text(recipe.to_toml(), encoding="utf-8")
    sys.stdout.write(f"{_summary(result)}\n{len(files) + 1} files in {folder}/\n")
    return result


def _summary(result: Measurements) -> str:
    """Say in a line what was found."""
    movie = result.movie
    frames = units.publish(result.frames, movie.pixel_size, movie.frame_time)
    length = "nm" if movie.pixel_size else "px"
    size, count = frames[f"mean_diameter_{length}"].mean(), frames["count"].mean()
    return (
        f"{count:.0f} particles a frame, {size:.1f} {length} across on average, "
        f"{len(result.tracks)} tracks"
    )
