"""Shapes of particles, against analytic values and scikit-image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.measure import regionprops_table
from skimage.morphology import convex_hull_image

from napari_insitu_tem.analysis.shape import COLUMNS, describe


def blobs(seed=0, shape=(90, 120)):
    rng = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(rng.standard_normal(shape), 3)
    labels, count = ndimage.label(smooth > 0.6 * smooth.std())
    return labels * 3, rng.normal(100, 10, shape), count


def test_it_agrees_with_scikit_image_on_irregular_particles():
    labels, image, _ = blobs()
    ours = describe(labels, image)
    theirs = regionprops_table(
        labels,
        image,
        properties=[
            "label", "centroid", "area", "perimeter_crofton", "mean_intensity",
            "equivalent_diameter_area",
        ],
    )  # fmt: skip
    pairs = {
        "label": "label", "y": "centroid-0", "x": "centroid-1", "area": "area",
        "perimeter": "perimeter_crofton", "mean_intensity": "mean_intensity",
        "equivalent_diameter": "equivalent_diameter_area",
    }  # fmt: skip
    for mine, other in pairs.items():
        np.testing.assert_allclose(ours[mine], theirs[other], err_msg=mine)


def test_convex_areas_agree_with_drawn_hulls_within_their_outline():
    labels, _, _ = blobs(1)
    ours = describe(labels)
    for label, solidity, area in zip(ours["label"], ours["solidity"], ours["area"], strict=True):
        drawn = convex_hull_image(labels == label).sum()
        assert area / solidity == pytest.approx(drawn, abs=2 + 0.5 * np.sqrt(area))


@given(st.integers(2, 12), st.integers(2, 12))
@settings(max_examples=25, deadline=None)
def test_a_rectangle_is_convex_and_its_axes_are_its_sides(height, width):
    labels = np.zeros((20, 20), int)
    labels[3 : 3 + height, 4 : 4 + width] = 1
    found = describe(labels)
    assert found["solidity"][0] == pytest.approx(1, abs=1e-9)
    # The moments of a rectangle: (side² − 1)/12 + 1/12 of the pixel itself.
    expected = 4 * max(height, width) / np.sqrt(12)
    assert found["major_axis"][0] == pytest.approx(expected)
    assert found["aspect_ratio"][0] == pytest.approx(max(height, width) / min(height, width))


def test_a_disc_is_round():
    y, x = np.mgrid[:64, :64]
    labels = ((y - 31.3) ** 2 + (x - 30.8) ** 2 < 20**2).astype(int)
    found = describe(labels)
    assert found["perimeter"][0] == pytest.approx(2 * np.pi * 20, rel=0.02)
    assert found["circularity"][0] > 0.96
    assert found["aspect_ratio"][0] == pytest.approx(1, abs=0.02)
    assert (found["y"][0], found["x"][0]) == pytest.approx((31.3, 30.8), abs=0.1)


def test_a_single_pixel_and_tiny_particles_have_finite_values():
    labels = np.zeros((9, 9), int)
    labels[4, 4] = 1
    labels[0, 0:2] = 7
    labels[8, 8] = 1000000
    found = describe(labels, np.ones((9, 9)), symmetries=(2, 3, 4, 6))
    assert found["label"].tolist() == [1, 7, 1000000]
    for name in COLUMNS:
        assert np.isfinite(found[name]).all(), name
    assert (found["circularity"] <= 1).all() and (found["solidity"] <= 1).all()


@pytest.mark.parametrize("corner", [(0, 0), (0, 10), (10, 0), (12, 12)])
def test_touching_the_edge_is_noticed(corner):
    labels = np.zeros((16, 16), int)
    labels[corner[0] : corner[0] + 4, corner[1] : corner[1] + 4] = 2
    labels[6:9, 6:9] = 1
    assert describe(labels)["touches_edge"].tolist() == [False, True]


def test_contrast_is_against_the_background_around_the_particle():
    image = np.tile(np.linspace(100, 200, 60), (40, 1))
    labels = np.zeros((40, 60), int)
    labels[15:25, 10:20], labels[15:25, 40:50] = 1, 2
    image[labels > 0] -= 30
    np.testing.assert_allclose(describe(labels, image)["contrast"], -30, atol=0.5)


def test_a_frame_full_of_one_particle_and_an_empty_frame_work():
    full = describe(np.ones((5, 6), int), np.full((5, 6), 3.0))
    assert full["area"][0] == 30 and full["contrast"][0] == 0
    assert all(len(values) == 0 for values in describe(np.zeros((5, 6), int)).values())


def test_masks_of_another_size_than_the_image_are_refused():
    with pytest.raises(ValueError, match="The image is"):
        describe(np.zeros((5, 5), int), np.zeros((5, 6)))
