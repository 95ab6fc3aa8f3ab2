import numpy as np
import pytest

from napari_insitu_tem.analysis.anomalous import ensemble_power_law, track_exponents
from napari_insitu_tem.analysis.diffusion import (
    covariance_estimate,
    displacement_covariance,
    least_squares_estimate,
)
from napari_insitu_tem.analysis.dynamics import SquaredDisplacements, Walks
from walks import brownian, table_of

ESTIMATORS = [covariance_estimate, least_squares_estimate]


def walks_of(positions):
    return Walks.from_table(table_of(positions))


@pytest.mark.parametrize("estimate", ESTIMATORS)
@pytest.mark.parametrize(("diffusion", "noise"), [(1.0, 0.0), (0.5, 0.5), (0.05, 0.3)])
def test_diffusion_is_right_within_ten_percent_whatever_the_localisation_error(
    rng, estimate, diffusion, noise
):
    found = estimate(walks_of(brownian(rng, diffusion=diffusion, noise=noise)))
    mean, error = found.ensemble()
    assert mean == pytest.approx(diffusion, rel=0.1)
    assert abs(mean - diffusion) < 4 * error


@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_the_error_bars_of_single_tracks_are_their_scatter(rng, estimate):
    found = estimate(walks_of(brownian(rng, diffusion=1, noise=1, tracks=400, frames=100)))
    assert np.std((found.coefficient - 1) / found.error) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("estimate", ESTIMATORS)
def test_gaps_do_no_harm(rng, estimate):
    table = table_of(brownian(rng, diffusion=1, noise=0.5)).sample(frac=0.8, random_state=1)
    assert estimate(Walks.from_table(table)).ensemble()[0] == pytest.approx(1, rel=0.1)


def test_snapshots_and_full_exposure_give_the_same_diffusion_and_localisation_error(rng):
    for blur in (False, True):
        walks = walks_of(brownian(rng, diffusion=1, noise=1, blur=blur))
        found = covariance_estimate(walks, exposure=float(blur))
        assert found.ensemble()[0] == pytest.approx(1, rel=0.1)
        assert found.ensemble_noise() == pytest.approx(1, rel=0.05)


def test_least_squares_is_the_better_one_for_slow_particles(rng):
    walks = walks_of(brownian(rng, diffusion=0.01, noise=0.5, tracks=100))
    fast, slow = covariance_estimate(walks), least_squares_estimate(walks)
    assert np.std(slow.coefficient) < 0.5 * np.std(fast.coefficient)


def test_a_fixed_particle_has_no_diffusion(rng):
    walks = walks_of(brownian(rng, diffusion=0, noise=0.3))
    for estimate in ESTIMATORS:
        mean, error = estimate(walks).ensemble()
        assert abs(mean) < 4 * error
        assert error < 0.002


def test_a_fixed_particle_without_noise_is_no_error():
    for estimate in ESTIMATORS:
        assert estimate(walks_of(np.zeros((3, 50, 2)))).ensemble()[0] == 0


def test_tracks_that_are_too_short_get_nothing(rng):
    found = covariance_estimate(walks_of(brownian(rng, tracks=3, frames=5)), min_steps=8)
    assert np.isnan(found.coefficient).all()
    assert np.isnan(found.ensemble()[0])


def test_points_of_a_simulated_track_scatter_together_as_predicted(rng):
    positions = brownian(rng, tracks=4000, frames=60, diffusion=1, noise=0.7, dimensions=1)
    lags = np.array([1, 3, 8])
    table = table_of(np.repeat(positions, 2, axis=2)).drop(columns="x")
    squared = SquaredDisplacements.of(Walks.from_table(table, ["y"]), lags).mean
    expected = displacement_covariance(60, lags, 1.0, 0.7**2 - 1 / 3)
    np.testing.assert_allclose(np.cov(squared.T), expected, rtol=0.15)


def fractional(rng, alpha, *, tracks=60, frames=200, noise=0.3):
    """Exact fractional Brownian motion by the Cholesky root of its covariance."""
    t = np.arange(1, frames + 1, dtype=float)
    covariance = t[:, None] ** alpha + t[None] ** alpha - np.abs(t[:, None] - t[None]) ** alpha
    root = np.linalg.cholesky(covariance + 1e-9 * np.eye(frames))
    path = np.einsum("ij,njd->nid", root, rng.normal(size=(tracks, frames, 2)))
    return path + rng.normal(0, noise, path.shape)


@pytest.mark.parametrize("alpha", [0.6, 1.0, 1.5])
def test_the_anomalous_exponent_of_fractional_brownian_motion_is_found(rng, alpha):
    walks = walks_of(fractional(rng, alpha))
    found = least_squares_estimate(walks)
    squared = SquaredDisplacements.of(walks, np.arange(1, 51))
    law = ensemble_power_law(squared, found)
    assert law.exponent == pytest.approx(alpha, abs=0.06)
    assert abs(law.exponent - alpha) < 4 * law.exponent_error
    exponents, errors = track_exponents(squared, found, law)
    assert np.nanmedian(exponents) == pytest.approx(alpha, abs=0.1)
    assert (errors[np.isfinite(errors)] > 0).all()


def test_noise_is_not_taken_for_subdiffusion(rng):
    walks = walks_of(brownian(rng, diffusion=0.1, noise=1, tracks=100))
    found = least_squares_estimate(walks)
    squared = SquaredDisplacements.of(walks, np.arange(1, 51))
    law = ensemble_power_law(squared, found)
    assert law.exponent == pytest.approx(1, abs=0.1)
    mean, _ = squared.ensemble()
    naive = np.polyfit(np.log(squared.lags), np.log(mean), 1)[0]
    assert naive < 0.7  # what a log-log line makes of it


def test_exponents_of_single_free_tracks_scatter_as_their_errors_say(rng):
    walks = walks_of(brownian(rng, diffusion=1, noise=0.5))
    found = least_squares_estimate(walks)
    squared = SquaredDisplacements.of(walks, np.arange(1, 51))
    exponents, errors = track_exponents(squared, found, ensemble_power_law(squared, found))
    assert np.std((exponents - 1) / errors) == pytest.approx(1, abs=0.25)
