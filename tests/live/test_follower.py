"""The follower: latest wins, every frame recorded, nothing ends the run but being told to."""

import threading
import time

import numpy as np
import pytest
from frame_files import frame

from napari_insitu_tem.io.read import read_movie
from napari_insitu_tem.live.finding import ParticleFinder
from napari_insitu_tem.live.folder import FolderSource
from napari_insitu_tem.live.follower import Follower
from napari_insitu_tem.live.frames import Frame, Notes
from napari_insitu_tem.live.opening import open_source
from napari_insitu_tem.live.pushed import PushSource
from napari_insitu_tem.live.refining import REFINERS, make_refiner
from napari_insitu_tem.live.settings import LiveSettings
from napari_insitu_tem.live.stream import MovieStream
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.simulate.microscope import Faults, run_microscope
from napari_insitu_tem.tasks.segment import SegmentSettings, propose_settings, segment

LONG = 30.0


def unrefined():
    return lambda mean: mean


def wait(condition, timeout=LONG):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


@pytest.fixture
def follow():
    """Start followers; stop them at the end."""
    followers = []

    def start(source, make_refiner=unrefined, **options):
        follower = Follower(source, make_refiner, **options)
        followers.append(follower)
        follower.start()
        return follower

    yield start
    for follower in followers:
        follower.stop()


def test_the_picture_is_the_refined_mean_of_the_last_frames(follow):
    source = PushSource(100, pixel_size=0.5)
    follower = follow(source, lambda: lambda mean: mean + 1, frames=3)
    for value in range(1, 6):
        source.push(np.full((8, 8), value, np.uint16))
    wait(lambda: follower.latest is not None and follower.latest.frame.number == 4)
    picture = follower.latest
    np.testing.assert_array_equal(picture.refined, 5)
    np.testing.assert_array_equal(picture.frame.pixels, 5)
    assert picture.averaged == 3 and picture.frame.pixel_size == 0.5


def test_a_slow_refiner_sees_the_latest_and_the_others_are_counted(follow):
    source, gate = PushSource(1000), threading.Semaphore(0)

    def slow(mean):
        gate.acquire(timeout=LONG)
        return mean

    follower = follow(source, lambda: slow, frames=1)
    source.push(np.zeros((4, 4)))
    wait(lambda: follower.standing().arrived == 1)
    for value in range(1, 50):
        source.push(np.full((4, 4), value))
        wait(lambda value=value: follower.standing().arrived == value + 1)
    gate.release(1000)
    wait(lambda: follower.latest is not None and follower.latest.frame.number == 49)
    standing = follower.standing()
    assert standing.arrived == 50 and standing.refined == 2 and standing.dropped == 48


def test_it_stops_within_a_second_even_while_something_slow_runs(follow, tmp_path):
    source, begun, end = PushSource(), threading.Event(), threading.Event()

    def endless(mean):
        begun.set()
        end.wait(LONG)
        return mean

    follower = follow(source, lambda: endless)
    follower.record(tmp_path)
    source.push(np.ones((4, 4)))
    assert begun.wait(LONG)
    wait(lambda: follower.standing().recorded == 1)
    start = time.monotonic()
    assert not follower.stop(timeout=0.5)
    assert time.monotonic() - start < 1.0
    (recording,) = tmp_path.glob("*/raw.ome.zarr")
    wait(lambda: any("recorded" in note for note in follower.notes()))
    assert read_movie(recording).n_frames == 1
    end.set()
    wait(lambda: not follower.running)
    assert follower.latest is None  # what came too late is thrown away


def test_a_refiner_that_fails_leaves_the_mean_and_a_note(follow):
    source = PushSource()

    def broken(mean):
        raise RuntimeError("no luck")

    follower = follow(source, lambda: broken)
    source.push(np.full((4, 4), 3.0))
    wait(lambda: follower.latest is not None)
    np.testing.assert_array_equal(follower.latest.refined, 3)
    assert any("no luck" in note for note in follower.notes())
    with pytest.raises(SettingsError, match="magic"):
        make_refiner(LiveSettings(refinement="magic"))
    other = follow(PushSource(), lambda: make_refiner(LiveSettings(refinement="magic")))
    wait(lambda: any("magic" in note for note in other.notes()))


def test_a_source_that_fails_does_not_end_the_run(follow):
    class Failing(PushSource):
        failed = False

        def look(self):
            if not self.failed:
                self.failed = True
                raise OSError("the drive is gone")
            return super().look()

    source = Failing()
    follower = follow(source)
    source.push(np.ones((4, 4)))
    wait(lambda: follower.latest is not None)
    assert any("the drive is gone" in note for note in follower.notes())


