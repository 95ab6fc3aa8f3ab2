"""`insitu-tem train`, as a user types it."""

import os
import signal
import subprocess
import sys
import time

import pytest
from test_recipes import recipe_file, store  # noqa: F401 - fixtures
from typer.testing import CliRunner

from napari_insitu_tem.cli import app
from napari_insitu_tem.cli.train import own_name
from napari_insitu_tem.models import get_model, list_models

runner = CliRunner()


def test_a_folder_of_pairs_becomes_a_model(recipe_file, tmp_path):  # noqa: F811
    done = runner.invoke(app, ["train", str(recipe_file)])
    assert done.exit_code == 0, done.output
    assert "Finished: step" in done.output
    assert "validation" in done.output
    assert get_model("toy").card.title == "A toy"
    assert not (tmp_path / ".training").exists() or not any((tmp_path / ".training").iterdir())


def test_options_change_what_the_recipe_says(recipe_file, tmp_path):  # noqa: F811
    out = tmp_path / "elsewhere"
    arguments = ["train", str(recipe_file), "--out", str(out), "--name", "other", "--steps", "2"]
    done = runner.invoke(app, [*arguments, "--seed", "5", "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert str(out / "other") in done.output.replace("\n", "")
    assert (out / "other" / "weights.safetensors").is_file()
    assert (out / "other" / "history.csv").is_file()
    again = runner.invoke(app, arguments)
    assert again.exit_code == 1
    assert "There is a model 'other' already" in again.output
    assert runner.invoke(app, [*arguments, "--replace"]).exit_code == 0


def test_what_cannot_be_trained_is_one_line(recipe_file, tmp_path):  # noqa: F811
    for arguments, words in (
        (["nothing"], "There is no recipe 'nothing'"),
        ([str(recipe_file), "--data", str(tmp_path / "none")], "There is no folder"),
        ([str(recipe_file), "--start-from", "none"], "There is no model 'none'"),
        ([str(recipe_file), "--steps", "0"], "steps"),
        ([str(recipe_file), "--resume"], "no training to go on with"),
    ):
        done = runner.invoke(app, ["train", *arguments])
        assert done.exit_code == 1, done.output
        assert words in done.output
        assert done.output.startswith("Error: ")
        assert "Traceback" not in done.output


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal for one process")
def test_ctrl_c_keeps_the_best_so_far_and_resume_goes_on(recipe_file, store):  # noqa: F811
    command = [sys.executable, "-m", "napari_insitu_tem.cli", "train", str(recipe_file)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--steps", "1000000"], stderr=subprocess.PIPE, text=True, env=environment
    )
    line = process.stderr.readline()  # the first validation
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, rest = process.communicate(timeout=60)
    assert line.startswith("step 2 ")
    assert process.returncode == 0, rest
    assert time.monotonic() - start < 30
    assert "Stopping; the best so far is kept" in rest
    assert (store / "toy" / "weights.safetensors").is_file()
    done = runner.invoke(app, ["train", str(recipe_file), "--resume", "--steps", "1"])
    assert done.exit_code == 0, done.output


def test_a_shipped_recipe_makes_a_model_under_a_name_of_its_own(store):  # noqa: F811
    shipped = next(model.name for model in list_models() if model.shipped)
    assert own_name(shipped, again=False) == f"{shipped}-again"
    (store / f"{shipped}-again").mkdir(parents=True)
    assert own_name(shipped, again=False) == f"{shipped}-again-2"
    assert own_name(shipped, again=True) == f"{shipped}-again"
    assert own_name("mine", again=False) == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="torch has no gloo launcher for Windows here")
def test_two_processes_train_one_model_together(recipe_file, store):  # noqa: F811
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    command += ["-m", "napari_insitu_tem.cli", "train", str(recipe_file), "--device", "cpu"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Finished: step 4") == 1
    assert (store / "toy" / "weights.safetensors").is_file()
