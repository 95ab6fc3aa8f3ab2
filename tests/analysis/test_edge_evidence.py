"""Which of several segmentations explains a frame's edges."""

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem.analysis.edge_evidence import explained_edges, measure_outlines
from napari_insitu_tem.analysis.segmentation import smooth
from napari_insitu_tem.analysis.thresholds import squared_gradient


def discs(centres, radius, size=200):
    y, x = np.mgrid[:size, :size]
    labels = np.zeros((size, size), np.int32)
    for number, (cy, cx) in enumerate(centres, start=1):
        labels[(y - cy) ** 2 + (x - cx) ** 2 <= radius**2] = number
    return labels


CENTRES = [(50, 50), (50, 140), (140, 60), (150, 150)]


@pytest.fixture
def truth():
    return discs(CENTRES, 20)


@pytest.fixture
def gradient(truth, rng):
    frame = 100 * (truth > 0) + rng.normal(0, 20, truth.shape)
    return squared_gradient(smooth(frame, 2.0))


def explained(labels, gradient):
    return explained_edges(measure_outlines(labels, gradient), gradient, detail=2.0)


def test_outlines_have_size_shape_and_edge(truth, gradient):
    outlines = measure_outlines(truth, gradient)
    np.testing.assert_allclose(outlines.width, 40, rtol=0.04)
    np.testing.assert_allclose(outlines.compactness, 1, atol=0.02)
    assert not outlines.cut.any()
    assert outlines.typical_width() == pytest.approx(40, rel=0.04)
    assert outlines.energy.min() > 5 * gradient[100, 90:110].mean()


def test_the_width_of_a_rod_is_its_width():
    rod = np.zeros((100, 200), np.int32)
    rod[40:60, 20:180] = 1
    outlines = measure_outlines(rod, np.ones(rod.shape))
    assert outlines.width[0] == pytest.approx(20 * 2 / np.sqrt(3), rel=0.02)
    assert outlines.compactness[0] == pytest.approx(3 / np.pi, rel=0.02)


def test_the_true_outlines_explain_most(truth, gradient):
    best = explained(truth, gradient)
    assert best > 100
    some, shifted = np.where(truth > 2, 0, truth), np.roll(truth, 15, axis=1)
    larger = discs(CENTRES, 27)
    for worse in (some, shifted, larger, discs(CENTRES, 13)):
        assert explained(worse, gradient) < 0.8 * best


def test_background_is_no_particle_though_it_has_the_same_edges(truth, gradient):
    background = (truth == 0).astype(np.int32)
    assert explained(background, gradient) < 0.7 * explained(truth, gradient)


def test_outlines_in_noise_explain_nothing(gradient, rng):
    noise = squared_gradient(smooth(rng.normal(0, 20, gradient.shape), 2.0))
    assert explained(discs(CENTRES, 20), noise) < 10
    other = ndimage.label(smooth(rng.normal(0, 20, gradient.shape), 2.0) > 5)[0]
    assert explained(other.astype(np.int32), noise) < 10


def test_nothing_explains_less_than_anything(gradient):
    assert explained(np.zeros(gradient.shape, np.int32), gradient) == -np.inf


def test_without_whole_particles_there_is_no_typical_width(gradient):
    stripe = np.zeros(gradient.shape, np.int32)
    stripe[:, 50:90] = 1
    assert measure_outlines(stripe, gradient).typical_width() is None


def test_where_the_border_cuts_nearly_all_particles_those_it_cuts_tell_the_width():
    y, x = np.mgrid[:200, :200]
    labels = np.zeros((200, 200), np.int32)
    for label, (row, column, radius) in enumerate(
        ((0, 100, 60), (199, 60, 60), (100, 100, 6)), start=1
    ):
        labels[np.hypot(y - row, x - column) < radius] = label
    outlines = measure_outlines(labels, np.ones(labels.shape))
    assert outlines.typical_width() > 50
    labels[labels != 3] = 0
    assert measure_outlines(labels, np.ones(labels.shape)).typical_width() < 14
