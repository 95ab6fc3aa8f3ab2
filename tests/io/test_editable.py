"""Editable labels behave like a NumPy array and never change what lies below."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.io.editable import EditableLabels
from napari_insitu_tem.io.store import new_store

SHAPE = (4, 300, 530)


def spans(size):
    return st.tuples(st.integers(0, size), st.integers(0, size)).map(
        lambda ends: slice(min(ends), max(ends))
    )


keys = st.one_of(
    st.integers(0, 3),
    st.tuples(spans(4), spans(300), spans(530)),
    st.tuples(st.integers(-4, 3), spans(300), st.integers(0, 529)),
    st.tuples(st.integers(0, 3), st.just(Ellipsis)),
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 299), st.integers(0, 529)),
        min_size=1,
        max_size=9,
        unique=True,
    ).map(lambda points: tuple(np.array(points).T)),
)


@given(st.lists(st.tuples(keys, st.integers(1, 99)), max_size=5), keys)
@settings(max_examples=40, deadline=None)
def test_reading_and_writing_is_as_with_a_numpy_array(writes, read):
    base = np.arange(np.prod(SHAPE), dtype=np.int32).reshape(SHAPE) % 7
    untouched, expected, editable = base.copy(), base.copy(), EditableLabels(base)
    for key, value in writes:
        expected[key] = value
        editable[key] = value
    np.testing.assert_array_equal(editable[read], expected[read])
    np.testing.assert_array_equal(np.asarray(editable), expected)
    np.testing.assert_array_equal(base, untouched)


def test_edits_outlive_the_frames_that_are_kept_in_memory():
    store = new_store((10, 64, 64), np.int32)
    editable = EditableLabels(store)
    for frame in range(10):
        editable[frame, 3:5, 3:5] = frame + 1
    assert [int(editable[frame].max()) for frame in range(10)] == list(range(1, 11))
    assert not np.asarray(store[:]).any()


def test_what_is_held_can_be_edited_without_the_disk():
    class Slow:
        shape, dtype, reads = (6, 600, 600), np.dtype(np.int32), 0

        def __getitem__(self, index):
            self.reads += 1
            return np.zeros(self.shape[1:], np.int32)

    base = Slow()
    editable = EditableLabels(base)
    for frame in range(6):
        editable.hold(frame, slice(100, 120), slice(200, 300))
    reads = base.reads
    points = np.arange(6), np.full(6, 110), np.full(6, 250)
    assert not editable[points].any()
    editable[points] = 5
    assert (editable[points] == 5).all()
    assert base.reads == reads
    assert editable[0][110, 250] == 5


def test_a_copy_has_edits_of_its_own_over_the_same_base():
    first = EditableLabels(np.zeros((2, 8, 8), np.int32))
    first[0, 0, 0] = 1
    second = EditableLabels(first)
    second[0, 1, 1] = 2
    assert first[0][1, 1] == 0
    assert second[0][0, 0] == 1
    with pytest.raises(IndexError, match="no frame 2"):
        first[2]
