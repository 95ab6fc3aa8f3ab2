"""Movie: what it accepts, what it refuses, and how it is read."""

import dask.array as da
import numpy as np
import pandas as pd
import pytest

from napari_insitu_tem import CalibrationWarning, Movie, MovieError


def test_a_still_image_is_a_movie_of_one_frame():
    assert Movie(np.zeros((4, 5))).data.shape == (1, 4, 5)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (np.zeros((2, 3, 4, 5)), "4 dimensions"),
        (np.zeros(7), "1 dimensions"),
        (np.zeros((0, 4, 5)), "empty"),
        (np.zeros((2, 4, 5), complex), "complex"),
    ],
)
def test_what_is_no_movie_is_refused_in_plain_words(data, words):
    with pytest.raises(MovieError, match=words):
        Movie(data, name="thing")


@pytest.mark.parametrize("field", ["pixel_size", "frame_time", "dose"])
@pytest.mark.parametrize("value", [-1.0, 0.0, np.nan, np.inf])
def test_a_nonsense_calibration_is_left_out_with_a_warning(field, value):
    with pytest.warns(CalibrationWarning, match=field.replace("_", " ")):
        movie = Movie(np.zeros((2, 4, 5)), **{field: value})
    assert getattr(movie, field) is None


def test_iterating_a_lazy_movie_gives_its_frames_in_order_a_block_at_a_time():
    data = np.arange(40 * 6).reshape(40, 2, 3)
    read = []

    def load(block):
        read.append(block.shape[0])
        return block

    lazy = da.from_array(data, chunks=(8, 2, 3)).map_blocks(load, meta=data[:0])
    frames = list(Movie(lazy).iter_frames())
    np.testing.assert_array_equal(np.stack(frames), data)
    assert sum(read) == 40


def test_selecting_frames_keeps_their_rows_of_the_table():
    table = pd.DataFrame({"temperature_C": np.arange(6.0)})
    part = Movie(np.zeros((6, 2, 2)), frames=table).select(2, 5)
    assert part.n_frames == 3
    assert list(part.frames["temperature_C"]) == [2.0, 3.0, 4.0]


def test_a_table_of_another_length_is_refused():
    with pytest.raises(MovieError, match="6 frames, but"):
        Movie(np.zeros((6, 2, 2)), frames=pd.DataFrame({"time_s": [1.0]}))


def test_the_fingerprint_tells_movies_and_calibrations_apart(small_movie):
    same = small_movie.replace(name="other name")
    assert same.fingerprint == small_movie.fingerprint
    assert small_movie.replace(pixel_size=1.0).fingerprint != small_movie.fingerprint
    changed = small_movie.data.copy()
    changed[0, 0, 0] += 1
    assert small_movie.replace(data=changed).fingerprint != small_movie.fingerprint


def test_times_come_from_the_table_before_the_frame_time():
    movie = Movie(np.zeros((3, 2, 2)), frame_time=0.5)
    np.testing.assert_allclose(movie.time, [0, 0.5, 1.0])
    uneven = movie.replace(frames=pd.DataFrame({"time_s": [0.0, 0.4, 1.2]}))
    np.testing.assert_allclose(uneven.time, [0, 0.4, 1.2])
    assert Movie(np.zeros((3, 2, 2))).time is None


def test_a_crop_knows_where_it_was_cut_from(small_movie):
    part = small_movie.crop(slice(3, 20), slice(5, 30))
    again = part.crop(slice(2, 10), slice(0, 10))
    np.testing.assert_array_equal(again.data, small_movie.data[:, 5:13, 5:15])
    assert (part.origin, again.origin) == ((3.0, 5.0), (5.0, 5.0))
    assert again.select(1, 2).origin == again.origin
