"""Corrections come back from their file as they were, and only where they belong."""

import numpy as np
import pytest

from napari_insitu_tem import Movie, MovieError
from napari_insitu_tem.io.corrections import Corrections, load_corrections, save_corrections
from napari_insitu_tem.results import Segmentation


@pytest.fixture
def segmentation(small_movie, rng):
    labels = rng.integers(0, 9, small_movie.data.shape).astype(np.int32)
    return Segmentation(labels, small_movie, corrected=frozenset({6, 2}))


def test_corrections_survive_saving_and_loading(segmentation, tmp_path):
    path = save_corrections(Corrections.of(segmentation), tmp_path / "new" / "a.tif")
    loaded = load_corrections(path)
    assert loaded.shape == segmentation.labels.shape
    assert loaded.fingerprint == segmentation.movie.fingerprint
    assert list(loaded.frames) == [2, 6]
    for frame, labels in loaded.frames.items():
        np.testing.assert_array_equal(labels, segmentation.labels[frame])


def test_a_loaded_file_can_be_saved_over_itself(segmentation, tmp_path):
    path = save_corrections(Corrections.of(segmentation), tmp_path / "a.tif")
    save_corrections(load_corrections(path), path)
    np.testing.assert_array_equal(load_corrections(path).frames[6], segmentation.labels[6])
    assert [file.name for file in tmp_path.iterdir()] == ["a.tif"]


def test_a_failed_save_leaves_the_older_file(segmentation, tmp_path):
    path = save_corrections(Corrections.of(segmentation), tmp_path / "a.tif")
    before = path.read_bytes()
    broken = {0: np.zeros((48, 64), np.int32), 1: "not an image"}
    with pytest.raises(ValueError):
        save_corrections(Corrections(segmentation.labels.shape, broken), path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_not_corrections_is_refused_in_one_line(segmentation, tmp_path):
    import tifffile

    tifffile.imwrite(tmp_path / "movie.tif", np.zeros((3, 8, 8), np.uint8))
    (tmp_path / "text.tif").write_text("hello")
    for name, words in [
        ("none.tif", "no file"),
        ("movie.tif", "does not hold corrections"),
        ("text.tif", "does not hold corrections"),
    ]:
        with pytest.raises(MovieError, match=words) as error:
            load_corrections(tmp_path / name)
        assert "\n" not in str(error.value)
    with pytest.raises(MovieError, match="nothing to save"):
        save_corrections(Corrections.of(segmentation, []), tmp_path / "b.tif")


def test_corrections_belong_to_one_shape_and_one_recording(segmentation, rng):
    corrections = Corrections.of(segmentation)
    corrections.check(segmentation)
    other = Movie(rng.poisson(9, segmentation.labels.shape), name="another")
    with pytest.raises(MovieError, match="another recording"):
        corrections.check(Segmentation(segmentation.labels, other))
    corrections.check(Segmentation(segmentation.labels, other), any_recording=True)
    shorter = Segmentation(segmentation.labels[:5], segmentation.movie.select(0, 5))
    with pytest.raises(MovieError, match=r"\(5, 48, 64\)"):
        corrections.check(shorter, any_recording=True)
