"""The simulated catalyst is what its truth says: rigid, disordered, turning, drifting."""

import numpy as np
import pytest

from napari_insitu_tem import Job
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate.catalyst import (
    CatalystScene,
    CatalystSettings,
    simulate_catalyst,
    simulate_catalyst_lazily,
)
from napari_insitu_tem.simulate.catalyst.dynamics import disorder_curve
from napari_insitu_tem.simulate.forecast_movies import FORECAST_MOVIES, forecast_movie

STILL = {
    "n_frames": 40, "drift": 0.0, "jitter": 0.0, "rotation": 0.0, "hopping": 0.0, "gas": 0.0,
}  # fmt: skip


def expected(scene, frames):
    return np.stack([scene.expected_electrons(frame) for frame in frames])


def test_lazily_and_at_once_give_the_same_bytes(quiet_job):
    settings = CatalystSettings(n_frames=3, height=48, width=48, diameter=24)
    one, other = simulate_catalyst(settings, quiet_job), simulate_catalyst_lazily(settings)
    np.testing.assert_array_equal(np.asarray(one.movie.data), np.asarray(other.movie.data))
    np.testing.assert_array_equal(np.asarray(one.labels), np.asarray(other.labels))
    third = simulate_catalyst(settings, Job(on_progress=lambda p: None, seed=1))
    assert not np.array_equal(third.movie.frame(0), one.movie.frame(0))


def test_disorder_is_one_half_in_the_frames_of_the_transitions():
    curve = disorder_curve(CatalystSettings(n_frames=100, onset=30, recovery=70))
    assert curve[30] == pytest.approx(0.5) and curve[70] == pytest.approx(0.5)
    assert curve[:25].max() < 0.02 and curve[36:64].min() > 0.98 and curve[76:].max() < 0.02


def test_a_rigid_particle_stays_and_a_disordered_one_changes_where_it_is():
    scene = CatalystScene(CatalystSettings(**STILL, onset=20), seed=3)
    before, after = expected(scene, range(4, 10)), expected(scene, range(30, 36))
    particle = scene.label_image(5).astype(bool)
    rigid, disordered = (np.diff(each, axis=0).std(axis=0) for each in (before, after))
    assert disordered[particle].mean() > 5 * rigid[particle].mean()
    far = ~particle & (np.arange(64) < 8)[:, None]
    assert disordered[far].max() < 0.1


def test_the_lattice_of_a_rigid_particle_has_its_spacing():
    settings = CatalystSettings(**STILL, height=128, width=128, diameter=90, vibration=0.0)
    scene = CatalystScene(settings, seed=0)
    inside = scene.label_image(0).astype(bool)
    image = np.where(inside, scene.expected_electrons(0), 0)
    image[inside] -= image[inside].mean()
    power = np.abs(np.fft.fft2(image)) ** 2
    frequency = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None])
    peak = frequency.ravel()[np.argmax(np.where(frequency > 0.1, power, 0))]
    # The first reflection of a hexagonal lattice: 1 / (spacing · cos 30°).
    assert peak == pytest.approx(1 / (settings.spacing * np.sqrt(3) / 2), rel=0.06)


def test_a_hopping_facet_changes_the_area_by_layers():
    scene = CatalystScene(CatalystSettings(**{**STILL, "hopping": 0.3}), seed=2)
    layers = scene.dynamics.facets.sum(axis=1)
    areas = np.array([scene.label_image(frame).sum() for frame in range(40)])
    assert np.ptp(layers) > 2
    assert np.corrcoef(layers, areas)[0, 1] > 0.8


def test_the_camera_drifts_as_the_truth_says():
    settings = CatalystSettings(**{**STILL, "drift": 0.3})
    scene = CatalystScene(settings, seed=5)
    far = int(np.argmax(np.abs(scene.drift).sum(axis=1)))
    middles = [np.argwhere(scene.label_image(frame) > 0).mean(axis=0) for frame in (0, far)]
    np.testing.assert_allclose(middles[1] - middles[0], scene.drift[far], atol=0.6)


def test_a_single_layer_is_flat():
    flat = CatalystScene(CatalystSettings(**STILL, layers=1), seed=0).label_image(0)
    rows, columns = (np.ptp(np.argwhere(flat)[:, axis]) for axis in (0, 1))
    assert columns > 2.5 * rows


@pytest.mark.parametrize(
    "wrong", [{"diameter": 90}, {"recovery": 5}, {"onset": 20, "recovery": 10}]
)
def test_what_cannot_be_is_refused_in_plain_words(wrong):
    with pytest.raises(SettingsError):
        CatalystScene(CatalystSettings.from_dict(wrong))


@pytest.mark.parametrize("name", list(FORECAST_MOVIES))
def test_every_named_movie_can_be_had_again(name):
    movie = forecast_movie(name, n_frames=3, edge=64, seed=4)
    assert movie.data.shape == (3, 64, 64)
    again = forecast_movie(name, n_frames=3, edge=64, seed=4)
    np.testing.assert_array_equal(movie.frame(2), again.frame(2))
