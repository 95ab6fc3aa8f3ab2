"""At which size and polarity a network sees a movie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_insitu_tem.analysis.instances import instances_from_probability
from napari_insitu_tem.inference.views import View, find_view, maps_of, scale_for_pixels, view_for
from napari_insitu_tem.job import Cancelled, Job
from napari_insitu_tem.movie import MovieError


def predict(image: np.ndarray) -> np.ndarray:
    """Stand in for a network that knows dark discs of about 24 px, and nothing else."""
    blobs = ndimage.gaussian_filter(image, 8) - ndimage.gaussian_filter(image, 14)
    near = ndimage.maximum_filter((blobs < -0.25).astype(float), 15)
    foreground = ((ndimage.gaussian_filter(image, 1) < -0.6) & (near > 0)).astype(np.float32)
    return np.stack([foreground, ndimage.minimum_filter(foreground, 7)])


def label(maps: np.ndarray, smallest: float) -> np.ndarray:
    return instances_from_probability(maps[0], maps[1], smallest_area=smallest)


def frames(diameter: float, *, bright: bool, edge: int = 256, noise: float = 0.1) -> list:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:edge, :edge]
    step = 2.2 * diameter
    rows, columns = np.mgrid[step / 2 : edge : step, step / 2 : edge : step]
    image = np.zeros((edge, edge))
    for cy, cx in zip(rows.ravel(), columns.ravel(), strict=True):
        image[np.hypot(y - cy, x - cx) < diameter / 2] = 1 if bright else -1
    return [image + rng.normal(0, noise, image.shape) for _ in range(2)]


@pytest.mark.parametrize("bright", [False, True])
@pytest.mark.parametrize("diameter", [12, 24, 50])
def test_size_and_polarity_are_found(diameter, bright):
    view = find_view(frames(diameter, bright=bright), predict, label, likes="dark")
    assert view.found
    assert view.bright == bright
    assert view.diameter == pytest.approx(diameter, rel=0.35)
    assert 10 < view.scale * view.diameter < 60


def test_large_particles_are_found_where_the_middle_of_the_frame_shows_none_whole():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:1000, :1000]
    image = rng.normal(0, 0.1, (1000, 1000))
    for row, column in ((150, 500), (850, 500), (500, 150), (500, 850)):
        image[np.hypot(y - row, x - column) < 100] -= 1
    view = find_view([image], predict, label, likes="dark")
    assert view.found
    assert not view.bright
    assert view.diameter == pytest.approx(200, rel=0.2)
    assert view.scale * view.diameter < 60


def test_a_long_narrow_frame_without_particles_is_no_error():
    strip = np.random.default_rng(0).normal(size=(60, 1400))
    assert not find_view([strip], predict, label, likes="dark").found


def test_what_is_known_is_kept():
    view = find_view(
        frames(24, bright=False), predict, label, likes="dark", bright=True, diameter=30
    )
    assert (view.bright, view.diameter, view.scale) == (True, 30, 1.0)
    view = find_view(frames(24, bright=True), predict, label, likes="dark", diameter=24)
    assert (view.bright, view.diameter) == (True, 24)


def test_nothing_is_found_in_noise():
    noise = [np.random.default_rng(seed).normal(size=(128, 128)) for seed in range(2)]
    assert not find_view(noise, predict, label, likes="dark").found


@given(diameter=st.floats(2, 2000), edge=st.integers(32, 4096))
def test_particles_are_rescaled_no_more_than_needed(diameter, edge):
    view = view_for(diameter, bright=False, shape=(edge, edge))
    seen = view.scale * diameter
    assert view.scale <= 4
    if 14 <= diameter <= 48:
        assert view.scale == 1
    elif view.scale < 4 and view.scale * edge > 48.01:
        assert 13.9 < seen < 48.1


@pytest.mark.parametrize("scale", [0.37, 1.0, 2.6])
def test_maps_are_of_the_frames_size_and_lie_where_the_particles_are(scale):
    image = frames(24, bright=False)[0][:200, :233]

    def threshold(seen):
        return (ndimage.gaussian_filter(seen, 1) < -0.5).astype(np.float32)[np.newaxis]

    maps = maps_of(image, View(scale, False, 24.0), threshold, likes="dark")
    assert maps.shape == (1, 200, 233)
    truth = ndimage.gaussian_filter(image, 1) < -0.5
    both = np.count_nonzero(truth & (maps[0] > 0.5))
    assert both / np.count_nonzero(truth | (maps[0] > 0.5)) > 0.85


def test_frames_of_the_other_polarity_are_inverted():
    image = frames(24, bright=True)[0]

    def dark(seen):
        return (seen < -0.5).astype(np.float32)[np.newaxis]

    right = maps_of(image, View(1.0, True, 24.0), dark, likes="dark")[0] > 0.5
    wrong = maps_of(image, View(1.0, False, 24.0), dark, likes="dark")[0] > 0.5
    assert image[right].mean() > 0.5 > image[wrong].mean()


def test_a_search_can_be_cancelled():
    with pytest.raises(Cancelled):
        find_view(
            frames(24, bright=False), predict, label, likes="dark", job=Job(is_cancelled=lambda: 1)
        )


def test_where_pixels_matter_frames_are_rescaled_to_what_the_network_knows() -> None:
    known = (0.045, 0.06)
    assert scale_for_pixels(None, None, "any") is None
    assert scale_for_pixels(0.05, known, "x") == 1.0
    for pixel in (0.01, 0.044, 0.061, 0.085):
        scale = scale_for_pixels(pixel, known, "x")
        assert scale is not None
        assert known[0] - 1e-9 <= pixel / scale <= known[1] + 1e-9
    with pytest.raises(MovieError, match="Calibrate"):
        scale_for_pixels(None, known, "x")
    with pytest.raises(MovieError, match="too large"):
        scale_for_pixels(0.2, known, "x")


def test_a_known_scale_is_kept() -> None:
    view = find_view(frames(40, bright=False), predict, label, likes="any", scale=0.5)
    assert view.scale == 0.5
    assert view.found
    assert view.diameter == pytest.approx(40, rel=0.35)


def test_particles_too_faint_for_trial_outlines_are_seen_at_a_coarser_scale() -> None:
    (frame,) = frames(100, bright=True, edge=512, noise=6.0)[:1]

    def nothing(image: np.ndarray) -> np.ndarray:
        return np.zeros((2, *image.shape), np.float32)

    view = find_view([frame], nothing, label, likes="dark")
    assert view.found
    assert view.bright
    assert view.diameter == pytest.approx(100, rel=0.4)
    assert 14 <= view.scale * view.diameter <= 24
