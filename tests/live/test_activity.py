"""Where to look next: the map of activity beside everything else that follows."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattices import tiny_model, turning_movie
from napari_insitu_tem import Movie
from napari_insitu_tem.analysis.active_regions import STANDS_OUT, ActiveRegion, rank_regions
from napari_insitu_tem.analysis.windows import WindowGrid
from napari_insitu_tem.live.activity import Activity
from napari_insitu_tem.live.activity_map import make_activity_map
from napari_insitu_tem.live.follower import Follower
from napari_insitu_tem.live.frames import Frame
from napari_insitu_tem.live.latent_ring import LatentRing
from napari_insitu_tem.live.picture import Picture, Standing
from napari_insitu_tem.live.pushed import PushSource
from napari_insitu_tem.live.words import region_words, standing_words
from napari_insitu_tem.tasks.latent import LatentSettings, latent

LONG = 60.0


@pytest.fixture(autouse=True)
def own_models(tmp_path, monkeypatch):
    monkeypatch.setenv("INSITU_TEM_MODELS", str(tmp_path / "models"))
    tiny_model()


def wait(condition, timeout=LONG):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def tiny_map(frames=100):
    return lambda is_stopped: make_activity_map("tiny", frames=frames, is_stopped=is_stopped)


@pytest.fixture
def follow():
    followers = []

    def start(source, make_map):
        follower = Follower(source, lambda: lambda mean: mean, frames=2, make_map=make_map)
        followers.append(follower)
        follower.start()
        return follower

    yield start
    for follower in followers:
        follower.stop()


def push_all(source, follower, movie, done=0):
    """Push each frame once the one before was mapped, so that the latest passes over none."""
    for index in range(movie.n_frames):
        source.push(movie.frame(index))
        number = done + index
        wait(lambda number=number: (taken := follower._mapper._taken) and taken.number == number)


def frames_of(movie, pixel_size=None):
    return [
        Frame(movie.frame(index), index, str(index), 0.0, pixel_size=pixel_size)
        for index in range(movie.n_frames)
    ]


def of_the_task(movie, job):
    return latent(movie, LatentSettings(model="tiny", clusters=0), job)


def test_the_map_is_that_of_latent_variance_on_the_same_frames(follow, quiet_job):
    movie = turning_movie(frames=14)
    source = PushSource(100, pixel_size=0.5)
    follower = follow(source, tiny_map())
    push_all(source, follower, movie)
    wait(lambda: follower.activity is not None and follower.activity.frames == 14)
    activity, found = follower.activity, of_the_task(movie, quiet_job)
    np.testing.assert_allclose(activity.map, found.activity(), rtol=1e-4)
    np.testing.assert_array_equal(activity.lattice, found.lattice)
    assert activity.grid == found.grid and activity.pixel_size == 0.5
    assert activity.number == 13 and activity.frame_shape == (128, 128)
    best = np.unravel_index(activity.map.argmax(), activity.map.shape)
    first = activity.ranked[0]
    assert (first.y, first.x) == found.grid.centre(*best)
    values = found.maps()[best]
    assert first.latents == tuple(np.argsort(-values)[:2])
    assert follower.latest is not None  # refined all the same


def test_only_the_last_frames_count(quiet_job):
    movie = turning_movie(frames=25)
    maps = tiny_map(frames=12)(lambda: False)
    for frame in frames_of(movie):
        maps.add(frame)
    activity = maps.activity()
    assert activity.frames == 12
    expected = of_the_task(movie.select(13, 25), quiet_job).activity()
    np.testing.assert_allclose(activity.map, expected, rtol=1e-4)


def test_where_no_lattice_is_nothing_is_ranked(rng):
    data = 100 + 3 * rng.standard_normal((14, 160, 256)).astype(np.float32)
    data[:, :, :128] += 10 * turning_movie(frames=14, edge=160).data[:, :, 32:] - 1000
    maps = tiny_map()(lambda: False)
    for frame in frames_of(Movie(data)):
        maps.add(frame)
    activity = maps.activity()
    assert activity.lattice[:, 0].all() and not activity.lattice[:, -1].any()
    assert (activity.map[~activity.lattice] == 0).all() and activity.map.max() > 0
    assert all(region.x < 160 for region in activity.ranked)


def test_other_frames_begin_it_anew(quiet_job):
    maps = tiny_map()(lambda: False)
    for frame in frames_of(turning_movie(frames=12, edge=160)):
        maps.add(frame)
    assert maps.activity().map.shape == (13, 13)
    small = turning_movie(frames=12, edge=128, seed=3)
    first, *others = frames_of(small)
    maps.add(first)
    assert maps.activity() is None
    for frame in others:
        maps.add(frame)
    expected = of_the_task(small, quiet_job).activity()
    np.testing.assert_allclose(maps.activity().map, expected, rtol=1e-4)
    maps.add(frames_of(small, pixel_size=0.1)[0])  # another magnification
    assert maps.activity() is None


def test_a_change_of_size_while_it_is_followed_takes_the_old_map_away(follow):
    source = PushSource(100)
    follower = follow(source, tiny_map())
    push_all(source, follower, turning_movie(frames=12, edge=160))
    wait(lambda: follower.activity is not None)
    push_all(source, follower, turning_movie(frames=1), done=12)
    wait(lambda: follower.activity is None)
    push_all(source, follower, turning_movie(frames=11), done=13)
    wait(lambda: follower.activity is not None)
    assert follower.activity.map.shape == (9, 9)


def test_noise_is_told_to_show_no_lattice_once(follow, rng):
    source = PushSource(100)
    follower = follow(source, tiny_map())
    noise = Movie(rng.normal(100, 5, (40, 96, 96)).astype(np.float32))
    push_all(source, follower, noise)
    wait(lambda: follower.activity is not None and follower.activity.frames == 40)
    notes = [note for note in follower.notes() if "lattice" in note]
    assert len(notes) == 1
    assert not follower.activity.map.any() and not follower.activity.regions
    assert "no lattice to map" in standing_words(follower.standing(), follower.latest)


def test_frames_that_are_too_small_or_a_network_that_is_not_there_are_told_once(
    follow, monkeypatch
):
    monkeypatch.setattr("napari_insitu_tem.live.mapper._PATIENCE", 0.01)
    source = PushSource(100)
    follower = follow(source, tiny_map())
    push_all(source, follower, Movie(np.ones((20, 40, 50), np.float32)))
    notes = follower.notes()
    assert len(notes) == 1 and "50 × 40 px" in notes[0], notes
    source = PushSource(100)
    follower = follow(
        source, lambda is_stopped: make_activity_map("nothing", frames=10, is_stopped=is_stopped)
    )
    for value in range(5):
        source.push(np.full((40, 40), value))
    wait(lambda: follower.latest is not None and follower.latest.frame.number == 4)
    (note,) = follower.notes()
    assert "no model 'nothing'" in note and follower.activity is None


def test_what_fails_is_told_and_mapped_again_afterwards(follow, monkeypatch):
    monkeypatch.setattr("napari_insitu_tem.live.mapper._PATIENCE", 0.01)
    grid = WindowGrid(64, 8, 2, 2)
    nothing = Activity(np.ones((2, 2)), grid, np.ones((2, 2), bool), (), 10, 0, (72, 72))

    class Flaky:
        def add(self, frame):
            if frame.number < 3:
                raise RuntimeError("no memory")

        def activity(self):
            return nothing

    source = PushSource(100)
    follower = follow(source, lambda is_stopped: Flaky())
    push_all(source, follower, turning_movie(frames=5))
    wait(lambda: follower.activity is nothing)
    assert sum("no memory" in note for note in follower.notes()) == 1


def test_it_stops_while_a_frame_is_encoded_and_what_comes_too_late_is_thrown_away(follow):
    begun, end = threading.Event(), threading.Event()

    class Endless:
        def add(self, frame):
            begun.set()
            end.wait(LONG)

        def activity(self):
            raise AssertionError("it was asked after the stop")

    source = PushSource()
    follower = follow(source, lambda is_stopped: Endless())
    source.push(np.ones((4, 4)))
    assert begun.wait(LONG)
    wait(lambda: follower.latest is not None)  # refining did not wait
    start = time.monotonic()
    assert not follower.stop(timeout=0.3)
    assert time.monotonic() - start < 1.0
    end.set()
    wait(lambda: not follower.running)
    assert follower.activity is None and not any("asked" in note for note in follower.notes())


def test_statistics_are_given_up_when_it_stops():
    stopped = threading.Event()
    maps = tiny_map()(stopped.is_set)
    for frame in frames_of(turning_movie(frames=12)):
        maps.add(frame)
    assert maps.activity() is not None
    stopped.set()
    with pytest.raises(Exception, match=r"^$") as raised:
        maps.activity()
    assert raised.type.__name__ == "Cancelled"


def test_a_slow_map_leaves_others_their_time(follow, monkeypatch):
    spans = []

    class Slow:
        def add(self, frame):
            start = time.monotonic()
            time.sleep(0.05)
            spans.append((start, time.monotonic()))

        def activity(self):
            return None

    source = PushSource(1000)
    follower = follow(source, lambda is_stopped: Slow())
    for value in range(200):
        source.push(np.full((4, 4), value))
        time.sleep(0.002)
    wait(lambda: len(spans) > 4)
    rests = [later[0] - before[1] for before, later in zip(spans, spans[1:], strict=False)]
    assert min(rests[:3]) > 0.04
    assert follower.standing().refined > len(spans)


@given(
    most=st.integers(1, 9), added=st.integers(1, 30), windows=st.integers(1, 5), seed=st.integers(0)
)
def test_a_ring_holds_the_last_frames_in_order_and_never_grows(most, added, windows, seed):
    values = np.random.default_rng(seed).random((added, windows, 3), np.float32)
    ring = LatentRing(most, windows, 3)
    for one in values:
        ring.add(one)
    chosen = np.arange(windows)[::2]
    np.testing.assert_array_equal(ring.series(chosen), values[-most:][:, chosen])
    assert len(ring) == min(most, added) and ring.nbytes == 4 * most * windows * 3


def test_large_frames_have_windows_farther_apart_so_that_memory_is_bounded(monkeypatch):
    movie = turning_movie(frames=12, edge=192)
    needed = 4 * 100 * 17 * 17 * 5  # five of the six latents are active
    for most, step in ((needed, 8), (needed - 1, 16), (needed // 5, 24)):
        monkeypatch.setattr("napari_insitu_tem.live.activity_map._BYTES", most)
        maps = tiny_map()(lambda: False)
        for frame in frames_of(movie):
            maps.add(frame)
        assert maps.activity().grid.step == step
        assert maps._ring.nbytes <= most


def made_up(*peaks, rest=1.0, shape=(40, 50)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    values = np.full(shape, rest)
    for row, column, height in peaks:
        values += height * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 8)
    return values


def test_regions_are_local_maxima_the_largest_first_and_do_not_overlap():
    grid = WindowGrid(64, 8, 40, 50)
    everywhere = np.ones(grid.shape, bool)
    peaks = [(8, 8, 30.0), (9, 13, 25.0), (30, 40, 50.0), (30, 10, 10.0)]
    found = rank_regions(made_up(*peaks), everywhere, grid)
    # The second peak is five windows from the first: their 64 px overlap.
    assert [(row, column) for row, column, _ in found[:3]] == [(30, 40), (8, 8), (30, 10)]
    assert found[0][2] == pytest.approx(51, rel=0.05)
    assert len(rank_regions(made_up(*peaks), everywhere, grid, most=2)) == 2
    without = everywhere.copy()
    without[25:, 30:] = False
    assert rank_regions(made_up(*peaks), without, grid)[0][:2] == (8, 8)
    assert rank_regions(made_up(*peaks), np.zeros(grid.shape, bool), grid) == []
    assert rank_regions(np.zeros(grid.shape), everywhere, grid) == []
    alone = np.where(made_up((8, 8, 1.0), rest=0.0) > 0.99, 1.0, 0.0)
    (only,) = rank_regions(alone, everywhere, grid)
    assert only == (8, 8, float("inf"))


@given(seed=st.integers(0, 10_000), share=st.floats(0.1, 1), step=st.sampled_from([4, 8, 24, 64]))
def test_no_two_regions_overlap_and_all_show_a_lattice(seed, share, step):
    rng = np.random.default_rng(seed)
    grid = WindowGrid(64, step, 21, 17)
    values, lattice = rng.random(grid.shape), rng.random(grid.shape) < share
    found = rank_regions(values, lattice, grid, most=50)
    assert all(lattice[row, column] for row, column, _ in found)
    strengths = [strength for _, _, strength in found]
    assert strengths == sorted(strengths, reverse=True)
    if found:
        assert values[found[0][:2]] == values[lattice].max()
    for index, (row, column, _) in enumerate(found):
        for r, c, _ in found[:index]:
            assert max(abs(row - r), abs(column - c)) * step >= 64


def test_words_say_where_most_happens_or_that_nothing_stands_out():
    grid = WindowGrid(64, 8, 3, 3)
    strong = ActiveRegion(212.0, 339.6, 3 * STANDS_OUT, (31, 7))
    weak = ActiveRegion(31.5, 31.5, STANDS_OUT / 2, (5, 6))
    picture = Picture(Frame(np.zeros((9, 9)), 3, "", 0.0), np.zeros((9, 9)), 1, (0, 1), (0, 1))

    def words(*ranked, there=True):
        lattice = np.full((3, 3), there)
        activity = Activity(np.ones((3, 3)), grid, lattice, ranked, 80, 3, (80, 80))
        told = standing_words(Standing(activity=activity), picture)[-1]
        return told, region_words(activity)

    told, lines = words(strong, weak)
    assert told == "most happens at 1: y 212, x 340 px (z31, z7), over the last 80 frames"
    assert lines == [f"1: y 212, x 340 px, {3 * STANDS_OUT:.0f} × the median (z31, z7)"]
    assert words(weak) == ("nothing stands out over the last 80 frames", [])
    assert words(there=False) == ("no lattice to map", [])
    waiting = "the first map of activity is being made"
    assert standing_words(Standing(mapping=True), picture)[-1] == waiting
    assert waiting not in standing_words(Standing(), picture)
