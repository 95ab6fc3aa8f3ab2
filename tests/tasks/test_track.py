"""The track task on simulated movies, with flicker put into the true masks."""

import time

import numpy as np
import pytest
from scipy import ndimage

from napari_insitu_tem import Job, Movie, Segmentation
from napari_insitu_tem.analysis.identity import graph_events, score_events, score_identity
from napari_insitu_tem.job import Cancelled
from napari_insitu_tem.simulate.particles import ParticleMovieSettings, simulate_particles
from napari_insitu_tem.tasks.track import TrackSettings, track, tracking_from_labels

QUIET = Job(on_progress=lambda _: None, on_log=lambda _: None, seed=5)
SMALL = {"height": 220, "width": 260, "particles": 14}


@pytest.fixture(scope="module")
def cubes():
    return simulate_particles(ParticleMovieSettings(n_frames=50, drift=0.4, **SMALL), QUIET)


@pytest.fixture(scope="module")
def joining():
    return simulate_particles(
        ParticleMovieSettings(
            n_frames=100, clearance=2, joining="aligned", joining_probability=1,
            splitting_probability=0.03, **SMALL,
        ),
        QUIET,
    )  # fmt: skip


def numbered_anew(labels, rng):
    """Labels as a segmentation gives them: other numbers in every frame."""
    fresh = [
        np.concatenate(([0], 1 + rng.permutation(int(f.max())))).astype(np.int32) for f in labels
    ]
    return np.stack([lookup[frame] for lookup, frame in zip(fresh, labels, strict=True)])


def flickering(labels, rng, *, joined=0.1, broken=0.0, missing=0.0):
    """Join touching particles, break some and drop some, each frame by itself."""
    frames = []
    for frame in labels:
        frame = frame.copy()
        around = ndimage.maximum_filter(frame, 3)
        contact = (frame > 0) & (around != frame)
        for one, other in sorted(set(zip(frame[contact], around[contact], strict=True))):
            if rng.random() < joined:
                frame[frame == one] = other
        for label in np.unique(frame)[1:]:
            chance = rng.random()
            if chance < missing:
                frame[frame == label] = 0
            elif chance < missing + broken:
                y, x = np.nonzero(frame == label)
                piece = x > np.quantile(x, 0.65)
                frame[y[piece], x[piece]] = frame.max() + 1
        frames.append(frame)
    return np.stack(frames)


def tracked(simulated, labels, job=QUIET, **settings):
    return track(Segmentation(labels, simulated.movie), TrackSettings(**settings), job)


def true_events(simulated):
    """Events of the simulator in the form of `graph_events`."""
    poses = simulated.poses.set_index(["particle", "frame"])
    events = []
    for event in simulated.events.itertuples():
        merge = event.kind == "merge"
        one = (event.children[0], event.frame) if merge else (event.parents[0], event.frame - 1)
        row = poses.loc[one]
        events.append({"frame": event.frame, "kind": event.kind, "at": (row["y"], row["x"])})
    return events


@pytest.mark.parametrize("method", ["trackpy", "laptrack"])
def test_drifting_nanocubes_keep_their_identity_place_and_angle(cubes, rng, method):
    found = tracked(cubes, numbered_anew(cubes.labels, rng), method=method)
    score = score_identity(cubes.poses, found.particles)
    assert score.idf1 > 0.999
    assert score.centroid_rmse < 0.15
    assert score.orientation_rmse < 0.6
    assert set(found.particles["symmetry"]) == {4}


def test_the_label_in_the_masks_is_the_track(cubes, rng):
    labels = numbered_anew(cubes.labels, rng)
    found = tracked(cubes, labels)
    for row in found.particles.sample(40, random_state=1).itertuples():
        mask = found.segmentation.frame(row.frame) == row.track
        assert mask.sum() == row.area
        np.testing.assert_array_equal(mask, labels[row.frame] == row.label)
    order = found.particles[["track", "frame"]]
    assert order.equals(order.sort_values(["track", "frame"]).reset_index(drop=True))
    assert not order.duplicated().any()


def test_flickering_masks_are_mended_and_make_no_false_events(cubes, rng):
    labels = flickering(cubes.labels, rng, joined=0.15, broken=0.01, missing=0.01)
    assert (labels != cubes.labels).any()
    found = tracked(cubes, numbered_anew(labels, rng))
    score = score_identity(cubes.poses, found.particles)
    assert score.idf1 >= 0.98
    assert found.graph == {}


def test_masks_that_were_joined_are_cut_where_the_particles_touch(quiet_job):
    labels = np.zeros((9, 40, 60), np.int32)
    labels[:, 10:30, 10:30], labels[:, 10:30, 30:50] = 1, 2
    truth = labels.copy()
    labels[4] = np.minimum(labels[4], 1)
    found = track(Segmentation(labels, Movie(truth * 1.0)), TrackSettings(), quiet_job)
    np.testing.assert_array_equal(np.asarray(found.segmentation.labels), truth)
    joined = found.particles[found.particles["frame"] == 4]
    assert joined["area"].tolist() == [400, 400] and joined["label"].tolist() == [1, 1]


def test_a_particle_broken_for_a_frame_is_joined_again(quiet_job):
    labels = np.zeros((9, 40, 60), np.int32)
    labels[:, 10:30, 10:40] = 1
    labels[4, 10:30, 28:40] = 2
    found = track(Segmentation(labels, Movie(labels * 1.0)), TrackSettings(), quiet_job)
    assert (found.particles["area"] == 600).all() and len(found.particles) == 9
    assert set(np.unique(found.segmentation.labels)) == {0, 1}


