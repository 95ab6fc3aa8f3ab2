"""Segmentation with its default settings, on scenes that it has not seen."""

import threading

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem import Job, Movie
from napari_insitu_tem.analysis.agreement import agreement_table
from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.movie import MovieError
from napari_insitu_tem.tasks.segment import SegmentSettings, propose_settings, segment

CLASSICAL = SegmentSettings(model="classical")


@pytest.fixture(params=["particles", "classical"])
def by(request):
    """Both ways to find particles, with their defaults."""
    return SegmentSettings(model=request.param)


def scene(
    diameter, *, size=256, frames=2, bright=False, count=12, noise=20.0, touching=False, seed=0
):
    """Discs of contrast 120 on a slope, and their labels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    movie, truth = [], []
    for _ in range(frames):
        labels = np.zeros((size, size), np.int32)
        room = ndimage.binary_dilation
        placed = 0
        for _ in range(5000):
            if placed == count:
                break
            radius = diameter / 2 * rng.uniform(0.9, 1.1)
            low, high = radius + 1, size - radius - 2
            cy, cx = rng.uniform(low, high, 2) if high > low else (size / 2, size / 2)
            inside = (y - cy) ** 2 + (x - cx) ** 2 <= radius**2
            around = inside if touching else room(inside, iterations=3)
            if labels[around].any():
                continue
            placed += 1
            labels[inside] = placed
        level = 1000 + 100 * (x + y) / size
        particles = ndimage.gaussian_filter((labels > 0).astype(float), 0.7)
        level = level + (120 if bright else -120) * particles
        movie.append(rng.normal(level, noise))
        truth.append(labels)
    return Movie(np.array(movie, np.float32)), np.array(truth)


def mean_f1(movie, truth, job, settings):
    result = segment(movie, settings, job)
    return agreement_table(truth, result.labels)["f1"].mean()


@pytest.mark.parametrize("bright", [False, True])
@pytest.mark.parametrize(("diameter", "size"), [(6, 192), (12, 256), (30, 256), (90, 512)])
def test_particles_of_any_size_and_polarity_are_found(diameter, size, bright, quiet_job, by):
    count = {90: 4}.get(diameter, 10)
    movie, truth = scene(diameter, size=size, bright=bright, count=count)
    assert mean_f1(movie, truth, quiet_job, by) > 0.95


def test_one_particle_that_covers_a_tenth_of_a_percent_is_found(quiet_job, by):
    movie, truth = scene(9, size=256, count=1)
    assert mean_f1(movie, truth, quiet_job, by) == 1


def test_a_particle_of_200_px_is_not_broken_by_its_fringes(quiet_job, by):
    movie, truth = scene(200, size=512, count=1, noise=10)
    fringes = 40 * np.sin(np.arange(512) / 4) * (truth > 0)
    assert mean_f1(movie.replace(data=movie.data + fringes), truth, quiet_job, by) == 1


def test_crowded_touching_particles_are_told_apart(quiet_job, by):
    movie, truth = scene(24, size=256, count=60, touching=True)
    assert (truth > 0).mean() > 0.35
    assert mean_f1(movie, truth, quiet_job, by) > 0.95


def test_strong_noise_is_smoothed_as_far_as_it_needs(quiet_job, by):
    movie, truth = scene(40, size=384, count=8, noise=200)
    assert mean_f1(movie, truth, quiet_job, by) > 0.9


def test_frames_of_noise_hold_no_particles(rng, quiet_job, by):
    movie = Movie(rng.poisson(100, (3, 256, 256)).astype(np.uint16))
    assert segment(movie, by, quiet_job).labels.max() == 0


def test_an_empty_frame_among_others_stays_empty(rng, quiet_job, by):
    movie, truth = scene(20, frames=3)
    data = movie.data.copy()
    data[1] = rng.normal(1050, 20, data[1].shape)
    truth[1] = 0
    assert mean_f1(Movie(data), truth, quiet_job, by) > 0.95


def test_a_constant_frame_holds_no_particles(quiet_job, by):
    assert segment(Movie(np.full((1, 64, 64), 7)), by, quiet_job).labels.max() == 0


def test_labels_are_int32_numbered_from_1_without_gaps(quiet_job, by):
    movie, _ = scene(20)
    labels = segment(movie, by, quiet_job).labels
    assert labels.dtype == np.int32
    for frame in labels:
        np.testing.assert_array_equal(np.unique(frame), np.arange(frame.max() + 1))


def test_a_frame_alone_is_segmented_as_in_the_movie_once_the_values_are_filled_in(quiet_job, by):
    movie, _ = scene(20, frames=4)
    settings = propose_settings(movie, by)
    assert settings.polarity == "dark"
    whole = segment(movie, settings, quiet_job).labels
    alone = segment(movie.select(2, 3), settings, quiet_job).labels
    np.testing.assert_array_equal(whole[2], alone[0])


def test_given_values_are_kept_by_the_proposal(by):
    movie, _ = scene(20)
    settings = propose_settings(movie, by.model_copy(update={"diameter": 33, "polarity": "bright"}))
    assert settings.diameter == 33
    assert settings.polarity == "bright"


def test_the_other_thresholds_and_no_flattening_work(quiet_job):
    movie, truth = scene(30)
    for method in ("otsu", "li", "minimum_error"):
        assert (
            mean_f1(movie, truth, quiet_job, SegmentSettings(model="classical", threshold=method))
            > 0.9
        )


def test_particles_cut_by_the_border_can_be_left_out(quiet_job, by):
    frame = np.random.default_rng(0).normal(1000, 10, (1, 128, 128))
    frame[0, 50:80, 50:80] -= 150
    frame[0, :20, 90:110] -= 150
    both = segment(Movie(frame), by, quiet_job).labels
    inner = segment(Movie(frame), by.model_copy(update={"drop_edge": True}), quiet_job).labels
    assert both.max() == 2
    assert inner.max() == 1
    assert inner[0, 65, 65] == 1


def test_small_and_weak_particles_can_be_left_out(quiet_job):
    frame = np.random.default_rng(0).normal(1000, 10, (1, 160, 160))
    frame[0, 20:50, 20:50] -= 200
    frame[0, 100:112, 20:32] -= 200
    frame[0, 90:120, 90:120] -= 110
    assert segment(Movie(frame), CLASSICAL, quiet_job).labels.max() == 3
    large = SegmentSettings(model="classical", smallest_diameter=20)
    assert segment(Movie(frame), large, quiet_job).labels.max() == 2
    strong = SegmentSettings(model="classical", smallest_contrast=150)
    assert segment(Movie(frame), strong, quiet_job).labels.max() == 2


def test_missing_pixels_do_not_spoil_a_frame(quiet_job, by):
    movie, truth = scene(30)
    data = movie.data.copy()
    data[:, 5, 5] = np.nan
    assert mean_f1(Movie(data), truth, quiet_job, by) > 0.95


def test_a_cancel_stops_it(by):
    movie, _ = scene(20, frames=6)
    stop = threading.Event()
    job = Job(on_progress=lambda p: p.done >= 1 and stop.set(), is_cancelled=stop.is_set)
    with pytest.raises(Cancelled):
        segment(movie, by, job)


def test_a_cancel_stops_the_search_for_size_and_polarity(by):
    movie, _ = scene(20, frames=6)
    stop = threading.Event()
    seen = []

    def on_progress(progress):
        seen.append(progress.description)
        if progress.description.startswith("Comparing") and progress.done >= 1:
            stop.set()

    with pytest.raises(Cancelled):
        segment(movie, by, Job(on_progress, is_cancelled=stop.is_set))
    assert seen.count("Comparing sizes and polarities") < 6


def patches(shape, rng):
    """Liquid that varies over all distances; deviation 1."""
    f = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1]))
    f[0, 0] = np.inf
    field = np.fft.irfft2(np.fft.rfft2(rng.normal(size=shape)) * f**-1.5, shape)
    return field / field.std()


def test_a_lattice_on_patches_as_strong_as_its_particles_is_found(rng, quiet_job):
    y, x = np.mgrid[:384, :384]
    inside = (y % 24 - 12) ** 2 + (x % 24 - 12) ** 2 <= 8**2
    truth = ndimage.label(inside)[0]
    frame = 1000 - 120 * ndimage.gaussian_filter(inside.astype(float), 0.7)
    frame += 150 * patches(frame.shape, rng) + rng.normal(0, 50, frame.shape)
    values = propose_settings(Movie(frame[None]), CLASSICAL, quiet_job)
    assert values.polarity == "dark"
    assert 5 < values.diameter < 32
    assert mean_f1(Movie(frame[None]), truth[None], quiet_job, CLASSICAL) > 0.5


def test_small_particles_among_large_ones_are_found(rng, quiet_job):
    truth = np.zeros((400, 400), np.int32)
    y, x = np.mgrid[:400, :400]
    number = 0
    for cy, cx in [(80, 80), (90, 310), (300, 100), (310, 300)]:
        number += 1
        truth[(y - cy) ** 2 + (x - cx) ** 2 <= 30**2] = number
    for cy in range(20, 400, 70):
        for cx in range(20, 400, 70):
            spot = (y - cy) ** 2 + (x - cx) ** 2 <= 3**2
            if not truth[ndimage.binary_dilation(spot, iterations=3)].any():
                number += 1
                truth[spot] = number
    frame = 1000 - 120 * ndimage.gaussian_filter((truth > 0).astype(float), 0.7)
    movie = Movie((frame + rng.normal(0, 20, frame.shape))[None])
    assert mean_f1(movie, truth[None], quiet_job, CLASSICAL) > 0.9


@pytest.mark.parametrize("shape", [(1, 50), (8, 8)])
def test_frames_too_small_to_hold_particles_are_refused_in_plain_words(shape, quiet_job, by):
    movie = Movie(np.zeros((2, *shape), np.float32))
    with pytest.raises(MovieError, match="too small"):
        segment(movie, by, quiet_job)


def test_large_balls_with_gentle_outlines_are_found(rng, quiet_job, by):
    y, x = np.mgrid[:500, :500]
    thick = np.zeros((500, 500))
    truth = np.zeros((500, 500), np.int32)
    for number, (cy, cx) in enumerate([(130, 130), (350, 160), (240, 370)], start=1):
        square = 90.0**2 - (y - cy) ** 2 - (x - cx) ** 2
        truth[square > 0] = number
        thick += np.sqrt(np.clip(square, 0, None)) / 90
    movie = Movie((1000 - 120 * thick + rng.normal(0, 10, thick.shape))[None])
    assert mean_f1(movie, truth[None], quiet_job, by) == 1.0


def test_a_banner_holds_no_particles(quiet_job, by):
    movie, truth = scene(24)
    banner = np.zeros((2, 50, 256), np.float32)
    banner[:, 20:26, 20:120] = 2000
    logged = []
    job = Job(quiet_job.on_progress, on_log=logged.append)
    with_banner = Movie(np.concatenate([movie.data, banner], axis=1))
    labels = np.asarray(segment(with_banner, by, job).labels)
    assert not labels[:, 256:].any()
    assert agreement_table(truth, labels[:, :256])["f1"].mean() > 0.95
    assert "banner" in logged[0]


@pytest.mark.recordings
def test_sintering_particles_are_found_without_tuning(recordings, quiet_job, by):
    import imageio.v3 as iio

    def grey(path):
        image = iio.imread(path)
        return image if image.ndim == 2 else image[..., :3].max(axis=-1)

    numbers = range(20)
    folder = recordings / "sintering-bf"
    movie = Movie(np.array([grey(folder / "images" / f"image_{i}.png") for i in numbers]))
    truth = [ndimage.label(grey(folder / "labels" / f"label_{i}.png") > 0)[0] for i in numbers]
    table = agreement_table(truth, segment(movie, by, quiet_job).labels)
    assert table["f1"].mean() >= 0.93
    # The labels are one threshold for all; the network's outlines lie half-way up each particle.
    assert table["foreground_iou"].mean() >= (0.955 if by.model == "classical" else 0.88)


def test_the_probability_is_handed_on_when_it_is_wanted(quiet_job):
    movie, truth = scene(24)
    found = segment(movie, SegmentSettings(probability_map=True), quiet_job)
    assert found.probability.shape == movie.data.shape
    assert found.probability[truth > 0].mean() > 0.8 > 0.2 > found.probability[truth == 0].mean()
    assert segment(movie, SegmentSettings(), quiet_job).probability is None


def test_a_lower_probability_widens_outlines_and_no_splitting_leaves_touching_ones_together(
    quiet_job,
):
    movie, _ = scene(24, frames=1, count=60, touching=True)
    known = SegmentSettings(diameter=24, polarity="dark")
    usual, wide, whole = (
        np.asarray(segment(movie, known.model_copy(update=change), quiet_job).labels)
        for change in ({}, {"probability": 0.1}, {"split": 0})
    )
    assert np.count_nonzero(wide) > np.count_nonzero(usual)
    assert whole.max() < usual.max()
    assert np.array_equal(whole > 0, usual > 0)


def test_the_model_is_told_in_the_provenance(quiet_job):
    movie, _ = scene(24, frames=1)
    step = segment(movie, SegmentSettings(), quiet_job).provenance.steps[-1]
    assert list(step.models) == ["particles"]
    assert len(step.models["particles"]) == 64
    assert segment(movie, CLASSICAL, quiet_job).provenance.steps[-1].models == {}


def test_a_model_that_is_not_there_is_said_in_one_line(quiet_job):
    movie, _ = scene(24, frames=1)
    with pytest.raises(ValueError, match=r"no model 'nothing'.*There are") as caught:
        segment(movie, SegmentSettings(model="nothing"), quiet_job)
    assert "\n" not in str(caught.value)