def test_resized_frames_begin_the_mean_anew_with_one_note(follow):
    source = PushSource(100)
    follower = follow(source, frames=5)
    for edge in (8, 8, 8, 6, 6):
        source.push(np.full((edge, edge), edge))
    wait(lambda: follower.latest is not None and follower.latest.frame.number == 4)
    assert follower.latest.averaged == 2 and follower.latest.refined.shape == (6, 6)
    notes = [note for note in follower.notes() if "6 × 6 instead of 8 × 8" in note]
    assert len(notes) == 1


def test_what_was_there_before_is_passed_over(follow, tmp_path):
    run_microscope([frame(n) for n in range(30)], tmp_path, kind="npy", rate=1e6)
    follower = follow(FolderSource(tmp_path), frames=4)
    wait(lambda: follower.latest is not None and follower.latest.frame.number == 29)
    assert follower.standing().arrived <= 5 and follower.standing().dropped <= 5
    recorded = tmp_path / "recorded"
    again = follow(FolderSource(tmp_path), frames=4, from_start=True, record_into=recorded)
    wait(lambda: again.standing().arrived == 30)


@pytest.mark.parametrize("kind", ["tif", "tree", "mrc", "tiff stack"])
def test_every_frame_of_a_faulty_microscope_is_survived_and_recorded(follow, tmp_path, kind):
    names = {"mrc": "run.mrc", "tiff stack": "run.tif"}
    place = tmp_path / names.get(kind, "run")
    follower = follow(open_source(place), frames=3, record_into=tmp_path / "out")
    in_folder = kind in ("tif", "tree")
    faults = Faults(half_written=9, missing=7, resized=20, swapped=5, broken=11)
    if not in_folder:
        faults = Faults(half_written=9, missing=7, resized=20 if kind == "tiff stack" else 0)
    source_frames = [frame(n) for n in range(40)]
    written = run_microscope(source_frames, place, kind=kind, rate=60, faults=faults)
    missing = {7, 14, 21, 28, 35}
    broken = {11, 22, 33} if in_folder else set()
    expected = set(range(40)) - missing - broken
    assert written == len(expected) + len(broken)
    wait(lambda: follower.standing().arrived == len(expected), timeout=60)
    wait(lambda: follower.standing().lost == len(broken), timeout=60)
    assert follower.stop(10)
    notes = " ".join(follower.notes())
    found = []
    for path in (tmp_path / "out").glob("*/raw*.ome.zarr"):
        movie = read_movie(path)
        for index in range(movie.n_frames):
            pixels = movie.frame(index)
            number = int(pixels[0, 0])
            height, width = pixels.shape
            np.testing.assert_array_equal(pixels, frame(number)[:height, :width])
            found.append(number)
    assert sorted(found) == sorted(expected)
    if in_folder:
        assert "damaged" in notes
    if kind != "mrc":
        assert "24 × 24 instead of 32 × 32" in notes
    assert list((tmp_path / "out").glob("*/refined*.ome.zarr"))


def test_a_recording_has_times_pixel_size_and_history(follow, tmp_path):
    source = PushSource(100, pixel_size=0.2)
    settings = LiveSettings(frames=2, refinement="none")
    options = {"settings": settings.to_dict(), "from_start": True, "record_into": tmp_path}
    follower = follow(source, frames=2, **options)
    start = time.time()
    for number in range(5):
        source.push(frame(number), arrived=start + 0.1 * number)
    wait(lambda: follower.standing().recorded == 5)
    folder = follower.recording
    follower.record(None)
    wait(lambda: follower.recording is None)
    source.push(frame(9))
    wait(lambda: follower.standing().arrived == 6)
    raw = read_movie(folder / "raw.ome.zarr")
    assert raw.pixel_size == pytest.approx(0.2) and raw.frame_time == pytest.approx(0.1)
    np.testing.assert_allclose(raw.time, 0.1 * np.arange(5), atol=1e-3)
    assert list(raw.frames["number"]) == [0, 1, 2, 3, 4]
    refined = read_movie(folder / "refined.ome.zarr")
    assert refined.provenance.steps[-1].task == "live"
    assert refined.provenance.steps[-1].settings["frames"] == 2


def test_an_interrupted_recording_opens_with_every_frame_it_claims(tmp_path):
    stream = MovieStream(tmp_path / "raw.ome.zarr", frame(0), 0.5)
    for number in range(4):
        stream.append(frame(number), time=0.1 * number, number=number)
    stream._array[4] = frame(4)  # killed between writing pixels and telling of them
    movie = read_movie(tmp_path / "raw.ome.zarr")
    assert movie.n_frames == 4 and movie.pixel_size == 0.5
    for number in range(4):
        np.testing.assert_array_equal(movie.frame(number), frame(number))


