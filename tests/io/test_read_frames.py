"""Folders and patterns of pictures."""

import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image
from test_read_formats import read

from napari_insitu_tem import AmbiguousSignal, ReadError
from napari_insitu_tem.io.formats.frames import groups, natural_key

GREY = np.random.default_rng(0).integers(0, 255, (4, 20, 24)).astype(np.uint8)


def folder(path, frames, name="frame_{}.png"):
    path.mkdir(exist_ok=True)
    for number, frame in enumerate(frames, start=8):
        picture = frame if isinstance(frame, Image.Image) else Image.fromarray(frame)
        picture.save(path / name.format(number))
    return path


def test_frames_are_in_natural_order(tmp_path):
    movie, said = read(folder(tmp_path / "run", GREY))  # 8, 9, 10, 11
    np.testing.assert_array_equal(movie.data, GREY)
    assert (movie.name, movie.pixel_size, movie.frame_time, said) == ("run", None, None, "")


def test_natural_order_counts_as_people_do(tmp_path):
    names = ["f2.png", "f10.png", "F1.png", "f1b.png", "g0.png"]
    found = sorted((tmp_path / name for name in names), key=natural_key)
    assert [file.name for file in found] == ["F1.png", "f1b.png", "f2.png", "f10.png", "g0.png"]


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda frame: Image.fromarray(frame), "uint8"),
        (lambda frame: Image.fromarray(frame).convert("RGB"), "uint8"),
        (lambda frame: Image.fromarray(frame).convert("RGBA"), "uint8"),
        (lambda frame: Image.fromarray(frame).convert("LA"), "uint8"),
        (lambda frame: Image.fromarray(frame).convert("P"), "uint8"),
        (lambda frame: Image.fromarray(frame.astype(np.uint16)), "uint16"),
    ],
)
def test_every_kind_of_grey_png_gives_the_same_pixels(tmp_path, convert, dtype):
    movie, said = read(folder(tmp_path / "run", [convert(frame) for frame in GREY]))
    np.testing.assert_array_equal(movie.data, GREY)
    assert (movie.data.dtype, said) == (dtype, "")


def test_16_bits_survive(tmp_path):
    frames = GREY.astype(np.uint16) * 257
    movie, _ = read(folder(tmp_path / "run", list(frames)))
    np.testing.assert_array_equal(movie.data, frames)


def test_black_and_white_pictures_are_0_and_1(tmp_path):
    movie, _ = read(folder(tmp_path / "run", [Image.fromarray(frame > 99) for frame in GREY]))
    np.testing.assert_array_equal(movie.data, GREY > 99)


def test_colours_are_said(tmp_path, rng):
    frames = list(rng.integers(0, 255, (3, 20, 24, 3)).astype(np.uint8))
    movie, said = read(folder(tmp_path / "run", frames))
    assert movie.data.shape == (3, 20, 24)
    assert "colours were turned into grey" in said


def test_frames_a_few_pixels_apart_are_cut_to_what_all_have(tmp_path):
    frames = [GREY[0], GREY[1][:19], GREY[2][:, :23]]
    movie, said = read(folder(tmp_path / "run", frames))
    np.testing.assert_array_equal(movie.data, GREY[:3, :19, :23])
    assert "from 19 × 23 to 20 × 24 pixels" in said


def test_frames_of_very_different_sizes_are_refused(tmp_path):
    with pytest.raises(ReadError, match="very different sizes.*frame_"):
        read(folder(tmp_path / "run", [GREY[0], GREY[1][:12]]))


def test_types_that_differ_are_said(tmp_path):
    movie, said = read(folder(tmp_path / "run", [GREY[0], GREY[1].astype(np.uint16)]))
    np.testing.assert_array_equal(movie.data, GREY[:2])
    assert "different types (uint16, uint8)" in said


def test_frames_and_masks_in_one_folder_are_two_movies(tmp_path):
    path = folder(tmp_path / "run", GREY)
    folder(path, GREY // 2, name="mask_{}.png")
    with pytest.raises(AmbiguousSignal, match="frame_#.png .*mask_#.png"):
        read(path)
    np.testing.assert_array_equal(read(path, signal="mask_#.png")[0].data, GREY // 2)


def test_a_pattern_takes_only_what_matches(tmp_path):
    path = folder(tmp_path / "run", GREY)
    folder(path, GREY // 2, name="mask_{}.png")
    movie, _ = read(f"{path}/frame_*.png")
    np.testing.assert_array_equal(movie.data, GREY)


def test_a_list_of_files_is_a_movie(tmp_path):
    path = folder(tmp_path / "run", GREY)
    movie, _ = read(sorted(path.iterdir(), reverse=True))
    np.testing.assert_array_equal(movie.data, GREY)
    assert movie.name == "run"


def test_a_stray_picture_of_another_kind_is_left_out_and_said(tmp_path):
    path = folder(tmp_path / "run", GREY)
    Image.fromarray(GREY[0]).save(path / "overview.jpg")
    movie, said = read(path)
    assert movie.n_frames == 4
    assert "1 picture of another kind" in said


def test_names_that_differ_in_more_than_numbers_are_one_movie(tmp_path):
    files = [tmp_path / f"{letter}.png" for letter in "cab"]
    assert list(groups(files)) == [""]
    assert [file.name for file in groups(files)[""]] == ["a.png", "b.png", "c.png"]


def test_tiff_frames_bring_their_calibration(tmp_path):
    for number, frame in enumerate(GREY):
        tifffile.imwrite(
            tmp_path / f"f{number}.tif", frame, imagej=True, resolution=(2, 2),
            metadata={"unit": "nm"},
        )  # fmt: skip
    movie, said = read(tmp_path)
    np.testing.assert_array_equal(movie.data, GREY)
    assert (movie.pixel_size, said) == (pytest.approx(0.5), "")


def test_tiff_frames_of_different_magnification_are_not_calibrated(tmp_path):
    for number, frame in enumerate(GREY):
        tifffile.imwrite(
            tmp_path / f"f{number}.tif", frame, imagej=True, resolution=(2 + number // 2,) * 2,
            metadata={"unit": "nm"},
        )  # fmt: skip
    movie, said = read(tmp_path)
    assert movie.pixel_size is None
    assert "different pixel sizes" in said


def test_a_folder_of_stacks_is_refused(tmp_path):
    for number in range(3):
        tifffile.imwrite(tmp_path / f"f{number}.tif", GREY, photometric="minisblack")
    with pytest.raises(ReadError, match="'f0.tif' holds several images"):
        read(tmp_path)


@pytest.mark.parametrize("broken", [0, 1, 3])
def test_a_damaged_frame_is_named(tmp_path, broken):
    path = folder(tmp_path / "run", GREY)
    victim = path / f"frame_{broken + 8}.png"
    victim.write_bytes(victim.read_bytes()[: 60 if broken else 20])
    with pytest.raises(ReadError, match=victim.name), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        movie, _ = read(path)
        list(movie.iter_frames())


def test_a_folder_without_frames_says_where_there_are_some(tmp_path):
    folder(tmp_path / "run3", GREY)
    with pytest.raises(ReadError, match="holds no frames .*; open one of its folders: run3"):
        read(tmp_path)


def test_a_single_picture_is_a_movie_of_one_frame(tmp_path):
    Image.fromarray(GREY[0]).save(tmp_path / "a.bmp")
    movie, _ = read(tmp_path / "a.bmp")
    np.testing.assert_array_equal(movie.data, GREY[:1])
