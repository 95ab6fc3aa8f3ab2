import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.io.axes import arrange, split
from napari_insitu_tem.io.signal import Axis, ReadError, Signal

SHAPE = (5, 6, 7)
STACK = np.arange(np.prod(SHAPE)).reshape(SHAPE)


def signal(*axes, data=STACK):
    return Signal("test", data, tuple(Axis(*axis) for axis in axes))


@given(st.permutations(["t", "y", "x"]))
def test_labels_bring_any_order_to_time_height_width(order):
    positions = ["t", "y", "x"]
    data = STACK.transpose([positions.index(name) for name in order])
    arranged = arrange(signal(*((name,) for name in order), data=data))
    np.testing.assert_array_equal(arranged.data, STACK)
    assert not arranged.notes


def test_a_unit_of_time_outweighs_a_label_of_depth():
    arranged = arrange(signal(("z", 0.5, "s"), ("y",), ("x",)))
    assert arranged.time.unit == "s"
    assert "'z', in s, was taken as time" in arranged.notes[0]


def test_time_as_the_last_axis_is_found_by_its_unit():
    data = STACK.transpose(1, 2, 0)
    arranged = arrange(signal(("",), ("",), ("", 0.1, "s"), data=data))
    np.testing.assert_array_equal(arranged.data, STACK)


def test_an_unlabelled_stack_has_frames_first_and_says_so():
    arranged = arrange(signal(("",), ("",), ("",)))
    np.testing.assert_array_equal(arranged.data, STACK)
    assert "first axis is not labelled" in arranged.notes[0]


def test_square_frames_stacked_along_the_last_axis_are_recognised_and_said():
    data = np.zeros((8, 8, 30))
    arranged = arrange(signal(("",), ("",), ("",), data=data))
    assert arranged.data.shape == (30, 8, 8)
    assert "last was taken as time" in arranged.notes[0]


def test_depth_taken_for_time_is_read_as_frames_and_said():
    arranged = arrange(signal(("z", 2.5, "µm"), ("y",), ("x",)))
    assert arranged.data.shape == SHAPE
    assert "labelled 'z' (2.5 µm apart), not time" in arranged.notes[0]


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_the_user_knows_better_which_axis_is_time(axis):
    arranged = arrange(signal(("t",), ("y",), ("x",)), time_axis=axis)
    np.testing.assert_array_equal(arranged.data, np.moveaxis(STACK, axis, 0))


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(ReadError, match="no axis 3"):
        arrange(signal(("t",), ("y",), ("x",)), time_axis=3)


@pytest.mark.parametrize(
    ("axes", "data", "why"),
    [
        ((("y",), ("x",), ("Energy", 1.0, "eV")), STACK, "spectrum image"),
        ((("y",), ("x",), ("", 1.0, "keV")), STACK, "spectrum image"),
        ((("y", 1, "nm"), ("x", 1, "nm"), ("", 1, "1/nm"), ("", 1, "1/nm")),
         np.zeros((2, 3, 4, 5)), "4D-STEM"),
        ((("",),) * 4, np.zeros((2, 3, 4, 5)), "4D-STEM"),
        ((("t",), ("y",)), np.zeros((4, 5)), "line profiles"),
        ((("x",),), np.zeros(4), "spectrum or a profile"),
        ((("t",), ("y",), ("x",)), STACK.astype(complex), "complex"),
        ((("t",), ("y",), ("x",)), np.zeros((0, 4, 5)), "no pixels"),
        ((("t",), ("y",), ("x",)), np.zeros((2, 2, 2), "U3"), "not hold numbers"),
        ((("t",), ("time",), ("x",)), STACK, "two of its axes"),
    ],
)  # fmt: skip
def test_what_is_no_movie_is_refused_with_the_reason(axes, data, why):
    with pytest.raises(ReadError, match=why):
        arrange(signal(*axes, data=data))


def test_channels_become_signals_of_their_own():
    data = np.stack([STACK, STACK + 1], axis=1)
    parts = split(signal(("t",), ("c",), ("y",), ("x",), data=data))
    assert [part.name for part in parts] == ["test, channel 1", "test, channel 2"]
    np.testing.assert_array_equal(parts[1].data, STACK + 1)


def test_a_stack_whose_axis_was_called_channel_is_read_as_frames_and_said():
    (part,) = split(signal(("c",), ("y",), ("x",)))
    arranged = arrange(part)
    np.testing.assert_array_equal(arranged.data, STACK)
    assert "labelled 'c', not time" in arranged.notes[0]


def test_planes_become_signals_only_where_time_is_another_axis():
    data = np.stack([STACK, STACK + 1], axis=1)
    assert len(split(signal(("t",), ("z",), ("y",), ("x",), data=data))) == 2
    assert len(split(signal(("z",), ("y",), ("x",)))) == 1


@given(st.sets(st.integers(0, 4), max_size=2))
def test_axes_of_length_one_do_not_matter(positions):
    data, axes = STACK, [("t",), ("y",), ("x",)]
    for position in sorted(positions):
        position = min(position, data.ndim)
        data = np.expand_dims(data, position)
        axes.insert(position, ("c",))
    (part,) = split(signal(*axes, data=data))
    np.testing.assert_array_equal(arrange(part).data, STACK)


def test_a_single_frame_stays_a_movie_of_one_frame():
    (part,) = split(signal(("",), ("",), ("",), data=STACK[:1]))
    assert arrange(part).data.shape == (1, 6, 7)
    assert not arrange(part).notes
