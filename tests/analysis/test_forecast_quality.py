"""Baselines foresee what they are made for; figures of quality and calibration are right."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.analysis.forecast.baselines import BASELINES, baseline_forecasts
from napari_insitu_tem.analysis.forecast.calibration import (
    coverage_table,
    rank_correlation,
    spread_factors,
)
from napari_insitu_tem.analysis.forecast.metrics import (
    frame_metrics,
    matched,
    metric_table,
    skill_table,
)
from napari_insitu_tem.analysis.forecast.scaling import scaling_of


def moving(n, speed=(1.0, -0.7)):
    y, x = np.mgrid[:48, :48]
    return np.stack(
        [np.exp(-((y - 15 - speed[0] * t) ** 2 + (x - 30 - speed[1] * t) ** 2) / 30)
         for t in range(n)]
    )  # fmt: skip


def test_optical_flow_foresees_a_steady_motion_best():
    movie = moving(9)
    found = baseline_forecasts(movie[:6], 3, past_mean=movie[:6].mean(0))
    errors = {name: np.mean((frames - movie[6:]) ** 2) for name, frames in found.items()}
    assert min(errors, key=errors.get) == "optical flow"
    assert errors["optical flow"] < 0.2 * errors["last frame"]


def test_the_linear_baseline_continues_lines_exactly(rng):
    start, slope = rng.normal(size=(2, 8, 8))
    movie = start + np.arange(9)[:, None, None] * slope
    np.testing.assert_allclose(BASELINES["linear"](movie[:5], 4), movie[5:], atol=1e-9)


def test_of_pure_noise_the_mean_grey_is_the_best_baseline(rng):
    movie = rng.normal(size=(30, 32, 32))
    found = baseline_forecasts(movie[20:26], 4, past_mean=movie[:26].mean(0))
    errors = {name: np.mean((frames - movie[26:]) ** 2) for name, frames in found.items()}
    assert sorted(errors, key=errors.get)[:2] == ["mean grey", "mean of past"]
    assert errors["last frame"] == pytest.approx(2, rel=0.1)


@given(step=st.integers(1, 5), n=st.integers(1, 4))
def test_baselines_give_as_many_frames_as_asked_for(step, n):
    given_frames = np.random.default_rng(n).normal(size=(n, 24, 24))
    for name, frames in baseline_forecasts(given_frames, step).items():
        assert frames.shape == (step, 24, 24), name


def test_measures_of_a_frame_are_those_of_the_definitions(rng):
    truth = rng.normal(size=(32, 32))
    found = frame_metrics(truth + 0.5, truth, data_range=2.0)
    assert found["mae"] == pytest.approx(0.5)
    assert found["mse"] == pytest.approx(0.25)
    assert found["psnr"] == pytest.approx(10 * np.log10(4 / 0.25))
    assert frame_metrics(truth, truth, 2.0)["ssim"] == pytest.approx(1)


def test_matching_gives_the_truths_grey_values(rng):
    truth = rng.gamma(2, size=(40, 40))
    found = matched(rng.normal(size=(40, 40)), truth)
    np.testing.assert_allclose(np.sort(found.ravel()), np.sort(truth.ravel()), atol=0.2)


def test_skill_is_told_against_the_best_baseline_also_where_there_is_none(rng):
    truth = rng.normal(size=(2, 16, 16))
    good, bad = truth + 0.1, truth + rng.normal(size=truth.shape)
    foreseen = {"forecast": bad, "last frame": good, "mean of given": bad + 1}
    skill = skill_table(metric_table([(foreseen, truth)], 4.0))
    raw = skill[skill["way"] == "raw"]
    assert set(raw["best_by_mse"]) == {"last frame"}
    assert (raw["mse_skill"] < -10).all() and (raw["ssim_gain"] < 0).all()


def test_intervals_of_a_true_spread_hold_what_they_should(rng):
    spreads = rng.gamma(3, size=(20, 3, 16, 16))
    errors = rng.normal(size=spreads.shape) * spreads
    table = coverage_table(errors, spreads)
    np.testing.assert_allclose(table["covered"], table["nominal"], atol=0.02)
    np.testing.assert_allclose(spread_factors(errors, spreads), 1, atol=0.05)


@given(factor=st.floats(0.1, 10))
def test_factors_undo_a_wrong_scale_of_the_spread(factor):
    rng = np.random.default_rng(0)
    errors = rng.standard_t(4, size=(10, 2, 16, 16))
    spreads = np.full(errors.shape, factor)
    wide = spreads * spread_factors(errors, spreads)[None, :, None, None]
    table = coverage_table(errors, wide, levels=(0.9,))
    np.testing.assert_allclose(table["covered"], 0.9, atol=0.01)


def test_ranks_of_a_true_spread_reach_what_is_attainable(rng):
    spreads = np.broadcast_to(rng.lognormal(0, 0.8, (1, 1, 24, 24)), (40, 2, 24, 24))
    found = rank_correlation(rng.normal(size=spreads.shape) * spreads, spreads)
    assert found["pixels"] == pytest.approx(found["attainable"], abs=0.05)
    assert found["maps"] > 0.9
    even = rank_correlation(rng.normal(size=(5, 1, 8, 8)), np.ones((5, 1, 8, 8)))
    assert even["pixels"] == 0 and even["maps"] == 0


@pytest.mark.parametrize("name", ["z-score", "min-max", "z-score of each frame"])
def test_scalings_come_back_to_readings(name, rng):
    frames = rng.normal(200, 30, (5, 20, 20)).astype(np.float32)
    scaling = scaling_of(name, frames)
    values = scaling.prepare(frames)
    np.testing.assert_allclose(scaling.restore(values[-1], frames[-1]), frames[-1], rtol=1e-4)
    wide = scaling.restore(values[-1] + 1, frames[-1]) - frames[-1]
    spread = scaling.restore_spread(np.ones((20, 20), np.float32), frames[-1])
    np.testing.assert_allclose(wide, np.broadcast_to(spread, wide.shape), rtol=1e-2)
    if name == "min-max":
        assert -0.3 < values.min() < values.max() < 1.3
    else:
        assert values.mean() == pytest.approx(0, abs=1e-3)
        assert values.std() == pytest.approx(1, rel=1e-3)
