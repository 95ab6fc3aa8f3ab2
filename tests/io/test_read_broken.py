"""Damaged, empty and foreign files: one clear line each, never a library's traceback."""

import traceback

import numpy as np
import pytest
import tifffile
from microscope_files import FRAMES, berkeley_emd, hspy, mrc, ser, video
from PIL import Image
from test_read_formats import read

from napari_insitu_tem import ReadError
from napari_insitu_tem.io.describe import describe
from napari_insitu_tem.io.read import SUFFIXES

AXES = [("time", "s", 1.0), ("y", "nm", 1.0), ("x", "nm", 1.0)]


def picture(path):
    Image.fromarray((FRAMES[0] * 2).astype(np.uint8)).save(path)


MAKERS = {
    "a.npy": lambda path: np.save(path, FRAMES),
    "a.tif": lambda path: tifffile.imwrite(path, FRAMES, photometric="minisblack"),
    "pages.tif": lambda path: pages(path),
    "packed.tif": lambda path: tifffile.imwrite(path, FRAMES, compression="zlib"),
    "a.ome.tif": lambda path: tifffile.imwrite(path, FRAMES, metadata={"axes": "TYX"}),
    "ij.tif": lambda path: tifffile.imwrite(path, FRAMES, imagej=True),
    "a.mrc": lambda path: mrc(path, FRAMES),
    "a_1.ser": lambda path: ser(path, FRAMES, 1e-9),
    "a.hspy": lambda path: hspy(path, FRAMES, [(*axis, axis[0] == "time") for axis in AXES]),
    "a.emd": lambda path: berkeley_emd(path, {"movie": (FRAMES, AXES)}),
    "a.mp4": lambda path: video(path, (FRAMES * 2).astype(np.uint8), "libx264", "yuv420p"),
    "a.png": picture,
    "a.jpg": picture,
}  # fmt: skip


def pages(path):
    with tifffile.TiffWriter(path) as file:
        for frame in FRAMES:
            file.write(frame, contiguous=False, metadata=None)


def assert_one_line(error, name):
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith((f"'{name}'", "There is no"))
    assert len(message) < 400
    shown = "".join(traceback.format_exception(error.value))
    assert "site-packages" not in shown, "a library's traceback would be shown"
    assert "Error" not in message.replace("ReadError", "")


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("part", [0.05, 0.8])
def test_a_file_that_is_cut_off_is_refused_in_one_line(tmp_path, name, part):
    path = tmp_path / name
    MAKERS[name](path)
    read(path)
    (tmp_path / "cut").mkdir()
    cut = tmp_path / "cut" / name
    cut.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(ReadError) as error:
        read(cut)
    assert_one_line(error, name)


EVERY_SUFFIX = sorted(set(SUFFIXES) - {"zarr", "zspy"})


@pytest.mark.parametrize("suffix", EVERY_SUFFIX)
@pytest.mark.parametrize("content", ["", "noise", "text"])
def test_what_is_no_such_file_is_refused_in_one_line(tmp_path, suffix, content, rng):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(
        {
            "": b"",
            "noise": rng.bytes(5000),
            "text": b"Monday: heated to 400 C, saw nothing. " * 100,
        }[content]
    )
    with pytest.raises(ReadError) as error:
        read(path)
    assert_one_line(error, path.name)
    if not content:
        assert "empty (0 bytes)" in str(error.value)


def test_a_file_that_is_not_there_is_said(tmp_path):
    for wanted in ("a.tif", "run*/a_*.png"):
        with pytest.raises(ReadError, match="There is no file") as error:
            read(tmp_path / wanted)
        assert_one_line(error, wanted)


@pytest.mark.parametrize("name", ["notes.md", "data.xyz", "README"])
def test_an_unknown_suffix_is_answered_with_the_known_ones(tmp_path, name):
    (tmp_path / name).write_text("hello")
    with pytest.raises(ReadError, match=r"dm3, dm4, .* tif") as error:
        read(tmp_path / name)
    assert_one_line(error, name)


@pytest.mark.parametrize("name", ["empty", "empty.zarr", "empty.zspy"])
def test_an_empty_folder_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(ReadError) as error:
        read(tmp_path / name)
    assert_one_line(error, name)


def test_no_traceback_of_a_library_hangs_on_the_error(tmp_path):
    path = tmp_path / "a.dm4"
    path.write_bytes(b"\0" * 3000)
    with pytest.raises(ReadError) as error:
        read(path)
    shown = "".join(traceback.format_exception(error.value))
    assert "rsciio" not in shown


def test_describing_a_damaged_file_gives_the_same_line(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0garbage")
    with pytest.raises(ReadError, match="'a.tif' cannot be opened"):
        describe(path)