def test_a_recording_that_fails_is_told_and_the_following_goes_on(follow, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    source = PushSource()
    follower = follow(source)
    follower.record(tmp_path / "file")
    source.push(np.ones((4, 4)))
    wait(lambda: follower.latest is not None)
    assert any("recorded into" in note for note in follower.notes())
    assert follower.recording is None


def test_whoever_pushes_never_waits_and_the_oldest_goes():
    source = PushSource(4)
    buffer = np.zeros((2, 2))
    for number in range(10):
        buffer[:] = number
        source.push(buffer)  # the buffer may be used again
    assert source.look() == 4 and source.lost == 6
    assert [int(source.take().pixels[0, 0]) for _ in range(4)] == [6, 7, 8, 9]
    with pytest.raises(ValueError, match="two dimensions"):
        source.push(np.zeros(3))
    source.close()
    source.push(buffer)
    assert source.look() == 0


def test_memory_does_not_grow_with_the_frames(follow):
    source = PushSource(4)
    follower = follow(source, frames=3)
    alive = []
    for number in range(60):
        source.push(np.full((64, 64), number))
        wait(lambda number=number: follower.standing().arrived == number + 1)
        alive.append(len(follower._reader._latest))
    assert max(alive) == 3


def test_notes_of_a_fault_that_keeps_coming_get_rare():
    notes = Notes()
    for number in range(200):
        notes.add("broken", f"Frame {number} is broken.")
    told = notes.take()
    assert len(told) == 10 and "160 such" in told[-1]
    assert notes.count("broken") == 200 and notes.take() == []


def test_every_refinement_keeps_size_and_level(rng):
    mean = rng.normal(50, 5, (48, 40)).astype(np.float32)
    for name in REFINERS:
        refined = make_refiner(LiveSettings(refinement=name))(mean)
        assert refined.shape == mean.shape
        assert refined.mean() == pytest.approx(50, abs=1)


def test_particles_are_counted_with_settings_that_are_found_once(follow):
    y, x = np.mgrid[:96, :96]
    picture = np.full((96, 96), 200.0)
    for row, column in ((20, 20), (22, 70), (70, 45)):
        picture[(y - row) ** 2 + (x - column) ** 2 < 9**2] = 80
    rng, asked = np.random.default_rng(0), []

    def propose(movie, settings, job):
        asked.append(movie.frame_shape)
        return propose_settings(movie, settings, job)

    def make_finder(is_stopped):
        return ParticleFinder(propose, segment, SegmentSettings(model="classical"), is_stopped)

    source = PushSource(100)
    follower = follow(source, frames=2, make_finder=make_finder)
    for _ in range(3):
        source.push(rng.normal(picture, 6))
    wait(lambda: follower.standing().count is not None)
    assert follower.standing().count == 3
    labels, number = follower.labels
    assert labels.shape == (96, 96) and 0 <= number < 3
    source.push(rng.normal(picture, 6))
    wait(lambda: follower.labels[1] == 3)
    assert asked == [(96, 96)]


def test_a_frame_tells_where_it_is_from():
    one = Frame(np.zeros((2, 2)), 3, "here", 1.0)
    assert (one.late, one.pixel_size) == (False, None)


def test_a_recording_that_falls_behind_shows_the_latest_and_loses_nothing(
    follow, tmp_path, monkeypatch
):
    monkeypatch.setattr("napari_insitu_tem.live.reader._PEEK", 0.0)
    recorded, shown = [], []

    class Slow:
        folder, n_raw, n_refined = tmp_path, 0, 0

        def add_raw(self, frame):
            time.sleep(0.02)
            recorded.append(frame.number)

        def add_refined(self, picture, frame):
            shown.append((frame.number, len(recorded)))

        def close(self):
            pass

    monkeypatch.setattr("napari_insitu_tem.live.recording.Recorder", lambda *_, **__: Slow())
    source = PushSource(1000)
    for number in range(100):
        source.push(np.full((4, 4), number))
    options = {"from_start": True, "record_into": tmp_path}
    follow(source, frames=2, **options)
    wait(lambda: len(recorded) == 100)
    wait(lambda: shown and shown[-1][0] == 99)
    assert recorded == list(range(100))
    assert shown[0][0] == 99 and shown[0][1] < 50  # long before its turn
