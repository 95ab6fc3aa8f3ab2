"""The real files beside the checkout: what they claim, what is true, what is refused."""

import warnings

import numpy as np
import pytest
from test_read_formats import read

from napari_insitu_tem import ReadError
from napari_insitu_tem.io.describe import describe
from napari_insitu_tem.io.read import list_signals

pytestmark = pytest.mark.recordings

DM_STACK = "test_loading_image_saved_with_DM_stack.tif"
IJ_STACK = "test_loading_image_saved_with_imageJ_stack.tif"
IJ_PLAIN = "test_loading_image_saved_with_imageJ_stack_no_scale.tif"

# File: shape, pixel size in nm, frame time in s, clock time, words that must be said.
EXPECTED = {
    "64x64x5_TEM_preview.emi": ((5, 64, 64), 6.281834, None, "2016-02-21T17:49:05", ["frames"]),
    "64x64x5_TEM_preview_1.ser": ((5, 64, 64), 6.281834, None, "2016-02-21T17:49:05", ["frames"]),
    "128x128x5-diffraction_preview.emi": (
        (5, 128, 128), None, None, "2016-02-22T18:18:34", ["diffraction"]),
    "128x128x5-diffraction_preview_1.ser": (
        (5, 128, 128), None, None, "2016-02-22T18:18:34", ["diffraction"]),
    "20241021_00405_movie.mrc": ((32, 4, 8), None, None, None, ["claims -10 Å", "volume"]),
    "HAADFscan.mrc": ((1, 16, 16), 5.679131, None, "2022-12-05T12:13:07.000", []),
    "Fei HAADF-FR_location.dm3": ((1, 4, 16), 5.506073, None, "2016-08-27T20:55:20", []),
    "test_STEM_image.dm3": ((1, 68, 68), 0.248538, None, "2016-08-08T16:26:37", []),
    "test_stackbuilder_imagestack.dm3": (
        (3, 2, 16), 59.9829, None, "2015-05-17T17:00:16", ["not labelled"]),
    "Si100_3D.emd": ((37, 22, 22), 0.25, None, None, ["bin_outer_angle", "mrad", "not time"]),
    "example_image.emd": ((1, 3, 3), None, None, None, ["default scale of 1"]),
    "fei_example_tem_stack.emd": (
        (2, 3, 3), 0.008172883, 0.8, "2019-12-05T10:03:44+00:00", []),
    DM_STACK: ((2, 68, 68), None, 2.5, None, ["168.7 nm wide but 1687 nm high", "image series"]),
    IJ_STACK: ((2, 68, 68), 168.6747, None, None, ["labelled 'z' (2.5 micron apart), not time"]),
    IJ_PLAIN: ((2, 68, 68), None, None, None, ["labelled 'z', not time"]),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_each_file_is_read_right_and_what_it_claims_wrongly_is_refused(recordings, name):
    shape, size, step, start, words = EXPECTED[name]
    movie, said = read(recordings / "formats" / name)
    assert movie.data.shape == shape
    assert movie.pixel_size == (None if size is None else pytest.approx(size, rel=1e-5))
    assert movie.frame_time == step
    assert movie.dose is None
    assert movie.metadata.get("start_time") == start
    assert isinstance(movie.metadata["original"], dict)
    assert all(word in said for word in words), said
    assert bool(said) == bool(words), said


def test_complex_data_are_refused(recordings):
    path = recordings / "formats" / "test-3.dm4"
    with pytest.raises(ReadError, match="complex numbers .* save its modulus"):
        read(path)
    (info,) = list_signals(path)
    assert not info.is_movie
    assert "not a movie" in describe(path)


def test_the_pixels_are_those_that_rosettasciio_reads(recordings):
    import importlib

    plugins = {".emi": "tia", ".ser": "tia", ".mrc": "mrc", ".emd": "emd", ".tif": "tiff"}
    for name in EXPECTED:
        plugin = plugins.get(name[-4:], "digitalmicrograph")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader = importlib.import_module(f"rsciio.{plugin}").file_reader
            peer = reader(str(recordings / "formats" / name))[0]["data"]
        movie, _ = read(recordings / "formats" / name)
        np.testing.assert_array_equal(np.asarray(movie.data).reshape(peer.shape), peer, name)


@pytest.mark.parametrize(
    ("place", "shape", "dtype"),
    [
        ("sintering-bf/images", (20, 512, 512), "uint8"),
        ("sintering-bf/labels", (20, 512, 512), "uint8"),
        ("liquid-rod/frames", (50, 1024, 1024), "uint8"),
        ("liquid-rod/masks", (50, 1024, 1024), "uint8"),
        ("ti-annealing/loop-1691-1698", (8, 550, 420), "uint8"),
        ("ti-annealing/line-1770-1786", (17, 660, 660), "uint8"),
        ("haadf-atoms/images", (14, 512, 512), "uint16"),
        ("stem-graphene/movie.mp4", (115, 200, 232), "uint8"),
    ],
)
def test_each_recording_opens(recordings, place, shape, dtype):
    movie, _ = read(recordings / place)
    assert (movie.data.shape, movie.data.dtype) == (shape, dtype)
    assert movie.pixel_size is None
    frames = [movie.frame(index) for index in (0, shape[0] // 2, shape[0] - 1)]
    assert all(np.ptp(frame) > 0 for frame in frames)


def test_the_frames_of_a_folder_are_in_the_order_of_their_numbers(recordings):
    from PIL import Image

    folder = recordings / "sintering-bf" / "images"
    numbers = sorted(int(file.stem.split("_")[1]) for file in folder.iterdir())
    movie, _ = read(folder)
    for index, number in enumerate(numbers):
        picture = np.asarray(Image.open(folder / f"image_{number}.png").convert("L"))
        np.testing.assert_array_equal(movie.frame(index), picture)


def test_frames_of_two_recordings_at_once_are_refused(recordings):
    with pytest.raises(ReadError, match="very different sizes"):
        read(f"{recordings}/ti-annealing/*/*.png")


@pytest.mark.parametrize(
    ("name", "size"),
    [("supracrystal/SAMPLE_0001.tif", 2.592833), ("low-dose/train-0001.tif", 2.988457),
     ("low-dose/liquid-cell-sample.tif", None), ("fringes/carbon-fringes.tif", None)],
)  # fmt: skip
def test_images_are_calibrated_where_their_tags_are_about_the_specimen(recordings, name, size):
    movie, said = read(recordings / name)
    assert movie.pixel_size == (None if size is None else pytest.approx(size, rel=1e-5))
    assert ("72 dots per inch" in said) == (size is None)


def test_a_folder_tree_of_digitalmicrograph_frames_is_one_movie(recordings, tmp_path):
    source = recordings / "formats" / "test_STEM_image.dm3"
    for second in (9, 10):
        folder = tmp_path / f"Second_{second}"
        folder.mkdir()
        for frame in (0, 1):
            (folder / f"Frame_{frame}.dm3").write_bytes(source.read_bytes())
    for place, n_frames in ((tmp_path / "Second_9", 2), (f"{tmp_path}/**/*.dm3", 4)):
        movie, said = read(place)
        assert movie.data.shape == (n_frames, 68, 68)
        assert movie.pixel_size == pytest.approx(0.248538, rel=1e-5)
        assert movie.metadata["start_time"] == "2016-08-08T16:26:37"
        assert said == ""


def test_a_folder_of_digitalmicrograph_stacks_is_refused(recordings, tmp_path):
    source = recordings / "formats" / "test_stackbuilder_imagestack.dm3"
    for number in range(2):
        (tmp_path / f"{number}.dm3").write_bytes(source.read_bytes())
    with pytest.raises(ReadError, match="more than one image"):
        read(tmp_path)
