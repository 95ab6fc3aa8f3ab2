import numpy as np
import pandas as pd
import pytest

from napari_insitu_tem.analysis.growth import nearest_distances, robust_slope, site_displacement


def test_a_growing_particle_grows_at_its_rate(rng):
    frame = np.arange(120)
    slope, error = robust_slope(frame, 20 + 0.05 * frame + rng.normal(0, 0.5, 120))
    assert slope == pytest.approx(0.05, abs=4 * error)
    assert error < 0.01


def test_a_fifth_of_outliers_does_not_change_the_rate(rng):
    frame = np.arange(100)
    size = 20 - 0.1 * frame + rng.normal(0, 0.2, 100)
    size[rng.choice(100, 20, replace=False)] += 30  # two particles taken for one
    assert robust_slope(frame, size)[0] == pytest.approx(-0.1, abs=0.02)


@pytest.mark.parametrize("points", [60, 1000])
def test_the_error_of_the_rate_is_its_scatter(rng, points):
    frame = np.arange(points)
    found = np.array([robust_slope(frame, rng.normal(0, 1, points)) for _ in range(150)])
    assert np.std(found[:, 0] / found[:, 1]) == pytest.approx(1, abs=0.3)


def test_the_error_is_wider_where_neighbouring_residuals_are_alike(rng):
    slow = np.cumsum(rng.normal(0, 0.1, 150))
    shuffled = rng.permutation(slow)
    assert robust_slope(np.arange(150), slow)[1] > robust_slope(np.arange(150), shuffled)[1]


def test_sizes_in_whole_pixels_have_an_error_above_zero(rng):
    slope, error = robust_slope(np.arange(100), rng.choice([500.0, 501.0], 100, p=[0.9, 0.1]))
    assert slope == 0
    assert 0 < error < 0.01


def test_too_few_points_have_no_rate():
    assert np.isnan(robust_slope(np.arange(2), np.arange(2.0))).all()
    assert np.isnan(robust_slope(np.arange(4), np.array([1, np.nan, 2, np.nan]))).all()


def test_displacement_about_the_site_is_the_vibration(rng):
    positions = 100 + rng.normal(0, 2, (5000, 2))
    assert site_displacement(positions) == pytest.approx(2 * np.sqrt(2), rel=0.05)


def test_nearest_neighbours_are_of_the_same_frame():
    particles = pd.DataFrame(
        {"frame": [0, 1, 0, 1, 0, 2], "y": [0, 0, 3, 7, 50, 1.0], "x": [0, 0, 4, 0, 0, 1.0]}
    )
    np.testing.assert_allclose(nearest_distances(particles), [5, 7, 5, 7, np.hypot(47, 4), np.nan])
