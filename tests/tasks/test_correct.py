"""Stored corrections are put back onto fresh masks."""

import numpy as np
import pytest

from napari_insitu_tem import Job, MovieError
from napari_insitu_tem.io.corrections import Corrections, save_corrections
from napari_insitu_tem.io.store import new_store
from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.results import Segmentation
from napari_insitu_tem.tasks.correct import CorrectSettings, correct


@pytest.fixture
def corrected(small_movie, rng):
    labels = rng.integers(0, 9, small_movie.data.shape).astype(np.int32)
    return Segmentation(labels, small_movie, corrected=frozenset({1, 5}))


@pytest.fixture
def settings(corrected, tmp_path):
    path = save_corrections(Corrections.of(corrected), tmp_path / "corrections.tif")
    return CorrectSettings(corrections=str(path))


def test_corrections_survive_a_rerun(corrected, settings, quiet_job):
    fresh = Segmentation(np.zeros_like(corrected.labels), corrected.movie)
    result = correct(fresh, settings, quiet_job)
    assert result.corrected == {1, 5}
    for frame in range(fresh.n_frames):
        expected = corrected.frame(frame) if frame in (1, 5) else 0
        np.testing.assert_array_equal(result.frame(frame), expected)
    assert not fresh.labels.any()
    assert result.provenance.steps[-1].settings["corrections"] == settings.corrections


def test_corrections_lie_over_masks_that_are_too_large_for_memory(corrected, settings, quiet_job):
    store = new_store(corrected.labels.shape, np.int32)
    result = correct(Segmentation(store, corrected.movie), settings, quiet_job)
    np.testing.assert_array_equal(result.frame(5), corrected.frame(5))
    assert not result.frame(0).any()
    assert not np.asarray(store[:]).any()


def test_without_a_file_the_masks_are_passed_on(corrected):
    said = []
    result = correct(corrected, CorrectSettings(), Job(on_log=said.append))
    np.testing.assert_array_equal(result.labels, corrected.labels)
    assert result.corrected == corrected.corrected
    assert "as they are" in said[0]


def test_other_shapes_and_recordings_are_refused(corrected, settings, quiet_job):
    short = Segmentation(corrected.labels[:4], corrected.movie.select(0, 4))
    with pytest.raises(MovieError, match="crop, bin and cut"):
        correct(short, settings, quiet_job)
    other = Segmentation(corrected.labels, corrected.movie.replace(data=corrected.movie.data + 1))
    with pytest.raises(MovieError, match="another recording"):
        correct(other, settings, quiet_job)
    allowed = CorrectSettings(corrections=settings.corrections, any_recording=True)
    assert correct(other, allowed, quiet_job).corrected == {1, 5}


def test_it_can_be_cancelled(corrected, settings):
    with pytest.raises(Cancelled):
        correct(corrected, settings, Job(on_progress=lambda _: None, is_cancelled=lambda: True))
