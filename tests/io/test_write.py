"""What is written is read back: pixels, calibration, history; whole or not at all."""

import json
import tracemalloc
import warnings

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_insitu_tem import (
    Cancelled,
    Job,
    Movie,
    Provenance,
    Segmentation,
    Step,
    Tracking,
    read_labels,
    read_movie,
    write_labels,
    write_movie,
)
from napari_insitu_tem.io.lazy import FrameReader, as_movie_data

FORMATS = [".ome.tif", ".ome.zarr"]
QUIET = Job(on_progress=lambda progress: None, on_log=lambda message: None)
LABELS = np.zeros((4, 20, 24), np.int32)
LABELS[1, 2:5, 3:9], LABELS[3, 10:, 10:] = 3, 70_000

positive = st.one_of(st.none(), st.floats(1e-4, 1e4))
stacks = arrays.arrays(
    st.sampled_from([np.uint8, np.uint16, np.int16, np.int32, np.uint32, np.float32, np.float64]),
    st.tuples(st.integers(1, 4), st.integers(4, 9), st.integers(4, 9)),
    elements={"allow_nan": False, "allow_infinity": False},
)


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=12, deadline=None)
@given(
    data=stacks,
    size=positive,
    step=st.one_of(st.none(), st.floats(1e-6, 1e4)),
    dose=st.one_of(st.none(), st.floats(1e-6, 1e6)),
)
def test_pixels_calibration_and_history_survive(tmp_path_factory, suffix, data, size, step, dose):
    start = "2024-05-31T13:45:00"
    movie = Movie(
        data, pixel_size=size, frame_time=step, dose=dose, name="Au <in> H₂O & more",
        metadata={"start_time": start},
    )  # fmt: skip
    history = movie.history().then(Step("align", {"method": "phase"}, seconds=1.5))
    path = tmp_path_factory.mktemp("out") / f"a{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_movie(movie.replace(provenance=history), path, QUIET)
        back = read_movie(path)
    np.testing.assert_array_equal(np.asarray(back.data), data)
    assert back.data.dtype == data.dtype
    assert back.pixel_size == (None if size is None else pytest.approx(size, rel=1e-12))
    assert back.frame_time == (None if step is None else pytest.approx(step, rel=1e-12))
    assert back.dose == dose
    assert back.metadata["start_time"] == start
    assert back.metadata["signal"] == movie.name
    assert back.provenance == history


@pytest.mark.parametrize("suffix", [*FORMATS, ".npy", ".tif"])
def test_a_lazy_movie_is_written_frame_by_frame(tmp_path, small_movie, suffix):
    lazy = small_movie.replace(data=da.from_array(small_movie.data, chunks=(3, -1, -1)))
    path = write_movie(lazy, tmp_path / "deep" / f"a{suffix}", QUIET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(np.asarray(read_movie(path).data), small_movie.data)


def test_the_tiff_is_what_other_programs_expect(tmp_path, small_movie):
    path = write_movie(small_movie, tmp_path / "a.ome.tif", QUIET)
    with tifffile.TiffFile(path) as file:
        assert file.is_ome
        assert file.series[0].axes == "TYX"
        assert not file.is_bigtiff
        assert file.pages[0].compression == tifffile.COMPRESSION.ADOBE_DEFLATE
        pixels = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]["Pixels"]
    assert pixels["PhysicalSizeX"] == pixels["PhysicalSizeY"] == 0.5
    assert (pixels["PhysicalSizeXUnit"], pixels["TimeIncrement"]) == ("nm", 0.1)


def test_the_zarr_is_ome_0_5(tmp_path, small_movie):
    import zarr

    group = zarr.open_group(str(write_movie(small_movie, tmp_path / "a.ome.zarr", QUIET)), mode="r")
    ome = group.attrs["ome"]
    assert ome["version"] == "0.5"
    (multiscale,) = ome["multiscales"]
    assert [axis["unit"] for axis in multiscale["axes"]] == ["second", "nanometer", "nanometer"]
    assert multiscale["datasets"][0]["coordinateTransformations"][0]["scale"] == [0.1, 0.5, 0.5]
    assert group["0"].chunks == (1, 48, 64)


def test_a_movie_too_large_for_classic_tiff_becomes_bigtiff(tmp_path, monkeypatch, small_movie):
    monkeypatch.setattr("napari_insitu_tem.io.write._CLASSIC_TIFF_BYTES", 1000)
    with tifffile.TiffFile(write_movie(small_movie, tmp_path / "a.ome.tif", QUIET)) as file:
        assert file.is_bigtiff


def test_64_bit_integers_find_a_type_that_images_have(tmp_path, small_movie):
    for low, high, dtype in [(0, 4e9, "uint32"), (-5, 2e9, "int32"), (-5, 4e9, "float64")]:
        data = np.array([[[low, high]] * 4], np.int64)
        path = write_movie(Movie(data, name="a"), tmp_path / "a.ome.tif", QUIET)
        back = read_movie(path)
        np.testing.assert_array_equal(np.asarray(back.data), data)
        assert back.data.dtype == dtype


def test_the_table_of_frames_travels_with_the_movie(tmp_path, small_movie):
    table = pd.DataFrame({"time_s": np.arange(8) * 0.1, "temperature_C": np.linspace(20, 400, 8)})
    path = write_movie(small_movie.replace(frames=table), tmp_path / "a.ome.tif", QUIET)
    pd.testing.assert_frame_equal(read_movie(path).frames, table)
    write_movie(small_movie, path, QUIET)
    assert read_movie(path).frames is None


