"""Files that grow by a frame at a time: MRC, raw pixels, TIFF stacks."""

import time

import numpy as np
import pytest
import tifffile
from frame_files import EDGE, frame, mrc_header, noted, numbers, taken
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.live.frames import SourceError
from napari_insitu_tem.live.growing import mrc_source, raw_source
from napari_insitu_tem.live.growing_tiff import TiffSource
from napari_insitu_tem.live.opening import open_source
from napari_insitu_tem.live.settings import LiveSettings


def grow(path, blob):
    with path.open("ab") as file:
        file.write(blob)


@given(pieces=st.lists(st.integers(1, 3000), min_size=1, max_size=12))
def test_whatever_the_writer_flushes_only_whole_frames_are_taken(tmp_path_factory, pieces):
    path = tmp_path_factory.mktemp("mrc") / "a.mrc"
    source = mrc_source(path)
    frames = [frame(number, (8, 8)) for number in range(40)]
    blob = mrc_header(frames[0]) + b"".join(one.tobytes() for one in frames)
    written, got = 0, []
    for piece in pieces:
        grow(path, blob[written : written + piece])
        written = min(len(blob), written + piece)
        source.look()
        while (one := source.take()) is not None:
            got.append(one)
    assert len(got) == max(0, written - 1024) // 128
    for one, expected in zip(got, frames, strict=False):
        np.testing.assert_array_equal(one.pixels, expected)


def test_an_mrc_file_gives_its_pixel_size_before_its_header_is_finished(tmp_path):
    path = tmp_path / "a.mrc"
    grow(path, mrc_header(frame(0), pixel_size=0.25) + frame(0).tobytes() + frame(1).tobytes())
    first, second = taken(mrc_source(path), 2)
    assert first.pixel_size == second.pixel_size == pytest.approx(0.25)
    assert (first.number, second.number) == (0, 1)


def test_raw_pixels_with_header_and_gaps_are_followed(tmp_path):
    path = tmp_path / "a.raw"
    source = raw_source(path, (EDGE, EDGE), ">u2", offset=10, gap=4)
    assert source.look() == 0
    blob = b"x" * 10
    for number in range(3):
        blob += frame(number).astype(">u2").tobytes() + b"gap."
    grow(path, blob[:-4])
    frames = taken(source, 3)
    assert numbers(frames) == [0, 1, 2] and frames[0].pixels.dtype == np.dtype("u2")


def test_a_file_that_is_begun_anew_is_followed_from_its_start(tmp_path):
    path = tmp_path / "a.mrc"
    source = mrc_source(path)
    grow(path, mrc_header(frame(0)) + frame(0).tobytes() + frame(1).tobytes())
    assert numbers(taken(source, 2)) == [0, 1]
    small = frame(5, (16, 16))
    path.write_bytes(mrc_header(small) + small.tobytes())
    (again,) = taken(source)
    assert again.pixels.shape == (16, 16) and again.number == 0
    assert "anew" in " ".join(source.notes.take())


@pytest.mark.parametrize("kind", ["mrc", "tif"])
def test_skipping_keeps_the_last_frames(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    if kind == "mrc":
        grow(path, mrc_header(frame(0)) + b"".join(frame(n).tobytes() for n in range(20)))
    else:
        with tifffile.TiffWriter(path) as file:
            for number in range(20):
                file.write(frame(number), contiguous=False)
    source = open_source(path)
    assert source.look() == 20
    assert numbers([source.peek()]) == [19] and source.look() == 20
    assert source.skip(2) == 18
    frames = taken(source, 2)
    assert numbers(frames) == [18, 19] and [one.number for one in frames] == [18, 19]


def test_a_file_without_a_header_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("napari_insitu_tem.live.growing._PATIENCE", 0.05)
    path = tmp_path / "a.mrc"
    path.write_bytes(b"\0" * 5000)
    assert "raw pixels" in noted(mrc_source(path), "header")


def test_a_tiff_stack_is_followed_page_by_page(tmp_path):
    path = tmp_path / "a.tif"
    source = TiffSource(path)
    assert source.look() == 0 and len(source.notes.take()) == 1
    shapes = [(EDGE, EDGE)] * 3 + [(16, 24)]  # pages may differ in size
    with path.open("w+b", buffering=0) as handle, tifffile.TiffWriter(handle) as file:
        for number, shape in enumerate(shapes):
            compression = "zlib" if number == 1 else None
            file.write(frame(number, shape), contiguous=False, compression=compression)
            (one,) = taken(source)
            np.testing.assert_array_equal(one.pixels, frame(number, shape))
            assert one.number == number
    assert source.look() == 0 and source.notes.take() == []


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_every_flavour_of_tiff_is_walked_through(tmp_path, big, byteorder):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, bigtiff=big, byteorder=byteorder) as file:
        for number in range(5):
            file.write(frame(number), contiguous=False)
    assert numbers(taken(TiffSource(path), 5)) == [0, 1, 2, 3, 4]


def test_a_page_that_is_half_there_is_waited_for(tmp_path):
    whole = tmp_path / "whole.tif"
    with tifffile.TiffWriter(whole) as file:
        for number in range(3):
            file.write(frame(number), contiguous=False)
    blob = whole.read_bytes()
    path = tmp_path / "a.tif"
    source = TiffSource(path)
    got = []
    for end in range(0, len(blob) + 400, 400):
        path.write_bytes(b"")
        grow(path, blob[:end])
        source._size = min(source._size, end)  # grown, not begun anew
        source.look()
        while (one := source.take()) is not None:
            got.append(one)
    assert numbers(got) == [0, 1, 2]


def test_a_stack_that_is_written_as_one_block_is_told_of(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, frame(0))
    source = TiffSource(path)
    assert numbers(taken(source)) == [0]
    for number in range(1, 6):
        grow(path, frame(number).tobytes())
        source.look()
        time.sleep(0.01)
    assert "one block" in " ".join(source.notes.take())


def test_what_cannot_be_followed_says_what_can(tmp_path):
    with pytest.raises(SourceError, match="MRC"):
        open_source(tmp_path / "movie.mp4")
    with pytest.raises(SourceError, match="Choose"):
        open_source("")
    with pytest.raises(SourceError, match="type"):
        open_source(tmp_path / "a.raw", LiveSettings(raw_height=4, raw_width=4, raw_type="pixels"))
    raw = open_source(tmp_path / "a.dat", LiveSettings(raw_height=4, raw_width=4))
    assert raw.look() == 0
