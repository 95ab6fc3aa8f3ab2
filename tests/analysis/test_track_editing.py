"""Edits of tracks: table, graph and masks tell the same story."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from napari_insitu_tem.analysis.track_editing import (
    EditError,
    RelabelledFrames,
    apply_edits,
    check_edit,
    describe_edit,
)

FRAMES = 8


@pytest.fixture
def scene():
    """Tracks 1 and 2 all along, 3 in frames 0–3, 4 in frames 4–7 (a child of 1)."""
    return make_scene()


def make_scene():
    labels = np.zeros((FRAMES, 4, 5), np.int32)
    labels[:, 0, 0], labels[:, 1, 1] = 1, 2
    labels[:4, 2, 2], labels[4:, 3, 3] = 3, 4
    rows = [
        {"track": n, "frame": t, "y": float(y), "x": float(x), "orientation": 10.0 * n + 80 * t,
         "symmetry": 4}
        for t, y, x in zip(*np.nonzero(labels), strict=True)
        for n in [labels[t, y, x]]
    ]  # fmt: skip
    table = pd.DataFrame(rows).sort_values(["track", "frame"]).reset_index(drop=True)
    return table, {4: [1]}, labels


def agree(table, labels):
    """Table and masks name the same particle the same."""
    for row in table.itertuples():
        assert labels[row.frame][int(row.y), int(row.x)] == row.track
    named = sum(len(np.unique(labels[t])) - 1 for t in range(FRAMES))
    assert named == len(table)


def test_join_makes_one_track_of_two(scene):
    table, _, labels = apply_edits(*scene, [("join", 3, 4)])
    assert table.loc[table["track"] == 3, "frame"].tolist() == list(range(8))
    agree(table, labels)


def test_cut_gives_a_new_number_from_the_frame_on(scene):
    table, graph, labels = apply_edits(*scene, [("cut", 1, 3)])
    assert table.loc[table["track"] == 5, "frame"].tolist() == [3, 4, 5, 6, 7]
    assert graph == {4: [5]}
    agree(table, labels)


def test_delete_takes_track_masks_and_relations_away(scene):
    table, graph, labels = apply_edits(*scene, [("delete", 1)])
    assert 1 not in set(table["track"]) and graph == {}
    agree(table, labels)


def test_swap_exchanges_from_the_frame_on_and_its_children_too(scene):
    table, graph, labels = apply_edits(*scene, [("swap", 1, 2, 2)])
    assert labels[1][0, 0] == 1 and labels[2][0, 0] == 2 and labels[2][1, 1] == 1
    assert graph == {4: [2]}
    agree(table, labels)


def test_swapping_twice_changes_nothing(scene):
    table, graph, labels = apply_edits(*scene, [("swap", 1, 2, 3), ("swap", 2, 1, 3)])
    pd.testing.assert_frame_equal(
        table.drop(columns="orientation"), scene[0].drop(columns="orientation")
    )
    assert graph == scene[1]
    np.testing.assert_array_equal(np.asarray(labels), scene[2])


def test_angles_are_continuous_after_a_join(scene):
    table, _, _ = apply_edits(*scene, [("join", 3, 4)])
    turns = np.abs(np.diff(table.loc[table["track"] == 3, "orientation"]))
    assert turns.max() <= 45


def test_nothing_that_came_in_is_modified(scene):
    before = [scene[0].copy(), dict(scene[1]), scene[2].copy()]
    apply_edits(*scene, [("swap", 1, 2, 2), ("delete", 1), ("rename", 2, 9)])
    pd.testing.assert_frame_equal(scene[0], before[0])
    assert scene[1] == before[1]
    np.testing.assert_array_equal(scene[2], before[2])


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (("join", 1, 2), "both in frame 0"),
        (("join", 1, 1), "two different tracks"),
        (("cut", 3, 0), "runs from frame 0 to 3"),
        (("cut", 3, 4), "runs from frame 0 to 3"),
        (("delete", 77), "no track 77"),
        (("swap", 3, 3, 1), "two different"),
        (("rename", 1, 2), "taken"),
        (("rename", 1, 0), "above 0"),
        (("melt", 1), "no edit 'melt'"),
        (("cut", 1), "takes 2 whole numbers"),
        (("cut", 1, "x"), "takes 2 whole numbers"),
    ],
)
def test_an_impossible_edit_is_refused_in_plain_words(scene, edit, says):
    with pytest.raises(EditError, match=says):
        apply_edits(*scene, [edit])


def test_every_edit_can_be_said_in_words():
    assert describe_edit(("swap", 2, 5, 60)) == "Swap tracks 2 and 5 from frame 60 on"
    assert check_edit(("delete", 9)) == ("delete", 9)


@given(st.lists(st.sampled_from(range(12)), max_size=6), st.integers(0, 2**31))
@example(kinds=[0, 2, 0, 0, 1], seed=129191)
@settings(max_examples=60, deadline=None)
def test_table_and_masks_agree_after_any_edits(kinds, seed):
    rng = np.random.default_rng(seed)
    table, graph, labels = make_scene()
    edits = []
    for kind in kinds:
        tracks = rng.integers(1, 8, 2).tolist()
        frame = int(rng.integers(0, FRAMES))
        edit = (
            ("join", *tracks), ("cut", tracks[0], frame), ("delete", tracks[0]),
            ("swap", *tracks, frame), ("rename", *tracks),
        )[kind % 5]  # fmt: skip
        try:
            apply_edits(table, graph, labels, [*edits, edit])
        except EditError:
            continue
        edits.append(edit)
    new, relations, masks = apply_edits(table, graph, labels, edits)
    agree(new, masks)
    assert set(relations) <= set(new["track"])
    assert {p for parents in relations.values() for p in parents} <= set(new["track"])
    # One after another is the same as all at once.
    step = (table, graph, labels)
    for edit in edits:
        step = apply_edits(*step, [edit])
    assert step[1] == relations
    np.testing.assert_array_equal(np.asarray(step[2]), np.asarray(masks))


@pytest.mark.parametrize(
    "index",
    [3, -1, slice(2, 5), slice(None, None, 3), (2, slice(1, 3)), (slice(None), 0, 0), ...,
     (..., 1), slice(0, 0), (np.array([0, 5, 5]), np.array([0, 1, 3]), np.array([0, 1, 3]))],
)  # fmt: skip
def test_renumbered_frames_index_like_an_array(scene, index):
    _, _, labels = apply_edits(*scene, [("swap", 1, 2, 2), ("delete", 3)])
    assert isinstance(labels, RelabelledFrames)
    np.testing.assert_array_equal(labels[index], np.asarray(labels)[index])
