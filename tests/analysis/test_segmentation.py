"""The parts of the classical segmentation."""

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem.analysis.blocks import enlarge, shrink
from napari_insitu_tem.analysis.illumination import fit_polynomial
from napari_insitu_tem.analysis.noise import estimate_noise
from napari_insitu_tem.analysis.scale_selection import look_at, propose
from napari_insitu_tem.analysis.thresholds import edge_level, edge_weights, global_threshold
from napari_insitu_tem.analysis.watershed import split_touching


def disc(shape, centre, radius):
    y, x = np.ogrid[: shape[0], : shape[1]]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def test_white_noise_is_measured_beside_particles_and_slopes(rng):
    frame = 1000 + rng.normal(0, 20, (256, 256)) + np.arange(256) * 2.0
    frame[disc(frame.shape, (100, 120), 40)] -= 500
    noise = estimate_noise(frame)
    assert noise.density == pytest.approx(20, rel=0.1)
    assert noise.correlation < 0.3


def test_noise_that_a_camera_blurred_keeps_its_low_frequency_strength(rng):
    frame = ndimage.gaussian_filter(rng.normal(0, 20, (512, 512)), 0.8)
    noise = estimate_noise(frame)
    assert noise.density == pytest.approx(20, rel=0.3)
    measured = ndimage.gaussian_filter(frame, 3).std()
    assert noise.after_smoothing(3) == pytest.approx(measured, rel=0.3)


@pytest.mark.parametrize("blur", [1.5, 3, 5])
def test_noise_that_a_denoiser_smoothed_is_found_at_a_coarser_scale(blur, rng):
    frame = ndimage.gaussian_filter(rng.normal(100, 20, (512, 512)), blur)
    noise = estimate_noise(frame)
    assert noise.density == pytest.approx(20, rel=0.35)
    measured = ndimage.gaussian_filter(frame, 6).std()
    assert noise.after_smoothing(6) == pytest.approx(measured, rel=0.35)


def test_a_polynomial_background_ignores_the_particles():
    y, x = np.mgrid[-1:1:200j, -1:1:200j]
    surface = 500 + 80 * x - 60 * y**2
    frame = np.where(disc((200, 200), (80, 120), 35), surface - 300, surface)
    assert np.abs(fit_polynomial(frame) - surface).max() < 3


def test_enlarging_a_shrunken_plane_gives_it_back():
    plane = np.add.outer(np.arange(64.0), 2 * np.arange(96.0))
    again = enlarge(shrink(plane, 4).astype(np.float32), plane.shape, 4)
    np.testing.assert_allclose(again[4:-4, 4:-4], plane[4:-4, 4:-4], atol=1e-3)


@pytest.mark.parametrize("radius", [3, 20, 60])
def test_the_edge_level_is_half_way_up_whatever_the_coverage(radius):
    flat = 100 * ndimage.gaussian_filter(
        disc((200, 200), (100, 100), radius).astype(np.float32), 1.0
    )
    assert edge_level(flat, edge_weights(flat, 0.1)) == pytest.approx(50, rel=0.15)


def test_noise_alone_has_no_edges(rng):
    flat = rng.normal(0, 1, (256, 256)).astype(np.float32)
    assert np.count_nonzero(edge_weights(flat, 1 / np.sqrt(2))) < 20
    assert edge_level(flat, np.zeros_like(flat)) is None


@pytest.mark.parametrize("method", ["otsu", "li", "triangle", "minimum_error"])
def test_classical_thresholds_lie_between_two_clear_levels(method, rng):
    flat = rng.normal(0, 5, (200, 200)) + 100 * disc((200, 200), (100, 100), 60)
    assert 10 < global_threshold(flat, method) < 90


@pytest.mark.parametrize("radius", [6, 20, 60])
def test_touching_discs_are_split_at_any_size(radius):
    shape = (3 * radius, 5 * radius)
    mask = disc(shape, (1.5 * radius, 1.5 * radius), radius)
    mask |= disc(shape, (1.5 * radius, 3.4 * radius), radius)
    assert split_touching(mask, strength=0.8).max() == 2


@pytest.mark.parametrize("angle", [0, 30, 45, 70])
def test_a_rod_stays_whole(angle):
    rod = np.zeros((120, 120))
    rod[54:66, 30:90] = 1
    mask = ndimage.rotate(rod, angle, reshape=False, order=1) > 0.5
    assert split_touching(mask, strength=0.8).max() == 1


def test_a_rugged_rim_makes_no_particles(rng):
    mask = disc((160, 160), (80, 80), 50)
    rugged = ndimage.gaussian_filter(mask + rng.normal(0, 0.8, mask.shape), 2) > 0.5
    largest, _ = ndimage.label(rugged)
    rugged = largest == np.argmax(np.bincount(largest.ravel())[1:]) + 1
    assert split_touching(rugged, strength=0.8, smoothing=5).max() == 1


def test_no_splitting_labels_connected_regions():
    mask = disc((60, 100), (30, 30), 20) | disc((60, 100), (30, 66), 20)
    assert split_touching(mask, strength=0).max() == 1


@pytest.mark.parametrize("bright", [False, True])
@pytest.mark.parametrize("diameter", [6, 16, 40, 90])
def test_size_and_polarity_are_found(bright, diameter, rng):
    frame = 1000 + rng.normal(0, 20, (300, 300))
    sign = 1 if bright else -1
    for centre in ((70, 80), (210, 90), (150, 220)):
        frame[disc(frame.shape, centre, diameter / 2)] += sign * 120
    proposal = propose([look_at(frame)])
    assert proposal.found
    assert proposal.bright is bright
    assert diameter / 1.45 < proposal.diameter < diameter * 1.45


def test_in_noise_nothing_is_found(rng):
    assert not propose([look_at(1000 + rng.normal(0, 20, (300, 300)))]).found
