"""Both linkers, on walks whose identities are known."""

import numpy as np
import pytest

from napari_insitu_tem import Job
from napari_insitu_tem.analysis.linking import LINKERS
from napari_insitu_tem.job import Cancelled

both = pytest.mark.parametrize("name", ["trackpy", "laptrack"])


def walks(rng, particles=40, frames=30, step=1.0, side=300.0):
    start = rng.uniform(0, side, (1, particles, 2))
    return start + np.cumsum(rng.normal(0, step, (frames, particles, 2)), axis=0)


def shuffled(rng, places):
    orders = [rng.permutation(len(frame)) for frame in places]
    return [f[o] for f, o in zip(places, orders, strict=True)], orders


@both
def test_every_particle_keeps_its_track(rng, quiet_job, name):
    grid = np.stack(np.meshgrid(*2 * [np.arange(7) * 20.0]), -1).reshape(-1, 2)
    places = grid + np.cumsum(rng.normal(0, 0.8, (25, 49, 2)), axis=0)
    frames, orders = shuffled(rng, places)
    links = LINKERS[name](frames, search_range=8, memory=0, job=quiet_job)
    tracks = np.array([t[np.argsort(o)] for t, o in zip(links.tracks, orders, strict=True)])
    assert (tracks == tracks[0]).all()
    assert len(set(tracks[0])) == 49


@both
def test_a_gap_is_closed_up_to_the_memory(rng, quiet_job, name):
    place = np.array([[50.0, 50.0]])
    for missing, tracks in ((2, 1), (3, 2)):
        frames = [place] * 4 + [np.zeros((0, 2))] * missing + [place + 1] * 4
        links = LINKERS[name](frames, search_range=5, memory=2, job=quiet_job)
        assert len(set(np.concatenate(links.tracks))) == tracks, (name, missing)


@both
def test_frames_without_particles_are_no_problem(quiet_job, name):
    empty = np.zeros((0, 2))
    for frames in ([empty] * 3, [empty, np.ones((2, 2)) * [[1], [9]], empty], [np.ones((1, 2))]):
        links = LINKERS[name](frames, search_range=2, memory=1, job=quiet_job)
        assert [len(t) for t in links.tracks] == [len(f) for f in frames]


def test_a_field_too_dense_for_trackpy_alone_is_linked(rng, quiet_job):
    # One network of 400 particles: trackpy gives up above 30.
    grid = np.stack(np.meshgrid(*2 * [np.arange(20) * 10.0]), -1).reshape(-1, 2)
    places = [grid + rng.normal(0, 1, grid.shape) for _ in range(5)]
    links = LINKERS["trackpy"](places, search_range=14, memory=2, job=quiet_job)
    assert all((tracks == links.tracks[0]).all() for tracks in links.tracks)


def test_what_is_remembered_of_noise_does_not_take_a_track(quiet_job):
    # A spot of noise lay nearer to where the particle goes than the particle itself.
    particle = [np.array([[50.0, 50.0]]) + [[0, 2 * t]] for t in range(9)]
    particle[5] = np.concatenate((particle[5], [[50, 62.2]]))
    links = LINKERS["trackpy"](particle, search_range=10, memory=5, job=quiet_job)
    assert len({int(tracks[0]) for tracks in links.tracks}) == 1


@both
def test_linking_stops_when_asked_to(rng, name):
    places = list(walks(rng, frames=60))
    asked = 0

    def is_cancelled():
        nonlocal asked
        asked += 1
        return asked > 20

    job = Job(on_progress=lambda _: None, is_cancelled=is_cancelled)
    with pytest.raises(Cancelled):
        LINKERS[name](places, search_range=10, memory=2, job=job)
    assert asked < 25


def test_laptrack_proposes_where_particles_merge_and_split(quiet_job):
    one, other = np.array([20.0, 20.0]), np.array([20.0, 32.0])
    apart, together = np.stack((one, other)), (one + other)[None] / 2
    links = LINKERS["laptrack"](
        [apart] * 4 + [together] * 4 + [apart] * 4, search_range=8, memory=0, job=quiet_job
    )
    assert [(a[0], b[0]) for a, b in links.merges] == [(3, 4)]
    assert [(a[0], b[0]) for a, b in links.splits] == [(7, 8)]
