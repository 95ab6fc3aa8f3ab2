import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem.analysis.dynamics import (
    SquaredDisplacements,
    Walks,
    common_drift,
    log_spaced_lags,
    without_drift,
)
from walks import brownian, table_of


def slow_msd(table, lag):
    """Every pair, one by one."""
    squares = []
    for _, rows in table.groupby("track"):
        place = {frame: np.array([y, x]) for frame, y, x in rows[["frame", "y", "x"]].to_numpy()}
        squares += [
            np.sum((place[frame + lag] - place[frame]) ** 2)
            for frame in place
            if frame + lag in place
        ]
    return np.mean(squares), len(squares)


def test_the_mean_squared_displacement_is_that_of_every_pair_also_across_gaps(rng):
    table = table_of(brownian(rng, tracks=7, frames=30)).sample(frac=0.7, random_state=0)
    found = SquaredDisplacements.of(Walks.from_table(table), np.arange(1, 12))
    mean, _ = found.ensemble()
    for lag in (1, 2, 5, 11):
        expected, pairs = slow_msd(table, lag)
        assert mean[lag - 1] == pytest.approx(expected)
        assert found.pairs[:, lag - 1].sum() == pairs


def test_a_straight_walk_has_a_quadratic_mean_squared_displacement():
    line = np.arange(20)[None, :, None] * np.array([3.0, 4.0])
    found = SquaredDisplacements.of(Walks.from_table(table_of(line)), np.arange(1, 6))
    np.testing.assert_allclose(found.mean[0], 25 * np.arange(1, 6) ** 2)


@settings(max_examples=25, deadline=None)
@given(
    angle=st.floats(-np.pi, np.pi),
    shift=st.floats(-1000, 1000),
    scale=st.floats(0.1, 10),
)
def test_the_mean_squared_displacement_turns_and_shifts_with_the_frame(angle, shift, scale):
    positions = brownian(np.random.default_rng(0), tracks=3, frames=20)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = scale * positions @ turn + shift
    lags = np.arange(1, 8)
    before = SquaredDisplacements.of(Walks.from_table(table_of(positions)), lags).mean
    after = SquaredDisplacements.of(Walks.from_table(table_of(moved)), lags).mean
    np.testing.assert_allclose(after, scale**2 * before, rtol=1e-6)


def test_the_error_of_the_ensemble_is_the_scatter_between_repetitions(rng):
    means, errors = [], []
    for _ in range(60):
        walks = Walks.from_table(table_of(brownian(rng, tracks=20, frames=40, substeps=2)))
        mean, error = SquaredDisplacements.of(walks, np.array([4])).ensemble()
        means.append(mean[0])
        errors.append(error[0])
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.3)


def test_common_drift_is_found_and_what_it_takes_from_diffusion_is_known(rng):
    free = brownian(rng, tracks=10, frames=400, substeps=2, blur=False)
    drift = np.cumsum(rng.normal(0.5, 0.2, (400, 2)), axis=0)
    walks = Walks.from_table(table_of(free + drift))
    found, lost = common_drift(walks, 400)
    assert lost == pytest.approx(0.1)
    own = SquaredDisplacements.of(without_drift(walks, found), np.array([1])).ensemble()[0][0]
    assert own / (1 - lost) == pytest.approx(4.0, rel=0.05)
    assert np.abs(np.diff(found - drift, axis=0)).mean() < 0.5


def test_a_lone_particles_way_is_not_taken_for_drift(rng):
    walks = Walks.from_table(table_of(brownian(rng, tracks=1, frames=50)))
    drift, lost = common_drift(walks, 50)
    assert not drift.any()
    assert lost == 0


def test_rows_without_an_orientation_are_left_out(rng):
    angles = rng.normal(size=(2, 5))
    angles[0, 2] = np.nan
    walks = Walks.from_table(table_of(np.zeros((2, 5, 2)), angles), ["orientation"])
    assert list(walks.lengths) == [4, 5]


def test_log_spaced_lags_begin_with_one_two_three():
    assert list(log_spaced_lags(16)) == [1, 2, 3, 4, 6, 8, 11, 16]
    assert list(log_spaced_lags(1)) == [1]
