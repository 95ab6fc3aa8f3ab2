"""The edit_tracks task: repeated from its provenance, originals untouched."""

import numpy as np
import pytest

from napari_insitu_tem import Movie, Segmentation
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.edit_tracks import EditTracksSettings, edit_tracks
from napari_insitu_tem.tasks.track import tracking_from_labels


@pytest.fixture
def tracking(quiet_job):
    labels = np.zeros((6, 20, 30), np.int32)
    labels[:, 3:9, 3:9], labels[:3, 3:9, 20:26], labels[3:, 4:10, 20:26] = 1, 2, 5
    return tracking_from_labels(Segmentation(labels, Movie(labels * 10.0)), quiet_job)


def test_edits_are_repeated_from_the_recipe(tracking, quiet_job):
    edited = edit_tracks(tracking, EditTracksSettings(edits=(("join", 2, 5), ("cut", 1, 4))))
    stored = edited.provenance.steps[-1].settings
    assert stored == {"edits": [["join", 2, 5], ["cut", 1, 4]]}
    again = edit_tracks(tracking, EditTracksSettings.from_dict(stored), quiet_job)
    assert set(again.particles["track"]) == {1, 2, 3}
    np.testing.assert_array_equal(
        np.asarray(again.segmentation.labels), np.asarray(edited.segmentation.labels)
    )
    assert set(np.unique(tracking.segmentation.labels)) == {0, 1, 2, 5}


def test_a_wrong_edit_in_a_recipe_is_said_plainly():
    with pytest.raises(SettingsError, match="There is no edit 'fuse'"):
        EditTracksSettings.from_dict({"edits": [["fuse", 1, 2]]})


def test_no_edits_change_nothing(tracking):
    edited = edit_tracks(tracking)
    assert edited.particles.equals(tracking.particles)
    assert edited.segmentation.labels is tracking.segmentation.labels
