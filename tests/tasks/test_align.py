"""Drift is recovered where there is one, and not invented where there is none."""

import sys
from pathlib import Path

import numpy as np
import pytest

from napari_insitu_tem import Cancelled, Job, Movie, MovieError
from napari_insitu_tem.tasks.align import AlignSettings, align

sys.path.insert(0, str(Path(__file__).parents[1]))
from drifting import discs, drifting, walk  # noqa: E402


def found(result) -> np.ndarray:
    return result.drift[["drift_y", "drift_x"]].to_numpy()


def rmse(result, truth: np.ndarray) -> np.ndarray:
    error = found(result) - truth
    return np.sqrt(np.mean((error - error.mean(axis=0)) ** 2, axis=0))


def run(frames, job, **settings):
    return align(Movie(frames), AlignSettings(**settings), job)


def test_drift_at_signal_to_noise_1_is_recovered_to_a_twentieth_of_a_pixel(quiet_job):
    truth = walk(200)
    result = run(drifting(truth), quiet_job)
    assert rmse(result, truth).max() < 0.05
    assert not result.drift["interpolated"].any()


@pytest.mark.parametrize("grain", [1.0, 4.0, 8.0])
def test_fine_and_coarse_scenes_do_alike(quiet_job, grain):
    truth = walk(40)
    assert rmse(run(drifting(truth, 192, grain=grain), quiet_job), truth).max() < 0.15


@pytest.mark.parametrize("reference", ["previous", "first"])
def test_the_other_references_do_too_without_build_up_of_error(quiet_job, reference):
    truth = walk(100)
    assert rmse(run(drifting(truth), quiet_job, reference=reference), truth).max() < 0.1


def test_the_aligned_movie_stands_still(quiet_job):
    truth = walk(30)
    result = run(drifting(truth, noise=0.0), quiet_job)
    frames = np.asarray(result.movie.data)
    assert result.movie.data.dtype == np.float32
    inner = frames[:, 4:-4, 4:-4]
    assert np.abs(inner - inner[0]).max() < 0.1 * inner.std()


def test_a_point_is_found_again_by_offset_and_drift(quiet_job):
    truth = walk(30)
    frames = drifting(truth, noise=0.0)
    result = run(frames, quiet_job, border="crop")
    row, column = result.offset
    height, width = result.movie.frame_shape
    assert (height, width) < frames.shape[1:]
    first = np.asarray(result.movie.data[0])
    inner = first[4:-4, 4:-4]
    assert (
        np.abs(inner - frames[0][row + 4 : row + height - 4, column + 4 : column + width - 4]).max()
        < 0.1
    )


def test_the_aligned_movie_lies_where_it_was_cropped_from(quiet_job):
    movie = Movie(drifting(walk(30, trend=0.3), noise=0.0)).crop(slice(10, None), slice(4, None))
    result = align(movie, AlignSettings(border="crop"), quiet_job)
    assert any(result.offset)
    assert result.movie.origin == (10 + result.offset[0], 4 + result.offset[1])
    assert align(movie, AlignSettings(border="fill"), quiet_job).movie.origin == (10, 4)


def test_filled_borders_keep_the_size(quiet_job):
    frames = drifting(walk(20))
    assert run(frames, quiet_job, border="fill").movie.data.shape == frames.shape


def test_a_movie_without_drift_comes_back_as_it_is(quiet_job):
    movie = Movie(drifting(np.zeros((40, 2))))
    result = align(movie, AlignSettings(), quiet_job)
    assert result.movie.data is movie.data
    assert "does not drift" in result.message


def test_slow_drift_is_not_taken_for_none(quiet_job):
    truth = np.outer(np.arange(60), [0.02, -0.01])
    assert rmse(run(drifting(truth), quiet_job), truth).max() < 0.05


def test_noise_alone_has_no_drift(quiet_job, rng):
    frames = rng.normal(100, 1, (40, 128, 128)).astype(np.float32)
    assert not found(run(frames, quiet_job)).any()


def test_a_single_wandering_particle_is_not_drift(quiet_job):
    path = 100 + walk(40, step=2.0, trend=0)[:, None, :]
    result = run(discs(path, 200, 8), quiet_job)
    assert not found(result).any()
    assert "do not move together" in result.message


def test_the_check_can_be_switched_off(quiet_job):
    path = walk(30, step=1.0, trend=0)
    result = run(discs(100 + path[:, None, :], 200, 8), quiet_job, check=False)
    assert rmse(result, path).max() < 0.3


def test_a_few_particles_that_move_together_are_drift(quiet_job, rng):
    truth = walk(40)
    places = rng.uniform(20, 180, (6, 2)) + truth[:, None, :]
    assert rmse(run(discs(places, 200, 8), quiet_job), truth).max() < 0.1


def test_particles_that_wander_on_a_textured_film_do_not_pull_at_it(quiet_job, rng):
    truth = walk(40)
    steps = np.cumsum(rng.normal(0, 1.0, (40, 15, 2)), axis=0)
    places = rng.uniform(10, 182, (15, 2)) + steps
    frames = drifting(truth, 192) + discs(places, 192, 5, noise=0) - 100
    assert rmse(run(frames, quiet_job), truth).max() < 0.15


