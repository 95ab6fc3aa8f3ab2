"""The simulated microscope writes what is asked for, and goes wrong as it is told to."""

import itertools

import numpy as np
import pytest

from napari_insitu_tem.io.read import read_movie
from napari_insitu_tem.simulate.microscope import (
    Faults,
    endless,
    liquid_cell_frames,
    run_microscope,
)


@pytest.fixture
def frames(rng):
    return [rng.integers(0, 999, (24, 32)).astype(np.uint16) for _ in range(12)]


@pytest.mark.parametrize("kind", ["tif", "npy", "mrc", "tiff stack", "raw", "tree"])
def test_every_frame_is_written(tmp_path, frames, kind):
    names = {"mrc": "a.mrc", "tiff stack": "a.tif", "raw": "a.raw"}
    place = tmp_path / names.get(kind, "run")
    assert run_microscope(frames, place, kind=kind, rate=1e6, pixel_size=0.5) == 12
    if kind == "raw":
        found = np.fromfile(place, np.uint16).reshape(12, 24, 32)
    elif kind == "mrc":
        found = np.fromfile(place, np.uint16, offset=1024).reshape(12, 24, 32)
    elif kind in ("npy", "tree"):
        files = sorted(place.rglob("*.npy" if kind == "npy" else "Hour_00/**/*.tif"))
        found = np.stack([read_movie(file).frame(0) for file in files])
    else:
        found = read_movie(place).data
    np.testing.assert_array_equal(np.asarray(found), np.stack(frames))


def test_faults_come_on_their_turn(tmp_path, frames):
    written = []
    faults = Faults(broken=10, missing=3, swapped=4, resized=7)
    count = run_microscope(
        frames,
        tmp_path,
        kind="npy",
        rate=1e6,
        faults=faults,
        on_written=lambda number, when: written.append(number),
    )
    assert written == [0, 1, 2, 5, 4, 7, 10, 8, 11] and count == 9
    assert np.load(tmp_path / "frame_000005.npy").shape == (24, 32)
    assert np.load(tmp_path / "frame_000007.npy").shape == (18, 24)
    with pytest.raises(ValueError):
        np.load(tmp_path / "frame_000010.npy")


def test_only_the_last_files_are_kept_and_it_stops_when_told(tmp_path, frames):
    asked = itertools.count()
    run_microscope(
        endless(liquid_cell_frames(128)),
        tmp_path,
        rate=1e6,
        keep=5,
        is_stopped=lambda: next(asked) > 60,
    )
    assert len(list(tmp_path.iterdir())) == 5


def test_a_movie_is_played_forth_and_back():
    movie = liquid_cell_frames(128)
    some = list(itertools.islice(endless(movie), 122))
    np.testing.assert_array_equal(some[0], some[118])
    np.testing.assert_array_equal(some[59], movie.frame(59))
    np.testing.assert_array_equal(some[60], movie.frame(58))
