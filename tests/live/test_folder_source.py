"""A folder that frames are written into, with all that goes wrong in one."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile
from frame_files import EDGE, encoded, frame, noted, numbers, taken
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.io.read import read_movie
from napari_insitu_tem.live.folder import FolderSource

KINDS = ("npy", "tif", "tif-zlib", "png", "mrc")


@pytest.fixture
def source(tmp_path):
    return FolderSource(tmp_path, settle=0.0, patience=0.3)


def put(folder, number, kind="npy", name="frame_{:04d}"):
    path = Path(folder) / f"{name.format(number)}.{kind.split('-')[0]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(frame(number), kind))
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_its_pixels(source, tmp_path, kind):
    put(tmp_path, 7, kind)
    (one,) = taken(source)
    np.testing.assert_array_equal(one.pixels, frame(7))
    assert one.number == 7 and one.name.startswith("frame_0007")
    assert abs(one.arrived - time.time()) < 20


def test_frames_come_in_natural_order_and_only_once(source, tmp_path):
    for number in (10, 9, 2, 1):
        put(tmp_path, number, name="f{}")
    assert numbers(taken(source, 4)) == [1, 2, 9, 10]
    put(tmp_path, 11, name="f{}")
    assert numbers(taken(source)) == [11]
    assert source.look() == 0 and source.take() is None


@given(cut=st.floats(0, 0.999), kind=st.sampled_from(KINDS))
def test_a_file_cut_off_anywhere_is_never_taken_for_a_frame(tmp_path_factory, cut, kind):
    folder = tmp_path_factory.mktemp("cut")
    path = put(folder, 3, kind)
    blob = path.read_bytes()
    end = int(cut * len(blob))
    if kind == "png" and end > len(blob) - 24:
        return  # all pixels are there; only checksums and the end mark are not
    path.write_bytes(blob[:end])
    source = FolderSource(folder, settle=0.0, patience=0.0)
    for _ in range(4):
        source.look()
        assert source.take() is None
    (note,) = source.notes.take()
    assert path.name in note and source.lost == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_half_written_file_is_taken_when_it_is_whole_and_holds_up_no_other(
    source, tmp_path, kind
):
    first = put(tmp_path, 1, kind)
    blob = first.read_bytes()
    first.write_bytes(blob[: len(blob) // 2])
    put(tmp_path, 2, kind)
    (second,) = taken(source)
    assert numbers([second]) == [2] and not second.late
    first.write_bytes(blob)
    (late,) = taken(source)
    assert numbers([late]) == [1] and late.late
    assert "later" in " ".join(source.notes.take()) and source.lost == 0


def test_a_file_that_keeps_changing_is_waited_for(tmp_path):
    source = FolderSource(tmp_path, settle=30.0)
    put(tmp_path, 1)
    for _ in range(5):
        source.look()
        assert source.take() is None


def test_files_that_were_there_for_long_are_taken_without_settling(tmp_path):
    path = put(tmp_path, 1)
    os.utime(path, (time.time() - 100,) * 2)
    source = FolderSource(tmp_path, settle=30.0)
    assert numbers(taken(source)) == [1]


def test_a_missing_frame_is_told_once_and_nothing_waits_for_it(source, tmp_path):
    for number in (1, 2, 3, 4, 6, 7):
        put(tmp_path, number)
    assert numbers(taken(source, 6)) == [1, 2, 3, 4, 6, 7]
    assert "Frame 5 is missing." in noted(source, "missing")


def test_a_frame_out_of_order_is_late_but_not_missing(source, tmp_path):
    for number in (1, 2, 3, 5):
        put(tmp_path, number)
    assert numbers(taken(source, 4)) == [1, 2, 3, 5]
    put(tmp_path, 4)
    (late,) = taken(source)
    assert late.late and numbers([late]) == [4]
    time.sleep(0.4)
    source.look()
    assert "missing" not in " ".join(source.notes.take())


def test_many_broken_files_hold_up_no_whole_one(tmp_path):
    source = FolderSource(tmp_path, settle=0.0, patience=60.0)
    for number in range(40):
        (tmp_path / f"frame_{number:04d}.npy").write_bytes(b"half")
    put(tmp_path, 40)
    assert numbers(taken(source)) == [40]


def test_a_broken_frame_is_not_told_to_be_missing_as_well(tmp_path):
    source = FolderSource(tmp_path, settle=0.0, patience=1.2)
    for number in (1, 2, 3, 5):
        put(tmp_path, number)
    (tmp_path / "frame_0004.npy").write_bytes(b"half")
    assert numbers(taken(source, 4)) == [1, 2, 3, 5]
    assert "missing" not in noted(source, "frame_0004")


def test_numbers_that_count_by_twos_or_tell_the_time_are_not_missing(source, tmp_path):
    for number in (2, 4, 6, 8, 10):
        put(tmp_path, number)
    for number in (20260101123001117, 20260101123001161, 20260101123001240, 20260101123001260):
        (tmp_path / f"z_{number}.npy").write_bytes(encoded(frame(1), "npy"))
    assert len(taken(source, 9)) == 9
    time.sleep(0.4)
    source.look()
    assert source.notes.take() == []


def test_a_file_that_vanishes_is_noted(source, tmp_path):
    path = put(tmp_path, 1)
    source.look()
    path.unlink()
    assert "gone" in noted(source, "frame_0001")


def test_what_is_no_single_frame_is_left_out_with_a_word(source, tmp_path):
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((5, EDGE, EDGE), np.uint16))
    np.save(tmp_path / "spectrum.npy", np.zeros(9))
    np.save(tmp_path / "wave.npy", np.zeros((9, 9), complex))
    (tmp_path / "notes.txt").write_text("x")
    put(tmp_path, 1, name="later_{}")
    assert numbers(taken(source)) == [1]
    told = noted(source, "wave.npy")
    assert "stack.tif" in told and "spectrum.npy" in told and "notes.txt" not in told


def test_only_files_of_the_pattern_count(tmp_path):
    source = FolderSource(tmp_path, pattern="frame_*.npy", settle=0.0)
    put(tmp_path, 1, name="mask_{}")
    put(tmp_path, 2)
    assert numbers(taken(source)) == [2]
    assert source.look() == 0


def test_a_folder_that_comes_later_is_waited_for(tmp_path):
    source = FolderSource(tmp_path / "later", settle=0.0)
    assert source.look() == 0
    put(tmp_path / "later", 1)
    assert numbers(taken(source)) == [1]


def test_the_newest_can_be_seen_before_its_turn(source, tmp_path):
    for number in range(1, 6):
        put(tmp_path, number)
    (tmp_path / "frame_0006.npy").write_bytes(b"half")
    source.look()
    assert numbers([source.peek()]) == [5] and source.look() == 6
    assert numbers(taken(source, 5)) == [1, 2, 3, 4, 5]


def test_skipping_keeps_the_last(source, tmp_path):
    for number in range(1, 21):
        put(tmp_path, number)
    source.look()
    assert source.skip(3) == 17
    assert numbers(taken(source, 3)) == [18, 19, 20]


def test_colours_become_grey_and_other_types_plain(source, tmp_path):
    grey = np.arange(EDGE * EDGE, dtype=np.uint8).reshape(EDGE, EDGE)
    tifffile.imwrite(tmp_path / "a_1.tif", np.stack([grey] * 3, -1), photometric="rgb")
    np.save(tmp_path / "a_2.npy", grey.astype(">f4")[None])
    np.save(tmp_path / "a_3.npy", grey > 9)
    first, second, third = taken(source, 3)
    np.testing.assert_array_equal(first.pixels, grey)
    assert second.pixels.dtype == np.dtype("f4") and second.pixels.shape == (EDGE, EDGE)
    assert third.pixels.dtype == np.uint8


def tree(hour, minute, second, number):
    parts = f"Hour_{hour:02d}", f"Minute_{minute:02d}", f"Second_{second:02d}"
    return "/".join(parts) + f"/live_{'_'.join(parts)}_Frame_" + f"{number:04d}"


def test_a_tree_of_hours_minutes_and_seconds_is_followed_as_it_grows(source, tmp_path):
    places = [(0, 0, 58, 0), (0, 0, 58, 1), (0, 0, 59, 0), (0, 1, 0, 0), (0, 1, 0, 1), (1, 0, 0, 0)]
    for number, place in enumerate(places):
        put(tmp_path, number, "tif", name=tree(*place))
        (one,) = taken(source)
        assert numbers([one]) == [number] and not one.late
        assert one.name.startswith("Hour_") and one.number == number


def test_a_frame_that_comes_late_into_an_older_second_is_found(source, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_insitu_tem.live.folder._WHOLE_TREE", 0.1)
    for second in range(5):
        put(tmp_path, second, "tif", name=tree(0, 0, second, 0))
    assert numbers(taken(source, 5)) == [0, 1, 2, 3, 4]
    put(tmp_path, 77, "tif", name=tree(0, 0, 0, 1))
    (late,) = taken(source)
    assert late.late and numbers([late]) == [77]


def test_the_pixel_size_comes_from_the_frames_or_from_the_side_file(tmp_path):
    options = {"resolution": (1e7 / 0.25, 1e7 / 0.25), "resolutionunit": "CENTIMETER"}
    for folder in ("tif", "side"):
        (tmp_path / folder).mkdir()
    tifffile.imwrite(tmp_path / "tif" / "f1.tif", frame(1), **options)
    put(tmp_path / "side", 1)
    (tmp_path / "side" / "live.json").write_text('{"pixel_size_nm": 0.5}')
    sizes = {
        folder: taken(FolderSource(tmp_path / folder, settle=0.0))[0].pixel_size
        for folder in ("tif", "side")
    }
    assert sizes["side"] == 0.5
    assert sizes["tif"] is None or sizes["tif"] == pytest.approx(0.25)
    (tmp_path / "side" / "live.json").write_text("[]")
    assert "live.json" in noted(FolderSource(tmp_path / "side", settle=0.0), "live.json")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="Linux tells which files are open")
def test_no_file_stays_open(source, tmp_path):
    for number, kind in enumerate(KINDS):
        put(tmp_path, number, kind)
    assert len(taken(source, len(KINDS))) == len(KINDS)
    held = [link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [path for path in held if str(tmp_path) in str(path)]


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["Fei HAADF-FR_location.dm3", "test_STEM_image.dm3"])
def test_a_digitalmicrograph_file_gives_its_pixels_and_pixel_size(
    source, tmp_path, recordings, name
):
    original = recordings / "formats" / name
    blob = original.read_bytes()
    path = tmp_path / "frame_1.dm3"
    path.write_bytes(blob[: len(blob) // 3])
    source.look()
    assert source.take() is None
    shutil.copy(original, path)
    (one,) = taken(source)
    movie = read_movie(original)
    np.testing.assert_array_equal(one.pixels, movie.frame(0))
    assert one.pixel_size == movie.pixel_size
