import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem.simulate.drift import drift_curve, drifting_scene, random_texture, shifted


def test_a_drift_starts_at_zero_and_has_its_speed(rng):
    speeds = []
    for _ in range(40):
        curve = drift_curve(200, speed=0.3, jitter=0.0, rng=rng)
        assert np.all(curve[0] == 0)
        speeds.append(np.mean(np.sum(np.diff(curve, axis=0) ** 2, axis=1)))
    assert np.sqrt(np.mean(speeds)) == pytest.approx(0.3, rel=0.15)


def test_a_whole_pixel_shift_rolls_the_texture_down_and_right(rng):
    spectrum = random_texture((40, 48), 2.0, rng)
    still = shifted(spectrum, (40, 48), np.zeros(2))
    assert still.std() == pytest.approx(1)
    moved = shifted(spectrum, (40, 48), np.array([3, 5]))
    np.testing.assert_allclose(moved, np.roll(still, (3, 5), axis=(0, 1)), atol=1e-9)


def test_a_sub_pixel_shift_agrees_with_spline_interpolation(rng):
    spectrum = random_texture((64, 64), 3.0, rng)
    moved = shifted(spectrum, (64, 64), np.array([0.37, -1.62]))
    still = shifted(spectrum, (64, 64), np.zeros(2))
    spline = ndimage.shift(still, (0.37, -1.62), order=5, mode="grid-wrap")
    assert np.abs(moved - spline).max() < 0.01


def test_a_drifting_scene_has_the_signal_to_noise_that_was_asked_for():
    drifting = drifting_scene(n_frames=20, shape=(96, 96), signal_to_noise=0.5, seed=4)
    assert drifting.scene.std() == pytest.approx(1, rel=0.2)
    noise = drifting.movie.frame(0) - drifting.scene
    assert noise.std() == pytest.approx(2, rel=0.02)
    dy, dx = drifting.drift[15]
    moved = ndimage.shift(drifting.scene, (dy, dx), order=5)[20:-20, 20:-20]
    rest = drifting.movie.frame(15)[20:-20, 20:-20] - moved
    assert rest.std() == pytest.approx(2, rel=0.05)
