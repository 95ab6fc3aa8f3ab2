"""The command line, as a user types it."""

import json

import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

from napari_insitu_tem.cli import app
from napari_insitu_tem.tasks.registry import all_tasks

runner = CliRunner()


@pytest.fixture
def movie_file(tmp_path):
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:96, :96]
    frames = []
    for t in range(6):
        image = np.full((96, 96), 120.0)
        for row, column in ((25, 25), (25, 70), (70, 45)):
            image[(y - row - t) ** 2 + (x - column) ** 2 < 9**2] = 50
        frames.append(rng.poisson(image))
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, np.stack(frames).astype(np.uint16))
    return path


def test_every_task_is_a_subcommand_with_its_settings_as_options():
    for task in all_tasks():
        shown = runner.invoke(app, [task.name.replace("_", "-"), "--help"], terminal_width=200)
        assert shown.exit_code == 0, shown.output
        assert "--out" in shown.output


def test_a_recipe_runs_on_a_movie_and_says_how_it_was_done(movie_file, tmp_path):
    recipe, out = tmp_path / "recipe.toml", tmp_path / "out"
    assert runner.invoke(app, ["recipe", "-o", str(recipe)]).exit_code == 0
    done = runner.invoke(app, ["run", str(recipe), str(movie_file), "-o", str(out), "--no-video"])
    assert done.exit_code == 0, done.output
    names = {path.name for path in out.rglob("*")}
    assert any(name.endswith(".csv") for name in names)
    assert any(name.endswith(".parquet") for name in names)
    assert any(name.endswith(".ome.tif") for name in names)
    records = [json.loads(path.read_text()) for path in out.rglob("*provenance.json")]
    assert [step["task"] for step in records[0]["steps"]][:2] == ["align", "segment"]


def test_a_task_takes_its_settings_as_options(movie_file, tmp_path):
    done = runner.invoke(
        app, ["segment", str(movie_file), "-o", str(tmp_path / "out"), "--polarity", "dark"]
    )
    assert done.exit_code == 0, done.output
    assert list((tmp_path / "out").rglob("*.ome.tif"))


def test_info_says_what_a_file_holds(movie_file):
    shown = runner.invoke(app, ["info", str(movie_file)])
    assert shown.exit_code == 0
    assert "6" in shown.output and "96" in shown.output


@pytest.mark.parametrize("content", [b"", b"this is not a movie"])
def test_a_bad_file_is_one_clear_line(tmp_path, content):
    path = tmp_path / "bad.dm4"
    path.write_bytes(content)
    done = runner.invoke(app, ["info", str(path)])
    assert done.exit_code == 1
    errors = [line for line in done.output.splitlines() if line.startswith("Error:")]
    assert len(errors) == 1
    assert "Traceback" not in done.output


def test_a_wrong_setting_is_one_clear_line(movie_file, tmp_path):
    done = runner.invoke(app, ["calibrate", str(movie_file), "--pixel-size", "-3"])
    assert done.exit_code == 1
    assert "Error: " in done.output and "pixel_size" in done.output
