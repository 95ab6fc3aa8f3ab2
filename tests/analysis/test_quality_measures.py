"""Every measure of quality against simulated truth: it finds what is there, and only that."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_insitu_tem.analysis.quality.noise import (
    noise_between_frames,
    noise_of_camera,
    noise_of_frame,
)
from napari_insitu_tem.analysis.quality.reference import compare_with_reference, match_affine
from napari_insitu_tem.analysis.quality.replicas import motion_between, unsupervised_error
from napari_insitu_tem.analysis.quality.residual import radial_power, residual_figures
from napari_insitu_tem.analysis.quality.rings import (
    ONE_SEVENTH,
    RingCorrelator,
    checkerboard_correlation,
    ring_correlation,
)
from napari_insitu_tem.analysis.quality.structure import disagreement, local_structure
from napari_insitu_tem.analysis.quality.thinning import binomial_halves, gaussian_halves
from napari_insitu_tem.analysis.quality.whiteness import whiteness, whiteness_of_movie
from napari_insitu_tem.simulate.detector import DetectorSettings, detect


def scene(size: int = 128, *, bright: float = 100.0, dark: float = 40.0) -> np.ndarray:
    """Soft dark discs on a bright ground."""
    y, x = np.mgrid[:size, :size]
    image = np.full((size, size), bright)
    for row, column, radius in ((30, 36, 12), (80, 90, 16), (95, 30, 8), (40, 100, 10)):
        inside = (y - row * size / 128) ** 2 + (x - column * size / 128) ** 2
        image[inside < (radius * size / 128) ** 2] = dark
    return ndimage.gaussian_filter(image, 1.5)


# -- against a reference ------------------------------------------------------------------


@settings(max_examples=20)
@given(
    gain=st.floats(0.05, 20) | st.floats(-20, -0.05),
    offset=st.floats(-500, 500),
    seed=st.integers(0, 99),
)
def test_gain_and_offset_are_found_and_do_not_change_the_matched_psnr(gain, offset, seed):
    rng = np.random.default_rng(seed)
    truth = scene(64)
    noisy = truth + rng.normal(0, 5, truth.shape)
    plain = compare_with_reference(noisy, truth, data_range=60)
    moved = compare_with_reference(gain * noisy + offset, truth, data_range=60)
    assert moved.matched_psnr_db == pytest.approx(plain.matched_psnr_db, abs=1e-6)
    assert moved.matched_psnr_db >= moved.psnr_db - 1e-9
    found = match_affine(gain * truth + offset, truth)
    assert found[0] * gain == pytest.approx(1, abs=1e-9)


def test_psnr_is_that_of_the_noise_and_ssim_falls_with_it():
    rng = np.random.default_rng(0)
    truth = scene()
    found = [
        compare_with_reference(truth + rng.normal(0, s, truth.shape), truth, data_range=60)
        for s in (3, 12)
    ]
    for each, sigma in zip(found, (3, 12), strict=True):
        assert each.psnr_db == pytest.approx(20 * np.log10(60 / sigma), abs=0.15)
    assert 1 > found[0].ssim > found[1].ssim > 0
    assert found[0].ssim != found[0].ssim_uniform
    same = compare_with_reference(truth, truth, data_range=60)
    assert same.ssim == pytest.approx(1) and same.ssim_uniform == pytest.approx(1)
    assert same.psnr_db == np.inf


def test_frames_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="same size"):
        compare_with_reference(np.zeros((32, 32)), np.zeros((32, 33)), data_range=1)
    with pytest.raises(ValueError, match="too small"):
        compare_with_reference(np.zeros((8, 8)), np.zeros((8, 8)), data_range=1)


# -- without one --------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.7, 1.5, 3])
def test_unsupervised_psnr_follows_the_true_one_within_half_a_decibel(sigma):
    rng = np.random.default_rng(3)
    truth = scene(192)
    z, a, b, c = (rng.poisson(truth).astype(float) for _ in range(4))
    denoised = ndimage.gaussian_filter(z, sigma)
    true = 10 * np.log10(60**2 / np.mean((denoised - truth) ** 2))
    found = unsupervised_error(denoised, a, b, c)
    assert found.psnr_db(60) == pytest.approx(true, abs=0.5)
    assert found.at_least_db(60) <= true


def test_the_unsupervised_error_is_as_uncertain_as_it_says():
    rng = np.random.default_rng(4)
    truth = scene(64)
    off = []
    for _ in range(120):
        z, a, b, c = (truth + rng.normal(0, 10, truth.shape) for _ in range(4))
        denoised = ndimage.gaussian_filter(z, 1.5)
        found = unsupervised_error(denoised, a, b, c)
        off.append((found.mse - np.mean((denoised - truth) ** 2)) / found.error)
    assert abs(np.mean(off)) < 0.35
    assert 0.7 < np.std(off) < 1.4


def test_an_error_too_small_to_see_gives_a_bound_and_no_figure():
    rng = np.random.default_rng(5)
    truth = scene(64)
    a, b, c = (truth + rng.normal(0, 30, truth.shape) for _ in range(3))
    found = unsupervised_error(truth, a, b, c)
    assert np.isnan(found.psnr_db(60))
    assert found.at_least_db(60) > 20


def test_motion_shows_only_where_something_moves():
    rng = np.random.default_rng(6)
    still = [scene() + rng.normal(0, 5, (128, 128)) for _ in range(3)]
    assert abs(motion_between(*still)) < 1.0
    moving = [np.roll(scene(), 2 * k, 1) + rng.normal(0, 5, (128, 128)) for k in range(3)]
    step = np.mean((np.roll(scene(), 2, 1) - scene()) ** 2)
    assert step * 0.5 < motion_between(*moving) < step * 4


@settings(max_examples=15)
@given(share=st.floats(0.2, 0.8), seed=st.integers(0, 99))
def test_halves_of_counted_electrons_are_independent_and_keep_the_mean(share, seed):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(6.0, (160, 160))
    first, second = binomial_halves(counts, rng, share=share)
    assert first.mean() == pytest.approx(6, rel=0.03)
    assert second.mean() == pytest.approx(6, rel=0.03)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 5 / 160


def test_gaussian_halves_are_independent_and_average_to_the_frame():
    rng = np.random.default_rng(7)
    frame = 50 + rng.normal(0, 4, (200, 200))
    first, second = gaussian_halves(frame, rng.normal(0, 4, frame.shape))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 5 / 200
    np.testing.assert_allclose((first + second) / 2, frame, rtol=1e-5)
    assert first.var() == pytest.approx(32, rel=0.05)


# -- Fourier rings ------------------------------------------------------------------------


def test_identical_images_correlate_fully_and_independent_noise_not_at_all():
    rng = np.random.default_rng(8)
    one, other = rng.normal(size=(2, 128, 160))
    same = ring_correlation(one, one)
    np.testing.assert_allclose(same.correlation, 1, atol=1e-5)
    assert same.limit(ONE_SEVENTH) == np.inf
    none = ring_correlation(one, other)
    beyond = none.correlation * np.sqrt(none.independent)
    assert abs(none.correlation[10:].mean()) < 0.03
    assert 0.8 < beyond[5:].std() < 1.25


def test_the_resolution_is_where_the_signal_ends():
    rng = np.random.default_rng(9)
    size = 256
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size))
    white = np.fft.fft2(rng.normal(size=(size, size)))
    signal = np.fft.ifft2(white * (frequency < 0.2)).real * 20
    correlator = RingCorrelator((size, size))
    for _ in range(3):
        correlator.add(
            signal + rng.normal(size=(size, size)), signal + rng.normal(size=(size, size))
        )
    found = correlator.result()
    assert found.limit(ONE_SEVENTH) == pytest.approx(0.2, abs=0.01)
    assert found.limit(found.half_bit) == pytest.approx(0.2, abs=0.01)
    noise = ring_correlation(rng.normal(size=(size, size)), rng.normal(size=(size, size)))
    assert noise.limit(noise.half_bit) is None


def test_the_checkerboard_of_one_frame_tells_detail_from_noise():
    rng = np.random.default_rng(10)
    smooth = ndimage.gaussian_filter(rng.normal(size=(256, 256)), 3) * 100
    found = checkerboard_correlation([smooth])
    assert found.frequency[-1] == pytest.approx(0.25)
    assert found.correlation[:15].min() > 0.99
    noise = checkerboard_correlation([rng.normal(size=(256, 256))])
    assert abs(noise.correlation[5:].mean()) < 0.05


# -- the noise expected -------------------------------------------------------------------


def test_the_noise_between_frames_is_found_at_every_brightness_though_something_moves():
    rng = np.random.default_rng(11)
    frames = [7 * rng.poisson(np.roll(scene(192), 3 * k, 1)) + 20.0 for k in range(4)]
    noise = noise_between_frames(list(zip(frames, frames[1:], strict=False)))
    for level in (40.0, 100.0):
        assert noise.variance(np.array([7 * level + 20]))[0] == pytest.approx(49 * level, rel=0.12)
    assert abs(noise.beside) < 0.02


def test_the_noise_of_a_blurring_camera_is_found_from_it_and_from_its_frames():
    rng = np.random.default_rng(12)
    camera = DetectorSettings(number_type="float32")
    frames = [detect(np.full((256, 256), 30.0), camera, rng) for _ in range(6)]
    known = noise_of_camera(0, 0.35, 2.5, gain=20, offset=100, readout=6, level=700)
    seen = noise_between_frames(list(zip(frames, frames[1:], strict=False)))
    true = np.mean([frame.var() for frame in frames])
    assert known.variance(np.array([700.0]))[0] == pytest.approx(true, rel=0.03)
    assert seen.variance(np.array([700.0]))[0] == pytest.approx(true, rel=0.05)
    assert known.beside > 0.3
    assert seen.beside == pytest.approx(known.beside, abs=0.03)
    for noise in (known, seen):
        white = noise.whitened(frames[0] - frames[0].mean())
        assert abs(whiteness(white[8:-8, 8:-8]).beside()) < 0.03
        drawn = noise.drawn(np.full((256, 256), 700.0), rng)
        assert drawn.var() == pytest.approx(true, rel=0.08)
        assert whiteness(drawn).beside() == pytest.approx(known.beside, abs=0.04)


def test_the_noise_of_a_single_frame_is_taken_from_its_finest_details():
    rng = np.random.default_rng(13)
    noise = noise_of_frame(rng.normal(scene(), 6))
    assert np.sqrt(noise.variance(np.array([80.0]))[0]) == pytest.approx(6, rel=0.1)


# -- the residual -------------------------------------------------------------------------


def test_white_noise_passes_the_whiteness_test_at_the_nominal_rate():
    rng = np.random.default_rng(14)
    draws = (
        lambda: rng.normal(size=(64, 72)),
        lambda: rng.poisson(0.5, (64, 72)) - 0.5,
        lambda: rng.uniform(-1, 1, (64, 72)),
    )
    p = np.array([whiteness(draw()).p_value for draw in draws for _ in range(200)])
    assert 0.03 < np.mean(p < 0.05) < 0.075
    assert 0.4 < p.mean() < 0.6


def test_over_smoothing_and_under_smoothing_fail_the_whiteness_test_with_opposite_signs():
    rng = np.random.default_rng(15)
    noisy = scene() + rng.normal(0, 10, (128, 128))
    perfect = whiteness(noisy - scene())
    assert perfect.p_value > 0.01
    too_much = whiteness(noisy - ndimage.gaussian_filter(noisy, 8))
    assert too_much.p_value < 1e-6 and too_much.mean > 0.05
    too_little = whiteness(noisy - ndimage.gaussian_filter(noisy, 0.7))
    assert too_little.p_value < 1e-6 and too_little.beside() < -0.1


def test_many_frames_together_are_tested_at_the_nominal_rate_too():
    rng = np.random.default_rng(16)
    p = []
    for _ in range(100):
        frames = [whiteness(rng.normal(size=(40, 40))).correlation for _ in range(4)]
        p.append(whiteness_of_movie(frames, (40, 40)).p_value)
    assert np.mean(np.array(p) < 0.05) < 0.12
    assert 0.35 < np.mean(p) < 0.65


def test_the_spectrum_of_white_noise_is_flat_and_its_variance():
    rng = np.random.default_rng(17)
    frequency, power = radial_power(rng.normal(0, 3, (128, 161)))
    assert frequency[-1] == pytest.approx(0.5)
    assert power[20:].mean() == pytest.approx(9, rel=0.05)
    assert power[5:20].mean() == pytest.approx(9, rel=0.2)


def test_the_residual_of_a_perfect_denoiser_has_the_noise_and_nothing_of_the_signal():
    rng = np.random.default_rng(18)
    noisy = rng.poisson(scene()).astype(float)
    found = residual_figures(noisy, scene(), scene())
    assert found.variance_ratio == pytest.approx(1, abs=0.05)
    assert abs(found.correlation) < 0.04
    true = 10 * np.log10(scene().var() / scene().mean())
    assert found.signal_to_noise_db == pytest.approx(true, abs=0.3)
    faded = residual_figures(noisy, scene().mean() + 0.7 * (scene() - scene().mean()), scene())
    assert faded.correlation > 0.2 and faded.variance_ratio > 1.05


def test_noise_alone_is_hardly_ever_taken_for_structure():
    rng = np.random.default_rng(19)
    alarms = [local_structure(rng.normal(size=(96, 96))).marked.any() for _ in range(300)]
    assert np.mean(alarms) <= 0.02


def test_structure_left_in_the_residual_is_marked_where_it_is_with_its_sign():
    rng = np.random.default_rng(20)
    residual = rng.normal(size=(128, 128))
    residual[40:52, 60:72] += 1.0
    residual[90:96, 20:26] -= 2.0
    found = local_structure(residual)
    assert found.values[46, 66] > found.limit and found.values[93, 23] < -found.limit
    far = np.ones((128, 128), bool)
    far[20:75, 40:95] = far[70:120, 0:50] = False
    assert not found.marked[far].any()


# -- two halves ---------------------------------------------------------------------------


def halves(denoise, rng, size=128, moved=0):
    truth = scene(size)
    one = truth + rng.normal(0, 20, truth.shape)
    other = np.roll(truth, moved, 1) + rng.normal(0, 20, truth.shape)
    unit = 20 * np.sqrt(2)
    return disagreement((denoise(one) - denoise(other)) / unit, (one - other) / unit)


@pytest.mark.parametrize("sigma", [0.0, 0.5, 2, 6])
def test_smoothing_invents_nothing_however_much_or_little(sigma):
    rng = np.random.default_rng(21)
    found = [halves(lambda f: ndimage.gaussian_filter(f, sigma), rng) for _ in range(20)]
    assert np.mean([each.marked.any() for each in found]) <= 0.05


def test_what_moved_between_the_halves_is_not_called_invented():
    rng = np.random.default_rng(22)
    found = halves(lambda f: ndimage.gaussian_filter(f, 2), rng, moved=5)
    assert not found.marked.any()


def test_a_denoiser_that_draws_particles_where_noise_is_dark_is_caught():
    def invents(frame):
        smooth = ndimage.gaussian_filter(frame, 2)
        return np.where(smooth < 94, 40.0, 100.0)

    found = halves(invents, np.random.default_rng(23))
    assert found.fraction > 0.003