def test_many_wandering_particles_stay_where_they_are_on_average(quiet_job, rng):
    steps = np.cumsum(rng.normal(0, 0.5, (30, 40, 2)), axis=0)
    places = rng.uniform(10, 182, (40, 2)) + steps
    drift = found(run(discs(places, 192, 5), quiet_job))
    common = steps.mean(axis=1) - steps[0].mean(axis=0)
    assert np.abs(drift - common).max() < 1.0


def test_uneven_illumination_does_not_pin_it(quiet_job):
    truth = walk(40)
    y, x = np.mgrid[:128, :128]
    light = np.exp(-((y - 40) ** 2 + (x - 80) ** 2) / (2 * 60**2))
    frames = (drifting(truth) - 90) * light
    assert rmse(run(frames, quiet_job), truth).max() < 0.1


def test_a_pattern_that_stands_still_does_not_pin_it(quiet_job):
    truth = walk(60, trend=0.3)
    pattern = drifting(np.zeros((1, 2)), noise=0.0, seed=7)[0]
    result = run(drifting(truth) + 1.5 * pattern, quiet_job)
    assert rmse(result, truth).max() < 0.3
    assert "stands still" in result.message


def test_a_jump_of_40_pixels_is_followed(quiet_job):
    truth = walk(40, step=0.3)
    truth[20:] += [40, -25]
    assert rmse(run(drifting(truth, 192), quiet_job), truth).max() < 0.1


def test_a_lattice_is_not_shifted_by_a_period(quiet_job, rng):
    truth = np.outer(np.arange(60), [0.8, 0.5])
    y, x = np.mgrid[:128, :128]
    frames = np.stack(
        [
            np.cos(2 * np.pi * (y - dy) / 14)
            + np.cos(2 * np.pi * (0.8 * (x - dx) + 0.3 * (y - dy)) / 14)
            for dy, dx in truth
        ]
    )
    frames += rng.normal(size=frames.shape)
    assert rmse(run(frames, quiet_job), truth).max() < 0.1


@pytest.mark.parametrize("reference", ["running mean", "previous", "first"])
def test_blank_frames_get_their_drift_from_their_neighbours(quiet_job, rng, reference):
    truth = np.outer(np.arange(40), [0.4, -0.3])
    frames = drifting(truth)
    frames[10] = 0
    frames[20] = rng.normal(100, 1.4, frames[0].shape)
    frames[30] = np.nan
    result = run(frames, quiet_job, reference=reference)
    assert rmse(result, truth).max() < 0.15
    assert list(np.flatnonzero(result.drift["interpolated"])) == [10, 20, 30]
    assert np.isfinite(np.asarray(result.movie.data)).all()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_integer_movies_are_aligned_alike(quiet_job, kind):
    truth = walk(30)
    frames = ((drifting(truth) - 100) * 15 + 120).clip(0, 255).astype(kind)
    assert rmse(run(frames, quiet_job), truth).max() < 0.1


def test_a_banner_can_be_ignored(quiet_job):
    truth = walk(30)
    frames = drifting(truth)
    frames[:, -20:] = 0
    frames[:, -15:-5, ::7] = 200
    assert rmse(run(frames, quiet_job, ignore_bottom=20), truth).max() < 0.1


@pytest.mark.parametrize("shape", [(1, 40, 40), (2, 40, 40), (3, 20, 33), (4, 64, 17)])
def test_short_and_small_movies_are_no_trouble(quiet_job, rng, shape):
    result = run(rng.normal(size=shape), quiet_job)
    assert len(result.drift) == shape[0]
    assert found(result)[0].tolist() == [0, 0]


def test_constant_and_missing_frames_have_no_drift(quiet_job):
    for value in (5.0, np.nan):
        assert not found(run(np.full((4, 32, 32), value), quiet_job)).any()


def test_too_little_to_compare_is_refused_plainly(quiet_job):
    with pytest.raises(MovieError, match="Ignore less"):
        run(np.zeros((3, 40, 40)), quiet_job, ignore_top=30)


def test_the_published_drift_is_in_nm(quiet_job):
    movie = Movie(drifting(walk(20)), pixel_size=0.5, frame_time=0.1)
    result = align(movie, AlignSettings(), quiet_job)
    table = result.published_drift()
    assert np.allclose(table["drift_x_nm"], 0.5 * result.drift["drift_x"])
    assert np.allclose(table["time_s"], 0.1 * np.arange(20))
    assert result.provenance.steps[-1].task == "align"


def test_cancel_is_heard(rng):
    asked = iter(range(1000))
    job = Job(on_progress=lambda progress: None, is_cancelled=lambda: next(asked) > 20)
    with pytest.raises(Cancelled):
        run(rng.normal(size=(30, 32, 32)), job)


@pytest.mark.recordings
def test_a_recorded_lattice_with_hopping_atoms_is_steadied(recordings, quiet_job):
    from napari_insitu_tem.io.read import read_movie

    movie = read_movie(recordings / "stem-graphene" / "movie.mp4")
    result = align(movie.select(0, 20), AlignSettings(), quiet_job)

    def restlessness(frames) -> float:
        frames = np.asarray(frames, float)[:, 20:-20, 20:-20]
        return float(np.diff(frames, axis=0).var() / frames.var())

    assert restlessness(result.movie.data) <= restlessness(movie.data[:20])
