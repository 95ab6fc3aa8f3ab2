"""Denoising removes noise, keeps the scale, respects time, and undoes its own transforms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_insitu_tem import Cancelled, Job, Movie, SettingsError
from napari_insitu_tem.analysis.denoise import windows
from napari_insitu_tem.analysis.variance_stabilisation import (
    CountingNoise,
    estimate_counting_noise,
    noise_level,
)
from napari_insitu_tem.io.cameras import Camera, CameraError, save_camera
from napari_insitu_tem.simulate.detector import DetectorSettings, apply_transfer, detect
from napari_insitu_tem.tasks.denoise import DenoiseSettings, denoise
from napari_insitu_tem.tasks.denoise.settings import CLASSICAL as METHODS


def run(recorded, job, **chosen) -> np.ndarray:
    movie = recorded if isinstance(recorded, Movie) else Movie(recorded)
    return np.asarray(denoise(movie, DenoiseSettings(**chosen), job).data)


def scene(n: int = 4, size: int = 128) -> np.ndarray:
    """Dark discs on an uneven bright ground, brightest 1."""
    y, x = np.mgrid[:size, :size]
    frame = 0.7 + 0.3 * x / size
    for cy, cx, radius in [(30, 40, 12), (90, 30, 8), (70, 95, 18), (20, 100, 6)]:
        frame = frame * (1 - 0.6 / (1 + np.exp(np.hypot(y - cy, x - cx) - radius)))
    return np.repeat(frame[None], n, axis=0)


def error(frames: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.mean((frames - truth) ** 2)))


@pytest.mark.parametrize("method", METHODS)
def test_every_method_at_least_halves_or_nearly_halves_the_error(method, quiet_job, rng):
    truth = 20 * scene(6)
    noisy = rng.poisson(truth).astype(np.uint16)
    result = run(noisy, quiet_job, method=method)[4:]
    if method == "sum of last frames":
        result = result / 5
    assert result.dtype == np.float32
    assert error(result, truth[4:]) < 0.55 * error(noisy[4:], truth[4:])


@pytest.mark.parametrize("method", METHODS)
def test_the_mean_stays(method, quiet_job, rng):
    noisy = rng.poisson(20 * scene()).astype(np.uint16)
    result = run(noisy, quiet_job, method=method)
    scale = 5 if method == "sum of last frames" else 1
    assert result.mean() == pytest.approx(scale * noisy.mean(), rel=0.015)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("stabilise", ["automatic", "off"])
def test_a_constant_movie_stays_constant(method, stabilise, quiet_job):
    result = run(np.full((6, 40, 44), 37, np.uint8), quiet_job, method=method, stabilise=stabilise)
    scale = 5 if method == "sum of last frames" else 1
    assert np.allclose(result, 37 * scale, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_missing_pixels_do_no_harm(method, quiet_job, rng):
    frames = rng.poisson(30, (5, 48, 48)).astype(np.float32)
    frames[1, 5:8] = np.nan
    frames[3] = np.nan
    assert np.isfinite(run(frames, quiet_job, method=method)).all()


@pytest.mark.parametrize("method", ["mean of last frames", "sum of last frames"])
def test_the_future_changes_nothing(method, quiet_job, rng):
    frames = rng.poisson(30, (12, 20, 24)).astype(np.uint16)
    other = frames.copy()
    other[7:] = 999
    before, after = (run(movie, quiet_job, method=method, frames=4) for movie in (frames, other))
    assert np.array_equal(before[:7], after[:7])
    assert not np.array_equal(before[7], after[7])


@pytest.mark.parametrize("n", [1, 3, 20])
def test_means_equal_those_of_the_whole_array(quiet_job, rng, n):
    frames = rng.poisson(30, (12, 20, 24)).astype(np.uint16)
    mean = run(frames, quiet_job, method="mean of last frames", frames=n)
    expected = [frames[max(0, t - n + 1) : t + 1].mean(axis=0) for t in range(12)]
    assert np.allclose(mean, expected)
    total = run(frames, quiet_job, method="sum of last frames", frames=n)
    assert np.allclose(total, n * mean)


def test_gaussians_equal_those_of_the_whole_array(quiet_job, rng):
    from scipy import ndimage

    frames = rng.poisson(30, (20, 24, 28)).astype(float)
    result = run(frames, quiet_job, method="gaussian", sigma=1.5, sigma_time=2)
    whole = ndimage.gaussian_filter1d(frames, 2, axis=0, truncate=3)
    whole = ndimage.gaussian_filter(whole, (0, 1.5, 1.5), mode="mirror")
    assert np.allclose(result[6:-6], whole[6:-6], rtol=1e-5)


@pytest.mark.parametrize(("size", "frames"), [(3, 1), (1, 5), (3, 3), (4, 2)])
def test_medians_equal_those_of_the_whole_array(quiet_job, rng, size, frames):
    from scipy import ndimage

    movie = rng.poisson(30, (9, 20, 24)).astype(float)
    result = run(movie, quiet_job, method="median", median_size=size, median_frames=frames)
    box = (frames // 2 * 2 + 1, size // 2 * 2 + 1, size // 2 * 2 + 1)
    whole = ndimage.median_filter(movie, box, mode="mirror")
    assert np.allclose(result[2:-2], whole[2:-2])


@given(st.integers(1, 12), st.integers(0, 5), st.integers(0, 5))
def test_windows_hold_the_frames_around_each(n, before, after):
    frames = [np.full((1, 1), index) for index in range(n)]
    seen = list(windows(iter(frames), before, after))
    assert len(seen) == n
    for index, window in enumerate(seen):
        values = [int(frame[0, 0]) for frame in window.frames]
        assert values == list(range(max(0, index - before), min(n, index + after + 1)))
        assert values[window.centre] == index


@pytest.mark.parametrize("method", METHODS)
def test_a_preview_with_context_shows_what_the_run_will(method, quiet_job, rng):
    chosen = DenoiseSettings(
        method=method, gain=1.0, median_frames=3, frames=3, sigma_time=1, sigma=1
    )
    frames = rng.poisson(30 * scene(12, 48)).astype(np.uint16)
    whole = np.asarray(denoise(Movie(frames), chosen, quiet_job).data)
    before, after = chosen.context
    part = Movie(frames).select(6 - before, 7 + after)
    assert np.allclose(np.asarray(denoise(part, chosen, quiet_job).data)[before], whole[6])


def test_the_dose_of_a_sum_is_that_of_its_frames(quiet_job, small_movie):
    movie = small_movie.replace(dose=2.0)
    summed = denoise(movie, DenoiseSettings(method="sum of last frames", frames=4), quiet_job)
    assert summed.dose == 8.0
    assert summed.pixel_size == movie.pixel_size
    assert denoise(movie, DenoiseSettings(), quiet_job).dose == 2.0


@pytest.mark.parametrize("gain, offset, readout", [(1, 0, 0), (2.5, 100, 0), (3, 50, 4)])
def test_stabilising_and_restoring_is_unbiased_from_half_an_electron_on(gain, offset, readout):
    rng = np.random.default_rng(3)
    camera = CountingNoise(gain, offset, readout)
    for electrons in (0.5, 1, 2, 5, 10, 30, 100):
        readings = gain * rng.poisson(electrons, 200_000) + offset
        readings = readings + readout * rng.normal(size=readings.shape)
        back = camera.restore(np.array([camera.stabilise(readings).mean(dtype=float)]))
        assert (back[0] - offset) / gain == pytest.approx(electrons, rel=0.02, abs=0.03)


@pytest.mark.parametrize("electrons", [5, 20, 100, 1000])
def test_stabilised_noise_is_one(electrons, rng):
    camera = CountingNoise(2.0, 10.0, 1.0)
    readings = 2.0 * rng.poisson(electrons, 100_000) + 10 + rng.normal(size=100_000)
    assert camera.stabilise(readings).std() == pytest.approx(1, rel=0.03)


@given(st.floats(0.0, 5000.0))
@settings(max_examples=50)
def test_restoring_follows_the_reading(reading):
    camera = CountingNoise(1.0)
    near = camera.restore(camera.stabilise(np.array([reading])))[0]
    assert near == pytest.approx(reading, abs=0.6)


def test_gain_and_offset_are_found_in_the_movie(rng):
    truth = 40 * scene(3, 256)
    camera = estimate_counting_noise(list(4.0 * rng.poisson(truth) + 100))
    assert camera is not None
    assert camera.gain == pytest.approx(4, rel=0.2)
    assert camera.offset == pytest.approx(100, abs=30)


def test_noise_that_is_the_same_everywhere_is_left_alone(rng):
    assert estimate_counting_noise([100 * scene(1, 256)[0] + rng.normal(size=(256, 256))]) is None


def test_the_noise_level_is_found_beside_a_scene(rng):
    frame = 100 * scene(1)[0] + 3 * rng.normal(size=(128, 128))
    assert noise_level(frame) == pytest.approx(3, rel=0.1)


def test_large_results_go_to_disk(quiet_job, monkeypatch, rng):
    from napari_insitu_tem.io import store

    monkeypatch.setattr(store, "_IN_MEMORY_BYTES", 0)
    frames = rng.poisson(30, (5, 20, 24)).astype(np.uint16)
    result = denoise(Movie(frames), DenoiseSettings(method="median"), quiet_job)
    assert not isinstance(result.data, np.ndarray)
    assert np.asarray(result.data[2]).shape == (20, 24)


def test_a_median_of_no_pixels_is_refused():
    with pytest.raises(SettingsError, match="Square"):
        DenoiseSettings.from_dict({"median_size": 0})


def test_cancel_is_heard(rng):
    asked = iter(range(1000))
    job = Job(on_progress=lambda progress: None, is_cancelled=lambda: next(asked) > 3)
    with pytest.raises(Cancelled):
        run(rng.normal(size=(30, 32, 32)), job)


@pytest.fixture
def known_camera(tmp_path, monkeypatch):
    """A blurring camera, stored under the name K3."""
    monkeypatch.setenv("INSITU_TEM_CAMERAS", str(tmp_path))
    camera = Camera(name="K3", c1=0.0, c2=0.35, c3=2.5, gain=20, offset=100, readout_noise=0.3)
    save_camera(camera)
    return DetectorSettings()


@pytest.mark.parametrize("method", ["total variation", "non-local means", "wavelets"])
@pytest.mark.parametrize("dose", [2, 20])
def test_a_known_camera_makes_what_compares_neighbours_better(
    method, dose, known_camera, quiet_job, rng
):
    scenes = dose * scene(2)
    noisy = np.stack([detect(frame, known_camera, rng) for frame in scenes])
    truth = np.stack([20 * apply_transfer(frame, known_camera) + 100 for frame in scenes])
    without = run(noisy, quiet_job, method=method)
    known = run(noisy, quiet_job, method=method, camera="K3")
    assert error(known, truth) < 0.9 * error(without, truth)
    assert (known - 100).mean() == pytest.approx((truth - 100).mean(), rel=0.02)


def test_a_camera_that_is_not_there_is_told(known_camera, quiet_job):
    with pytest.raises(CameraError, match="There are: K3"):
        run(np.ones((2, 32, 32)), quiet_job, camera="K2")
    with pytest.raises(SettingsError, match="camera and a gain"):
        run(np.ones((2, 32, 32)), quiet_job, camera="K3", gain=3.0)


def test_a_camera_may_be_given_by_its_file(known_camera, quiet_job, tmp_path, rng):
    noisy = np.stack([detect(5 * frame, known_camera, rng) for frame in scene(2, 64)])
    by_name = run(noisy, quiet_job, camera="K3")
    assert (run(noisy, quiet_job, camera=str(tmp_path / "K3.json")) == by_name).all()
