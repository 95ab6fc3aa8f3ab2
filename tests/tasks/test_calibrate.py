"""Calibrate: units, crops, cuts and bins, and what they do to the calibration."""

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.calibrate import CalibrateSettings, calibrate


def run(movie, job=None, **values):
    return calibrate(movie, CalibrateSettings(**values), job)


def lazy(movie):
    return movie.replace(data=da.from_array(movie.data, chunks=(3, 20, 20)))


def test_by_default_nothing_changes(small_movie):
    result = run(small_movie)
    assert result.data is small_movie.data
    assert (result.pixel_size, result.frame_time) == (0.5, 0.1)
    assert [step.task for step in result.provenance.steps] == ["calibrate"]


def test_what_is_typed_is_set(small_movie):
    result = run(small_movie, pixel_size=0.2, frame_time=2.0, dose=30.0)
    assert (result.pixel_size, result.frame_time, result.dose) == (0.2, 2.0, 30.0)
    assert small_movie.pixel_size == 0.5


def test_a_measured_scale_bar_gives_the_pixel_size(small_movie):
    result = run(small_movie, scale_bar_length=50, scale_bar_pixels=200)
    assert result.pixel_size == 0.25


def test_a_burned_in_scale_bar_is_found(small_movie):
    data = small_movie.data.copy()
    data[:, 40:44, 5:45] = 1000
    assert run(small_movie.replace(data=data), scale_bar_length=20).pixel_size == pytest.approx(
        0.5, rel=1e-3
    )


def test_a_missing_scale_bar_is_said(small_movie):
    with pytest.raises(MovieError, match="No scale bar was found"):
        run(small_movie, scale_bar_length=20)


def test_a_pixel_size_beside_a_scale_bar_is_refused(small_movie):
    with pytest.raises(SettingsError, match="Both a pixel size and a scale bar"):
        run(small_movie, scale_bar_length=20, scale_bar_pixels=10, pixel_size=1)


def test_a_measured_bar_without_its_length_is_refused(small_movie):
    with pytest.raises(SettingsError, match="enter its length"):
        run(small_movie, scale_bar_pixels=10)


@pytest.mark.parametrize("make", [lambda movie: movie, lazy])
def test_crop_and_cut_keep_the_right_part(small_movie, make):
    movie = make(small_movie)
    result = run(
        movie, crop_top=2, crop_bottom=3, crop_left=4, crop_right=5, first_frame=1, last_frame=6
    )
    np.testing.assert_array_equal(np.asarray(result.data), small_movie.data[1:7, 2:45, 4:59])
    assert (result.pixel_size, result.frame_time) == (0.5, 0.1)


@settings(max_examples=30, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 12), st.integers(1, 12)),
    size=st.integers(1, 4),
    count=st.integers(1, 4),
    dtype=st.sampled_from(["uint8", "int16", "uint16", "float32"]),
    chunked=st.booleans(),
)
def test_sums_keep_every_count_of_whole_bins(shape, size, count, dtype, chunked):
    data = np.random.default_rng(0).integers(0, 120, shape).astype(dtype)
    if dtype == "uint8":
        data[:] = 255  # the worst for overflow
    movie = Movie(data, pixel_size=0.1, frame_time=1.0, dose=2.0)
    if chunked:
        movie = movie.replace(data=da.from_array(data, chunks=(2, 5, 3)))
    if size > min(shape[1:]) or count > shape[0]:
        with pytest.raises(MovieError, match="larger than the movie"):
            run(movie, bin=size, bin_frames=count)
        return
    result = run(movie, bin=size, bin_frames=count, bin_by="sum")
    whole = [n - n % step for n, step in zip(shape, (count, size, size), strict=True)]
    kept = data[: whole[0], : whole[1], : whole[2]].astype(float)
    assert np.asarray(result.data).astype(float).sum() == kept.sum()
    assert result.data.dtype == np.asarray(result.data).dtype
    means = run(movie, bin=size, bin_frames=count)
    assert np.asarray(means.data).mean() == pytest.approx(kept.mean(), rel=1e-5)
    assert result.pixel_size == pytest.approx(0.1 * size)
    assert result.frame_time == pytest.approx(1.0 * count)
    assert result.dose == means.dose == pytest.approx(2.0 * count)


