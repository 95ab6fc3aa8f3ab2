"""Frames in the middle of their neighbours."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.analysis.neighbours import mirrored, with_neighbours


@given(st.integers(2, 12), st.integers(0, 4))
def test_every_frame_is_in_the_middle_and_never_its_own_neighbour(count, reach):
    frames = [np.full((1, 1), number) for number in range(count)]
    stacks = list(with_neighbours(frames, reach))
    assert len(stacks) == count
    for number, stack in enumerate(stacks):
        places = stack[:, 0, 0]
        assert len(places) == 2 * reach + 1
        assert places[reach] == number
        assert number not in np.delete(places, reach)
        for step, place in enumerate(places, start=-reach):
            if 0 <= number + step < count:
                assert place == number + step


def test_a_single_frame_is_all_there_is():
    assert mirrored(1, 0, 0) == 0
    assert np.array_equal(next(with_neighbours([np.ones((2, 2))], 2)), np.ones((5, 2, 2)))