def test_the_history_lies_beside_the_file(tmp_path, small_movie):
    path = write_movie(small_movie, tmp_path / "a.ome.tif", QUIET)
    beside = tmp_path / "a.ome.tif.provenance.json"
    assert json.loads(beside.read_text())["fingerprint"] == small_movie.fingerprint
    assert {file.name for file in tmp_path.iterdir()} == {path.name, beside.name}


@pytest.mark.parametrize("suffix", [*FORMATS, ".npy"])
def test_a_cancel_leaves_nothing_and_spares_what_was_there(tmp_path, small_movie, suffix):
    path = write_movie(small_movie, tmp_path / f"a{suffix}", QUIET)
    before = sorted(file.name for file in tmp_path.iterdir())
    done = []
    job = Job(on_progress=done.append, is_cancelled=lambda: len(done) > 3)
    with pytest.raises(Cancelled):
        write_movie(small_movie.replace(data=small_movie.data + 1), path, job)
    assert sorted(file.name for file in tmp_path.iterdir()) == before
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(np.asarray(read_movie(path).data), small_movie.data)


@pytest.mark.parametrize("suffix", [*FORMATS, ".npy"])
def test_memory_does_not_grow_with_the_number_of_frames(tmp_path, suffix):
    frame = np.random.default_rng(0).integers(0, 99, (256, 256)).astype(np.uint16)

    def peak(n_frames):
        data = as_movie_data(FrameReader((n_frames, 256, 256), np.uint16, lambda index: frame))
        movie = Movie(data, name="long", provenance=Provenance("x", "y"))
        tracemalloc.start()
        try:
            write_movie(movie, tmp_path / f"a{n_frames}{suffix}", QUIET)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(20)  # imports
    assert peak(480) < 1.3 * peak(240)


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.csv"])
def test_an_unknown_suffix_is_refused_before_anything_is_written(tmp_path, small_movie, name):
    with pytest.raises(ValueError, match=r"name it .ome.tif, .ome.zarr or .npy"):
        write_movie(small_movie, tmp_path / name, QUIET)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [*FORMATS, ".npy"])
def test_masks_keep_their_values(tmp_path, suffix):
    path = write_labels(LABELS, tmp_path / f"a{suffix}", QUIET, pixel_size=0.5, frame_time=0.1)
    labels, known = read_labels(path)
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(np.asarray(labels), LABELS)
    calibrated = suffix != ".npy"
    assert known["pixel_size"] == (0.5 if calibrated else None)
    assert known["frame_time"] == (0.1 if calibrated else None)


def test_masks_are_as_small_as_their_values_allow(tmp_path):
    small = write_labels(np.minimum(LABELS, 3), tmp_path / "small.ome.tif", QUIET)
    large = write_labels(LABELS, tmp_path / "large.ome.tif", QUIET)
    assert tifffile.TiffFile(small).series[0].dtype == np.uint16
    assert tifffile.TiffFile(large).series[0].dtype == np.int32


@pytest.mark.parametrize("suffix", FORMATS)
def test_corrections_and_history_of_masks_survive(tmp_path, suffix):
    movie = Movie(np.zeros(LABELS.shape, np.uint8), pixel_size=2.0, frame_time=0.5, name="rods")
    history = movie.history().then(Step("segment"))
    masks = Segmentation(LABELS, movie, corrected=frozenset({0, 3}), provenance=history)
    labels, known = read_labels(write_labels(masks, tmp_path / f"a{suffix}", QUIET))
    np.testing.assert_array_equal(np.asarray(labels), LABELS)
    assert known["corrected"] == {0, 3}
    assert known["provenance"] == history
    assert (known["pixel_size"], known["frame_time"]) == (2.0, 0.5)


@pytest.mark.parametrize("suffix", FORMATS)
def test_where_a_crop_was_cut_from_survives(tmp_path, suffix):
    movie = Movie(np.zeros(LABELS.shape, np.uint8), pixel_size=2.0, origin=(12.0, 3.25))
    assert read_movie(write_movie(movie, tmp_path / f"a{suffix}", QUIET)).origin == movie.origin
    for labels in (Segmentation(LABELS, movie), LABELS):
        path = write_labels(labels, tmp_path / f"b{suffix}", QUIET, origin=movie.origin)
        assert read_labels(path)[1]["origin"] == movie.origin
    whole = read_movie(write_movie(movie.replace(origin=(0, 0)), tmp_path / f"a{suffix}", QUIET))
    assert whole.origin == (0, 0)


def test_the_masks_of_a_tracking_are_written_with_its_history(tmp_path):
    movie = Movie(np.zeros(LABELS.shape, np.uint8), name="rods")
    history = movie.history().then(Step("track"))
    table = pd.DataFrame({"frame": [1], "label": [3], "track": [3], "y": [3.0], "x": [5.0]})
    tracking = Tracking(table, Segmentation(LABELS, movie), provenance=history)
    labels, known = read_labels(write_labels(tracking, tmp_path / "a.ome.tif", QUIET))
    np.testing.assert_array_equal(np.asarray(labels), LABELS)
    assert known["provenance"] == history


@pytest.mark.parametrize("wrong", [LABELS / 2, LABELS - 5, np.zeros((2, 3, 4, 5), int)])
def test_what_are_no_masks_is_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match="Masks"):
        write_labels(wrong, tmp_path / "a.ome.tif", QUIET)
    assert not list(tmp_path.iterdir())


def test_a_picture_of_brightness_is_not_taken_for_masks(tmp_path):
    write_movie(Movie(np.zeros((2, 8, 8), np.float32), name="a"), tmp_path / "a.ome.tif", QUIET)
    with pytest.raises(ValueError, match="does not hold masks"):
        read_labels(tmp_path / "a.ome.tif")