def test_binning_reads_nothing_until_asked(small_movie):
    def refuse(block):
        raise AssertionError("read too early")

    data = da.from_array(small_movie.data, chunks=(1, -1, -1)).map_blocks(
        refuse, dtype=np.uint16, meta=np.empty((0, 0, 0), np.uint16)
    )
    movie = Movie(data, pixel_size=1.0)
    object.__setattr__(movie, "fingerprint", "not read")
    result = run(movie, bin=2, bin_frames=2, crop_top=3, first_frame=1)
    assert result.data.shape == (3, 22, 32)


def test_rows_of_the_table_follow_cut_and_bin(small_movie):
    table = pd.DataFrame(
        {
            "time_s": np.arange(8.0),
            "temperature_C": [20.0, 30, np.nan, 50, 60, 70, 80, 90],
            "note": list("abcdefgh"),
        }
    )
    result = run(small_movie.replace(frames=table), first_frame=1, bin_frames=3)
    assert result.frames["time_s"].tolist() == [2.0, 5.0]
    assert result.frames["temperature_C"].tolist() == [40.0, 70.0]
    assert result.frames["note"].tolist() == ["b", "e"]
    assert result.time.tolist() == [2.0, 5.0]


def test_a_new_frame_time_replaces_the_times_in_the_table(small_movie):
    table = pd.DataFrame({"time_s": np.arange(8) * 0.1})
    result = run(small_movie.replace(frames=table), frame_time=2.0)
    assert result.time.tolist() == [0, 2, 4, 6, 8, 10, 12, 14]


def test_a_cut_moves_the_clock_time_of_the_first_frame(small_movie):
    movie = small_movie.replace(metadata={"start_time": "2022-09-23T12:55:20"})
    assert run(movie, first_frame=5).metadata["start_time"] == "2022-09-23T12:55:20.500000"
    without_frame_time = movie.replace(frame_time=None)
    assert "start_time" not in run(without_frame_time, first_frame=5).metadata


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("make", [lambda movie: movie, lazy])
def test_the_time_axis_is_put_first_and_foreign_calibration_dropped(small_movie, make, axis):
    result = run(make(small_movie), time_axis=axis, frame_time=3.0)
    np.testing.assert_array_equal(np.asarray(result.data), np.moveaxis(small_movie.data, axis, 0))
    assert (result.pixel_size, result.frame_time) == (None, 3.0)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"crop_top": 30, "crop_bottom": 18}, "leave nothing of 48 rows"),
        ({"crop_left": 64}, "leave nothing of 64 columns"),
        ({"first_frame": 8}, "there is no frame 8"),
        ({"first_frame": 5, "last_frame": 4}, "The cut is empty"),
        ({"bin": 49}, "larger than the movie"),
        ({"bin_frames": 9}, "larger than the movie"),
    ],
)
def test_what_leaves_nothing_is_refused_in_plain_words(small_movie, values, says):
    with pytest.raises(MovieError, match=says):
        run(small_movie, **values)


def test_settings_survive_a_round_trip():
    values = CalibrateSettings(pixel_size=0.5, crop_bottom=146, time_axis=1)
    assert CalibrateSettings.from_dict(values.to_dict()) == values


def test_a_crop_and_a_bin_say_where_they_lie(small_movie):
    assert run(small_movie, crop_top=3, crop_left=7, crop_right=1).origin == (3, 7)
    assert run(small_movie, first_frame=1).origin == (0, 0)
    # The middle of four pixels from 8 on is at 9.5, of which the unit is four pixels now.
    assert run(small_movie, crop_top=8, crop_left=8, bin=4).origin == (9.5 / 4, 9.5 / 4)
    assert run(run(small_movie, crop_top=8), time_axis=1).origin == (0, 0)
