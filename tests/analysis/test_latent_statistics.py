"""Statistics of series over time, clusters of trajectories, windows of a frame."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from napari_insitu_tem.analysis.latent_clusters import cluster_trajectories
from napari_insitu_tem.analysis.latent_statistics import (
    active_latents,
    running_mean,
    series_statistics,
    spearman_against_time,
)
from napari_insitu_tem.analysis.lattice_scale import dominant_period, zoom_for, zoomed
from napari_insitu_tem.analysis.windows import WindowGrid, unit_frame, unit_windows, windows_of
from napari_insitu_tem.simulate.lattice_frames import lattice_series, plane_lattice

FEW = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 0.5, 3.0])


@given(
    arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(2, 12)),
           elements=st.one_of(FEW, st.floats(-1e6, 1e6, width=32)))
)  # fmt: skip
def test_spearman_is_what_scipy_says_with_and_without_ties(values):
    found = spearman_against_time(values)
    for series, rho in zip(values, found, strict=True):
        if np.ptp(series) == 0:
            assert rho == 0
        else:
            wanted = scipy.stats.spearmanr(series, np.arange(len(series))).statistic
            assert rho == pytest.approx(wanted, abs=1e-6)


def test_statistics_of_series_with_known_values(rng):
    t = np.arange(400.0)
    noise = rng.normal(0, 0.5, t.size)
    series = np.stack([0.01 * t, noise, np.sin(t / 20), np.full(t.size, 7.0), 0.01 * t + noise], 1)
    found = series_statistics(series)
    np.testing.assert_allclose(found.variance, series.var(axis=0), rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(found.mean, series.mean(axis=0), rtol=1e-4, atol=1e-6)
    assert found.spearman[0] == pytest.approx(1) and found.spearman[3] == 0
    np.testing.assert_allclose(
        found.time_correlated_variance, (found.spearman * found.variance) ** 2
    )
    # Noise has no slow variance; a sine and a ramp have all of theirs.
    slow = found.slow_variance
    assert slow[1] < 0.1 * found.variance[1]
    assert slow[2] == pytest.approx(found.variance[2], rel=0.01)
    assert slow[4] == pytest.approx(found.variance[0], rel=0.1)
    # The time-correlated variance is blind for what comes and goes, and sees a drift in noise.
    assert found.time_correlated_variance[4] > 20 * found.time_correlated_variance[2]


def test_the_running_mean_is_the_mean_of_those_there_are():
    values = np.arange(7.0)[:, None]
    assert running_mean(values, 3)[:, 0].tolist() == [0.5, 1, 2, 3, 4, 5, 5.5]
    assert running_mean(values, 1)[:, 0].tolist() == values[:, 0].tolist()


def test_latents_that_hardly_vary_are_not_active():
    assert active_latents(np.array([0.0, 0.009, 0.02, 1])).tolist() == [False, False, True, True]


def test_windows_that_move_alike_are_one_cluster_and_the_liveliest_is_the_first(rng):
    t = np.linspace(0, 1, 40)
    ways = [np.zeros(40), np.sin(6 * t), 5 * t]
    truth = np.repeat([0, 1, 2], 20)
    series = np.stack([ways[kind] for kind in truth], 1)[..., None] + rng.normal(size=(1, 60, 1))
    series = np.concatenate([series, np.zeros_like(series)], 2)
    series += rng.normal(0, 0.2, series.shape)  # where a window starts from does not count
    counts = np.ones(60, bool)
    counts[:3] = False
    labels = cluster_trajectories(series, 3, counts=counts, latents=np.arange(2), seed=1)
    assert not labels[:3].any()
    assert set(labels[40:]) == {1} and set(labels[20:40]) == {2} and set(labels[3:20]) == {3}
    same = cluster_trajectories(series, 3, counts=counts, latents=np.arange(2), seed=1)
    assert (same == labels).all()
    none = cluster_trajectories(series, 3, counts=np.zeros(60, bool), latents=np.arange(2))
    assert not none.any()


def test_windows_lie_where_the_grid_says():
    frame = np.arange(90 * 100).reshape(90, 100)
    grid = WindowGrid.of(frame.shape, 64, 12)
    assert grid.shape == (3, 4)
    windows = windows_of(frame, grid)
    assert windows.shape == (3, 4, 64, 64)
    assert (windows[2, 3] == frame[24:88, 36:100]).all() and grid.centre(2, 3) == (55.5, 67.5)
    centres_y, centres_x = grid.centres()
    assert grid.at(centres_y[1] + 5, centres_x[2] - 5) == (1, 2)
    assert grid.at(0, 0) == (0, 0)
    assert grid.at(-3, 50) is None and grid.at(40, 101) is None
    assert WindowGrid.of((40, 100), 64, 8).shape == (0, 5)


def test_brightness_of_a_beam_and_of_a_window_drop_out(rng):
    frame = rng.normal(50, 5, (80, 90))
    one, other = unit_frame(frame), unit_frame(300 + 4 * frame)
    np.testing.assert_allclose(one, other, atol=1e-4)
    assert one.min() >= 0 and one.max() <= 1 and one.mean() == pytest.approx(0.5, abs=0.01)
    frame[3, 3] = np.nan
    assert np.isfinite(unit_frame(frame)).all()
    windows = unit_windows(np.stack([np.zeros((4, 4)), np.arange(16.0).reshape(4, 4)]))
    assert not windows[0].any() and windows[1].min() == 0 and windows[1].max() == 1


def test_a_simulated_lattice_comes_back_after_a_period_and_fades():
    for change in ("translation y", "translation x", "rotation"):
        frames = lattice_series(change, noise=0)
        assert np.abs(frames[0] - frames[-1]).max() < 1e-3
        assert np.abs(frames[0] - frames[len(frames) // 2]).max() > 0.5
    down, right = (lattice_series(f"translation {axis}", noise=0) for axis in "yx")
    np.testing.assert_allclose(down, right.transpose(0, 2, 1), atol=1e-3)
    fading = lattice_series("contrast", noise=0).std(axis=(1, 2))
    assert (np.diff(fading) < 0).all() and fading[-1] < 1e-6
    assert plane_lattice((300, 300), np.eye(2) / 9.7).std() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("period", [5.0, 9.3, 20.0, 31.0])
def test_how_far_apart_planes_are_is_found_in_noise(period, rng):
    frames = [
        100 + 5 * plane_lattice((200, 260), np.eye(2) / period) + rng.normal(0, 8, (200, 260))
        for _ in range(2)
    ]
    assert dominant_period(frames) == pytest.approx(period, rel=0.06)


def test_without_a_lattice_nothing_is_enlarged(rng):
    assert dominant_period(rng.normal(100, 5, (3, 200, 200))) is None
    assert dominant_period(np.ones((1, 100, 100))) is None
    y, x = np.mgrid[:300, :300]
    particle = (y > 60) & (y < 200) & (x > 80) & (x < 250)
    particle = 100 * ndimage.gaussian_filter(particle.astype(float), 2)
    assert dominant_period(particle + rng.normal(0, 10, (3, 300, 300))) is None
    assert zoom_for(None) == zoom_for(16.0) == zoom_for(32.0) == 1
    assert zoom_for(8.0) == pytest.approx(22 / 8) and zoom_for(44.0) == 0.5
    assert zoom_for(2.0) == 4 and zoom_for(400) == 0.25


@given(st.floats(0.3, 4.0), st.integers(20, 50), st.integers(20, 50))
def test_what_is_enlarged_lies_where_it_did(zoom, height, width):
    y, x = np.mgrid[:height, :width].astype(np.float32)
    found = zoomed(3 * y + 2 * x, zoom)
    assert found.shape == (int(height * zoom), int(width * zoom))
    rows, columns = ((np.arange(size) + 0.5) / zoom - 0.5 for size in found.shape)
    wanted = 3 * rows[:, None] + 2 * columns
    inside = (slice(6, -6), slice(6, -6))
    np.testing.assert_allclose(found[inside], wanted[inside], atol=0.2)
