"""Following by command."""

import itertools
import re
import threading

import numpy as np
from frame_files import frame
from typer.testing import CliRunner

from lattices import tiny_model, turning_movie
from napari_insitu_tem.cli import app
from napari_insitu_tem.io.read import read_movie
from napari_insitu_tem.simulate.microscope import run_microscope

runner = CliRunner()


def test_a_folder_is_followed_and_recorded(tmp_path):
    run_microscope([frame(n) for n in range(12)], tmp_path / "run", kind="npy", rate=1e6)
    arguments = ["live", str(tmp_path / "run"), "-o", str(tmp_path / "out"), "--from-start"]
    arguments += ["--seconds", "6", "--frames", "3", "--refinement", "gaussian"]
    done = runner.invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "frames/s" in done.output and "latency" in done.output
    (raw,) = (tmp_path / "out").glob("*/raw.ome.zarr")
    movie = read_movie(raw)
    assert movie.n_frames == 12
    np.testing.assert_array_equal(movie.frame(11), frame(11))
    (refined,) = (tmp_path / "out").glob("*/refined.ome.zarr")
    assert read_movie(refined).provenance.steps[0].settings["refinement"] == "gaussian"


def test_a_simulated_microscope_is_followed(tmp_path):
    place = str(tmp_path / "run.mrc")
    np.save(tmp_path / "movie.npy", np.stack([frame(n) for n in range(9)]))
    arguments = ["simulate-microscope", place, "--kind", "mrc", "--seconds", "2"]
    written = runner.invoke(app, [*arguments, "--movie", str(tmp_path / "movie.npy")])
    assert "frames were written" in written.output, written.output
    done = runner.invoke(app, ["live", place, "--from-start", "--seconds", "6"])
    assert done.exit_code == 0, done.output
    assert "refined" in done.output


def test_the_regions_where_most_happens_are_printed_under_the_line(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr("napari_insitu_tem.live.activity.STANDS_OUT", 1.0)
    tiny_model()
    movie = turning_movie(frames=30)
    frames = [movie.frame(index) for index in range(30)]
    writer = threading.Thread(
        target=run_microscope,
        args=(itertools.cycle([*frames, *frames[::-1]]), tmp_path / "run"),
        kwargs={"kind": "npy", "rate": 20, "is_stopped": (stop := threading.Event()).is_set},
    )
    writer.start()
    arguments = ["live", str(tmp_path / "run"), "--seconds", "10", "--refinement", "none"]
    done = runner.invoke(app, [*arguments, "--map-activity", "--map-model", "tiny"])
    stop.set()
    writer.join()
    assert done.exit_code == 0, done.output
    assert "most happens at 1: y " in done.output, done.output
    assert re.search(r"^  1: y \d+, x \d+ px, \d+ × the median \(z\d, z\d\)$", done.output, re.M)


def test_without_the_network_the_following_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    run_microscope([frame(n) for n in range(3)], tmp_path / "run", kind="npy", rate=1e6)
    arguments = ["live", str(tmp_path / "run"), "--seconds", "3", "--map-activity"]
    done = runner.invoke(app, [*arguments, "--map-model", "nothing"])
    assert done.exit_code == 0, done.output
    assert done.output.count("There is no map of activity: There is no model 'nothing'") == 1
    assert "refined" in done.output


def test_what_cannot_be_followed_is_said_in_one_line(tmp_path):
    for arguments, words in (
        (["live", str(tmp_path / "movie.mp4")], "MRC"),
        (["live", str(tmp_path), "--refinement", "magic"], "no refinement"),
        (["live", str(tmp_path), "--frames", "0"], "frames"),
        (["simulate-microscope", str(tmp_path), "--kind", "film"], "no kind"),
    ):
        done = runner.invoke(app, arguments)
        assert done.exit_code == 1 and words in done.output, done.output
