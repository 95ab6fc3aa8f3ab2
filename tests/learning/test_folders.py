"""Folders of pairs: how files find each other, and what is said when they do not."""

import numpy as np
import pytest
import tifffile
from skimage.io import imsave
from toy_frames import pairs

from napari_insitu_tem.learning.folders import FolderOfPairs
from napari_insitu_tem.learning.samples import SampleError

IMAGES, LABELS = pairs(4)


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        imsave(path, array, check_contrast=False)
    else:
        tifffile.imwrite(path, array, photometric="minisblack")


def write_pairs(folder, names, *, images="images", labels="labels"):
    for name, image, label in zip(names, IMAGES, LABELS, strict=False):
        write(folder / images / f"{name}.tif", image)
        write(folder / labels / f"{name}.tif", label.astype(np.uint16))


def test_files_of_two_folders_belong_together_by_name(tmp_path):
    write_pairs(tmp_path, ["b", "a", "c"])
    found = FolderOfPairs(tmp_path)
    assert len(found) == 3
    np.testing.assert_array_equal(found.sample(0).image, IMAGES[1])
    np.testing.assert_array_equal(found.sample(0).labels[0], LABELS[1])


def test_files_whose_names_do_not_agree_belong_together_in_natural_order(tmp_path):
    for number in (1, 2, 10):
        write(tmp_path / "images" / f"frame{number}.tif", IMAGES[number % 4])
        write(tmp_path / "masks" / f"result-{number}.tif", LABELS[number % 4].astype(np.uint8))
    found = FolderOfPairs(tmp_path)
    for index, number in enumerate((1, 2, 10)):
        np.testing.assert_array_equal(found.sample(index).labels[0], LABELS[number % 4])


def test_labels_may_lie_beside_their_images(tmp_path):
    write(tmp_path / "one.tif", IMAGES[0])
    write(tmp_path / "one_labels.tif", LABELS[0].astype(np.uint16))
    write(tmp_path / "two.tif", IMAGES[1])
    write(tmp_path / "two_mask.png", ((LABELS[1] > 0) * 255).astype(np.uint8))
    found = FolderOfPairs(tmp_path)
    assert len(found) == 2
    np.testing.assert_array_equal(found.sample(1).labels[0] > 0, LABELS[1] > 0)


def test_a_mask_of_one_value_is_divided_into_its_connected_parts(tmp_path):
    labels = np.zeros((40, 40), np.uint8)
    labels[3:9, 3:9] = labels[20:30, 20:30] = 255
    write(tmp_path / "images" / "a.tif", IMAGES[0])
    write(tmp_path / "masks" / "a.png", labels)
    assert set(np.unique(FolderOfPairs(tmp_path).sample(0).labels)) == {0, 1, 2}


def test_a_movie_counts_as_its_frames_and_as_one_recording(tmp_path):
    write(tmp_path / "images" / "run1.tif", np.stack(IMAGES))
    write(tmp_path / "labels" / "run1_labels.tif", np.stack(LABELS).astype(np.uint16))
    write(tmp_path / "images" / "run2.tif", IMAGES[3])
    write(tmp_path / "labels" / "run2_labels.tif", LABELS[3].astype(np.uint16))
    found = FolderOfPairs(tmp_path)
    assert len(found) == 5
    assert len(set(found.recordings)) == 2
    assert len(set(found.recordings[:4])) == 1
    np.testing.assert_array_equal(found.sample(2).labels[0], LABELS[2])


def test_several_folders_of_labels_are_several_layers(tmp_path):
    write(tmp_path / "images" / "a.tif", IMAGES[0])
    write(tmp_path / "labels 1" / "a.tif", LABELS[0].astype(np.uint16))
    write(tmp_path / "labels 2" / "a.tif", LABELS[1].astype(np.uint16))
    labels = FolderOfPairs(tmp_path).sample(0).labels
    np.testing.assert_array_equal(labels, np.stack(LABELS[:2]))


def test_pixels_that_are_not_numbers_are_said_with_the_file(tmp_path):
    image = IMAGES[0].copy()
    image[:2] = np.nan
    write(tmp_path / "images" / "a.tif", image)
    write(tmp_path / "labels" / "a.tif", LABELS[0].astype(np.uint16))
    assert "'a.tif': 80 pixels are not numbers" in FolderOfPairs(tmp_path).notes[0]


def _unequal(folder):
    write(folder / "images" / "a.tif", IMAGES[0])
    write(folder / "labels" / "a.tif", LABELS[0][:30].astype(np.uint16))


def _unequal_movies(folder):
    write(folder / "images" / "a.tif", np.stack(IMAGES))
    write(folder / "labels" / "a.tif", np.stack(LABELS[:2]).astype(np.uint16))


def _empty(folder):
    write(folder / "images" / "a.tif", IMAGES[0])
    write(folder / "labels" / "a.tif", np.zeros_like(LABELS[0], np.uint16))


def _all_foreground(folder):
    write(folder / "images" / "a.tif", IMAGES[0])
    write(folder / "labels" / "a.tif", np.ones_like(LABELS[0], np.uint16))


def _nan(folder):
    write(folder / "images" / "a.tif", np.full_like(IMAGES[0], np.nan))
    write(folder / "labels" / "a.tif", LABELS[0].astype(np.uint16))


def _floats(folder):
    write(folder / "images" / "a.tif", IMAGES[0])
    write(folder / "labels" / "a.tif", LABELS[0].astype(np.float32))


def _nothing(folder):
    (folder / "readme.txt").write_text("nothing here")


def _no_label(folder):
    write_pairs(folder, ["a", "b"])
    write(folder / "images" / "c.tif", IMAGES[2])


def _no_label_beside(folder):
    write(folder / "one.tif", IMAGES[0])
    write(folder / "one_labels.tif", LABELS[0].astype(np.uint16))
    write(folder / "two.tif", IMAGES[1])


def _one_left_over(folder):
    for name in ("a1", "a2", "a3"):
        write(folder / "images" / f"{name}.tif", IMAGES[0])
    write(folder / "labels" / "b1.tif", LABELS[0].astype(np.uint16))
    write(folder / "labels" / "b2.tif", LABELS[0].astype(np.uint16))


def _no_image(folder):
    (folder / "images").mkdir()
    (folder / "labels").mkdir()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_unequal, ("'a.tif' is 40 × 40 px and 'a.tif' is 30 × 40 px", "same size")),
        (_unequal_movies, ("4 frames of 40 × 40 px", "2 frames of")),
        (_empty, ("All label images are empty",)),
        (_all_foreground, ("Every pixel of every label image", "background must be 0")),
        (_nan, ("'a.tif'", "no pixel of the image is a number")),
        (_floats, ("'a.tif' does not hold masks", "whole numbers")),
        (_nothing, ("No pairs of image and labels were found", "'images' and 'labels'")),
        (_no_label, ("The image 'c.tif' has no labels",)),
        (_no_label_beside, ("The image 'two.tif' has no labels", "two_labels.tif")),
        (_one_left_over, ("3 images and 2 files of labels", "'a3.tif' is left over")),
        (_no_image, ("No pairs of image and labels were found",)),
    ],
)
def test_a_folder_that_cannot_be_learnt_from_is_refused_in_one_line(tmp_path, make, words):
    make(tmp_path)
    with pytest.raises(ValueError) as refused:
        FolderOfPairs(tmp_path)
    for part in words:
        assert part in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_that_does_not_exist_is_said(tmp_path):
    with pytest.raises(SampleError, match="There is no folder"):
        FolderOfPairs(tmp_path / "nowhere")
