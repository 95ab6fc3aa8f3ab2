"""Folders of noisy and clean images."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_insitu_tem.learning.image_folders import FolderOfImagePairs
from napari_insitu_tem.learning.recipes import TrainRecipe

rng = np.random.default_rng(0)
CLEAN = rng.random((3, 24, 32), np.float32)
NOISY = CLEAN + rng.normal(0, 0.1, CLEAN.shape).astype(np.float32)


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, array, photometric="minisblack")


def test_two_folders_pair_by_name(tmp_path):
    for index in range(3):
        write(tmp_path / "low dose" / f"{index}.tif", NOISY[index])
        write(tmp_path / "high dose" / f"{index}.tif", CLEAN[index])
    found = FolderOfImagePairs(tmp_path)
    assert len(found) == 3
    assert np.array_equal(found.sample(1).noisy[0], NOISY[1])
    assert np.array_equal(found.sample(1).clean, CLEAN[1])


@pytest.mark.parametrize("ending", ["", "_noisy"])
def test_clean_images_may_lie_beside_noisy_ones(tmp_path, ending):
    for index in range(2):
        write(tmp_path / f"grain{index}{ending}.tif", NOISY[index])
        write(tmp_path / f"grain{index}_clean.tif", CLEAN[index])
    found = FolderOfImagePairs(tmp_path)
    assert np.array_equal(found.sample(1).clean, CLEAN[1])


def test_a_movie_of_noisy_frames_may_have_one_clean_image(tmp_path):
    write(tmp_path / "noisy" / "a.tif", NOISY)
    write(tmp_path / "clean" / "a.tif", CLEAN[0])
    found = FolderOfImagePairs(tmp_path)
    assert len(found) == 3
    assert np.array_equal(found.sample(2).noisy[0], NOISY[2])
    assert np.array_equal(found.sample(2).clean, CLEAN[0])
    assert len(set(found.recordings)) == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"noisy/a.tif": NOISY[0], "clean/a.tif": CLEAN[0][:20]}, "24 × 32 px.*20 × 32 px"),
        ({"noisy/a.tif": NOISY, "clean/a.tif": CLEAN[:2]}, "3 frames.*2 frames"),
        ({"noisy/a.tif": NOISY[0]}, "No pairs of image and clean image.*'noisy' and 'clean'"),
        ({"a.tif": NOISY[0], "b.tif": NOISY[1], "b_clean.tif": CLEAN[1]}, "a_clean.tif"),
        ({"noisy/a.tif": NOISY[0] * np.nan, "clean/a.tif": CLEAN[0]}, "'a.tif'.*not numbers"),
        ({"a.tif": NOISY[0], "a_clean.tif": CLEAN[0], "a_truth.tif": CLEAN[0]}, "two clean ones"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_in_one_line(tmp_path, files, words):
    for name, array in files.items():
        write(tmp_path / name, array)
    with pytest.raises(ValueError, match=words) as refused:
        FolderOfImagePairs(tmp_path)
    assert "\n" not in str(refused.value)


def test_a_denoising_recipe_reads_pairs_of_images_and_sets_the_last_aside(tmp_path):
    for index in range(3):
        write(tmp_path / f"{index}.tif", NOISY[index])
        write(tmp_path / f"{index}_clean.tif", CLEAN[index])
    recipe = TrainRecipe.from_dict(
        {"name": "r", "task": "denoise", "channels": ["image"],
         "data": {"kind": "folder", "folder": str(tmp_path)}}
    )  # fmt: skip
    training, held = recipe.sets()
    assert len(training) == 2 and len(held) == 1
    assert np.array_equal(held.sample(0).clean, CLEAN[2])