@pytest.mark.parametrize("method", ["trackpy", "laptrack"])
def test_attachment_and_splitting_are_found(joining, rng, method):
    labels = numbered_anew(flickering(joining.labels, rng, joined=0.05), rng)
    found = tracked(joining, labels, method=method)
    true = true_events(joining)
    assert len(true) >= 8
    score = score_events(graph_events(found.particles, found.graph), true, reach=15)
    assert score.f1 >= 0.9
    for child, parents in found.graph.items():
        start = found.particles.loc[found.particles["track"] == child, "frame"].min()
        for parent in parents:
            assert found.particles.loc[found.particles["track"] == parent, "frame"].max() < start


def test_a_particle_that_vanishes_beside_another_is_no_merge(quiet_job):
    labels = np.zeros((30, 60, 80), np.int32)
    labels[:, 20:40, 20:40], labels[:15, 20:40, 41:55] = 1, 2
    found = track(Segmentation(labels, Movie(labels * 1.0)), TrackSettings(), quiet_job)
    assert found.graph == {} and found.particles["track"].nunique() == 2


def test_without_events_tracks_are_never_cut(joining, rng):
    assert tracked(joining, numbered_anew(joining.labels, rng), events=False).graph == {}


def test_short_tracks_are_left_out_with_their_masks(cubes, rng):
    labels = cubes.labels.copy()
    labels[20, :4, :4] = labels.max() + 1
    segmentation = numbered_anew(labels, rng)
    assert tracked(cubes, segmentation).particles["track"].nunique() == 14
    everything = tracked(cubes, segmentation, min_length=1)
    assert everything.particles["track"].nunique() == 15
    assert np.unique(everything.segmentation.frame(20)).size == 16


def test_fast_particles_far_apart_are_followed_by_default():
    simulated = simulate_particles(
        ParticleMovieSettings(
            n_frames=40, height=400, width=400, particles=6, size=10, diffusion=20
        ),
        QUIET,
    )
    labels = numbered_anew(simulated.labels, np.random.default_rng(1))
    assert score_identity(simulated.poses, tracked(simulated, labels).particles).idf1 > 0.98


@pytest.mark.parametrize(("shape", "fold"), [("rod", 2), ("prism", 3), ("cube", 4), ("sphere", 0)])
def test_the_symmetry_is_found_and_round_particles_have_no_angle(shape, fold):
    simulated = simulate_particles(
        ParticleMovieSettings(n_frames=8, height=160, width=200, particles=5, size=30, shape=shape),
        QUIET,
    )
    particles = tracked(simulated, simulated.labels).particles
    assert set(particles["symmetry"]) == {fold}
    assert particles["orientation"].isna().all() == (fold == 0)
    if fold:
        assert score_identity(simulated.poses, particles).orientation_rmse < 1.5
    given = tracked(simulated, simulated.labels, symmetry=6).particles
    assert set(given["symmetry"]) == {6} and given["orientation"].notna().all()


def test_masks_with_track_numbers_are_taken_as_they_are(cubes):
    segmentation = Segmentation(cubes.labels, cubes.movie)
    found = tracking_from_labels(segmentation, QUIET)
    assert (found.particles["track"] == found.particles["label"]).all()
    assert score_identity(cubes.poses, found.particles).idf1 == 1
    same = tracked(cubes, cubes.labels, method="as labelled")
    assert same.particles.equals(found.particles)
    assert same.provenance.steps[-1].settings["method"] == "as labelled"


@pytest.mark.parametrize("method", ["trackpy", "laptrack", "as labelled"])
@pytest.mark.parametrize("frames", [1, 4])
def test_empty_masks_give_an_empty_table(quiet_job, frames, method):
    empty = np.zeros((frames, 12, 14), np.int32)
    found = track(Segmentation(empty, Movie(empty * 1.0)), TrackSettings(method=method), quiet_job)
    assert len(found.particles) == 0 and {"y", "x", "orientation"} <= set(found.particles)
    assert not np.asarray(found.segmentation.labels).any()


def test_a_still_image_gives_tracks_of_one_frame(cubes):
    still = Segmentation(cubes.labels[:1], cubes.movie.select(0, 1))
    assert track(still, TrackSettings(), QUIET).particles["track"].nunique() == 14


@pytest.mark.parametrize("after", [5, 60, 110, 160])
def test_a_cancel_ends_it_within_a_second(cubes, after):
    asked = []

    def is_cancelled():
        asked.append(time.perf_counter())
        return len(asked) > after

    job = Job(on_progress=lambda _: None, is_cancelled=is_cancelled, on_log=lambda _: None)
    with pytest.raises(Cancelled):
        tracked(cubes, cubes.labels, job)
    assert time.perf_counter() - asked[after] < 1
    assert np.diff(asked).max() < 1


def test_progress_is_told_for_every_stage(cubes):
    stages = []
    job = Job(on_progress=lambda p: stages.append(p.description), on_log=lambda _: None)
    tracked(cubes, cubes.labels, job)
    assert list(dict.fromkeys(stages)) == [
        "Measuring", "Finding common drift", "Linking", "Writing masks"
    ]  # fmt: skip
