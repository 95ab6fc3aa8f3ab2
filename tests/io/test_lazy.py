import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.io.lazy import (
    FrameReader,
    LazyArray,
    StoredFrames,
    View,
    as_movie_data,
    grey,
    has_colours,
    pick,
    transpose,
)

FRAMES = np.random.default_rng(0).integers(0, 1000, (12, 9, 11)).astype(np.uint16)


class Recorder:
    """An array that remembers what was read from it."""

    def __init__(self, array):
        self.array, self.asked = array, []
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, key):
        self.asked.append(key)
        return self.array[key]


@pytest.mark.parametrize("n_frames", [12, 40_000])
def test_one_frame_is_read_when_one_frame_is_asked_for(n_frames):
    source = Recorder(np.broadcast_to(FRAMES[:1], (n_frames, 9, 11)))
    data = as_movie_data(source)
    source.asked.clear()
    np.asarray(data[n_frames // 2])
    assert len(source.asked) == 1
    assert source.asked[0][0] == n_frames // 2


def test_blocks_hold_whole_frames_of_a_few_megabytes():
    data = as_movie_data(Recorder(np.broadcast_to(np.uint16(0), (500, 1024, 1024))))
    assert data.chunks[1:] == ((1024,), (1024,))
    assert 1e6 < data.blocks[0].nbytes < 16e6


slices = st.one_of(
    st.integers(0, 8), st.tuples(st.integers(0, 8), st.integers(0, 11)).map(lambda ab: slice(*ab))
)


@given(slices, slices, slices)
def test_a_frame_reader_slices_like_an_array(t, y, x):
    reader = FrameReader(FRAMES.shape, FRAMES.dtype, lambda index: FRAMES[index])
    np.testing.assert_array_equal(reader[t, y, x], FRAMES[t, y, x])
    np.testing.assert_array_equal(reader[t], FRAMES[t])


@given(st.permutations([0, 1, 2]), slices, slices, slices)
def test_a_view_slices_like_a_transposed_array(order, a, b, c):
    view = View(FRAMES, list(order), {})
    assert view.shape == FRAMES.transpose(order).shape
    wanted = (slice(None),) * 3
    np.testing.assert_array_equal(view[wanted], FRAMES.transpose(order))
    np.testing.assert_array_equal(view[a, b, c], FRAMES.transpose(order)[a, b, c])


@given(st.integers(0, 2), st.integers(0, 8))
def test_a_position_picked_lazily_is_the_same_picked_at_once(axis, index):
    source = LazyArray(FRAMES, FRAMES.dtype)
    np.testing.assert_array_equal(pick(source, axis, index)[:, :], FRAMES.take(index, axis))


@given(st.one_of(slices, st.integers(0, 11), st.just(slice(1, 9, 3))), slices)
def test_stored_frames_slice_like_the_map_that_they_replace(tmp_path_factory, t, y):
    path = tmp_path_factory.getbasetemp() / "stored.npy"
    np.save(path, FRAMES)
    array = np.load(path, mmap_mode="r")
    stored = LazyArray(array, array.dtype)._array
    assert isinstance(stored, StoredFrames)
    np.testing.assert_array_equal(stored[t, y], FRAMES[t, y])
    np.testing.assert_array_equal(stored[t], FRAMES[t])


@pytest.mark.parametrize("part", [np.s_[2:], np.s_[:, 1:], np.s_[:, :, ::2], np.s_[::-1], np.s_[3]])
def test_a_part_of_a_map_is_read_where_it_lies(tmp_path, part):
    np.save(tmp_path / "a.npy", FRAMES)
    array = np.load(tmp_path / "a.npy", mmap_mode="r")[part]
    np.testing.assert_array_equal(LazyArray(array, array.dtype)[:], FRAMES[part])


def test_views_of_views_compose():
    source = LazyArray(FRAMES[np.newaxis], FRAMES.dtype)
    view = transpose(pick(source, 0, 0), [2, 0, 1])
    np.testing.assert_array_equal(as_movie_data(view), FRAMES.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("stored", "seen"),
    [("bool", "uint8"), (">u2", "uint16"), (">f4", "float32"), ("f2", "float32"), ("u4", "uint32")],
)
def test_types_that_libraries_stumble_over_are_made_plain(stored, seen):
    array = (FRAMES > 500) if stored == "bool" else FRAMES.astype(stored)
    for source in (array, da.from_array(array), LazyArray(array, array.dtype)):
        data = as_movie_data(source)
        assert data.dtype == np.dtype(seen)
        np.testing.assert_array_equal(np.asarray(data), array.astype(seen))


@given(st.integers(0, 65535), st.sampled_from(["uint8", "uint16", "uint32", "float32"]))
def test_grey_in_colours_keeps_its_exact_value(value, dtype):
    value = value % 256 if dtype == "uint8" else value
    samples = np.full((2, 3, 3), value, dtype)
    assert grey(samples).dtype == samples.dtype
    np.testing.assert_allclose(grey(samples), value, rtol=1e-6)
    assert not has_colours(samples)


def test_colours_become_their_brightness():
    red, green = np.array([[[255, 0, 0]]], np.uint8), np.array([[[0, 255, 0]]], np.uint8)
    assert has_colours(red)
    assert grey(red)[0, 0] == 76
    assert grey(green)[0, 0] == 150


def test_transparency_is_dropped():
    samples = np.stack([FRAMES[0], np.full_like(FRAMES[0], 7)], axis=-1)
    np.testing.assert_array_equal(grey(samples), FRAMES[0])
