"""The noise power is that of the noise alone, on an absolute scale."""

import numpy as np
import pytest

from napari_insitu_tem.analysis.noise_power import NoisePowerEstimator, window_corners


def measured(frames, window=32, **options):
    corners = window_corners(np.ones(frames[0].shape, bool), window)
    estimator = NoisePowerEstimator(corners, window, **options)
    for frame in frames:
        estimator.add(frame)
    return estimator.result()


def inner(noise):
    """Without the lowest frequencies, where slopes were taken away."""
    return noise.power[3:-2, 3:]


@pytest.mark.parametrize("n", [1, 2, 5, 16, 17, 40])
def test_independent_noise_has_its_variance_at_every_frequency(n, rng):
    noise = measured(rng.normal(100, 3, (n, 96, 96)))
    assert inner(noise).mean() == pytest.approx(9, rel=0.05)
    assert noise.mean == pytest.approx(100, rel=0.005)
    assert len(noise.frame_means) == n


def test_neither_illumination_nor_a_fixed_pattern_counts_as_noise(rng):
    pattern = rng.normal(0, 20, (96, 96)) + 100 * np.linspace(0, 1, 96) ** 2
    noise = measured(pattern + rng.normal(100, 3, (8, 96, 96)))
    assert inner(noise).mean() == pytest.approx(9, rel=0.05)


def test_the_number_of_spectra_predicts_their_scatter(rng):
    few = [measured(rng.normal(0, 1, (3, 128, 128))) for _ in range(60)]
    scatter = np.var([inner(noise) for noise in few], axis=0).mean()
    assert scatter == pytest.approx(1 / few[0].spectra, rel=0.1)


def test_a_beam_that_flickers_is_no_noise_of_pixels_and_shows_in_the_frames(rng):
    light = 1 + 0.3 * np.linspace(-1, 1, 96)
    beam = np.array([1.0, 0.8, 1.2, 0.9, 1.1, 1.0])
    noise = measured(1000 * beam[:, None, None] * light + rng.normal(0, 3, (6, 96, 96)))
    assert inner(noise).mean() == pytest.approx(9, rel=0.06)
    assert noise.frame_means == pytest.approx(1000 * beam, rel=0.01)


def test_an_x_ray_is_left_out(rng):
    frames = rng.normal(100, 3, (8, 160, 160))
    frames[3, 50, 50] = 3000
    noise = measured(frames)
    assert inner(noise).mean() == pytest.approx(9, rel=0.05)
    assert 0 < noise.rejected < 0.1


def test_frames_that_were_averaged_are_recognised_by_their_correlation(rng):
    fresh = rng.normal(100, 3, (13, 96, 96))
    assert measured(fresh).correlation == pytest.approx(0, abs=0.03)
    assert measured((fresh[1:] + fresh[:-1]) / 2).correlation > 0.3
    assert np.isnan(measured(fresh[:1]).correlation)


def test_missing_pixels_cost_their_window_only(rng):
    frames = rng.normal(100, 3, (6, 96, 96))
    frames[:, 0, 0] = np.nan
    frames[2, 50, 50] = np.inf
    noise = measured(frames)
    assert np.isfinite(noise.power).all()
    assert inner(noise).mean() == pytest.approx(9, rel=0.06)
    with pytest.raises(ValueError, match="missing pixels"):
        measured(np.full((3, 64, 64), np.nan))


def test_windows_lie_in_the_allowed_part_to_its_very_edge():
    allowed = np.zeros((100, 150), bool)
    allowed[10:80, 30:150] = True
    corners = window_corners(allowed, 32)
    assert len(corners)
    for y, x in corners:
        assert allowed[y : y + 32, x : x + 32].all()
    whole = window_corners(np.ones((100, 150), bool), 32)
    assert (whole.max(axis=0) == (68, 118)).all()
    assert len(window_corners(np.ones((20, 150), bool), 32)) == 0


def test_of_very_many_windows_a_thousand_are_kept_from_everywhere():
    corners = window_corners(np.ones((2048, 2048), bool), 32)
    assert len(corners) == 1024
    assert corners.min() == 0
    assert corners.max() > 1900


def test_memory_does_not_grow_with_the_length(rng):
    import tracemalloc

    def peak(n):
        estimator = NoisePowerEstimator(window_corners(np.ones((128, 128), bool), 32), 32)
        frame = rng.normal(0, 1, (128, 128))
        tracemalloc.start()
        for _ in range(n):
            estimator.add(frame + rng.normal())
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(2)
    assert peak(120) < 1.1 * peak(20)


def test_the_mean_of_a_frame_counts_every_pixel_once(rng):
    y, x = np.mgrid[-1:1:128j, -1:1:128j]
    light = 1000 * (1 - 0.4 * (x**2 + y**2))
    noise = measured([light + rng.normal(0, 1, light.shape) for _ in range(3)])
    assert noise.frame_means == pytest.approx(light.mean(), rel=2e-3)
    assert noise.mean > 1.01 * light.mean()
