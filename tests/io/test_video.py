"""Videos: what is in the file, what is drawn, and that nothing half-written stays."""

import av
import dask.array as da
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.io import overlay
from napari_insitu_tem.io.video import VideoSettings, render_frame, write_video
from napari_insitu_tem.job import Cancelled, Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.results import Segmentation, Tracking


def two_squares(frames=6, height=90, width=120):
    """A bright field with two dark squares, one of which moves to the right."""
    data = np.full((frames, height, width), 200, np.uint8)
    labels = np.zeros(data.shape, np.int32)
    rows = []
    for frame in range(frames):
        for track, x in ((1, 20 + 4 * frame), (2, 80)):
            labels[frame, 40:50, x : x + 10] = track
            rows.append((frame, track, track, 44.5, x + 4.5))
        data[frame][labels[frame] > 0] = 40
    movie = Movie(data, pixel_size=0.5, frame_time=0.1, name="squares")
    table = pd.DataFrame(rows, columns=["frame", "label", "track", "y", "x"])
    table = table.sort_values(["track", "frame"], ignore_index=True)
    return Tracking(table, Segmentation(labels, movie))


def decode(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return frames, stream.codec_context.name, stream.codec_context.pix_fmt, stream.average_rate


def test_the_file_is_h264_that_every_player_takes(tmp_path, quiet_job):
    tracking = two_squares()
    path = write_video(tracking.movie, tmp_path / "film.mp4", tracking=tracking, job=quiet_job)
    frames, codec, pixels, rate = decode(path)
    assert (codec, pixels, float(rate)) == ("h264", "yuv420p", 10.0)
    assert len(frames) == 6
    assert frames[0].shape == (720, 960, 3)  # enlarged eight times to be legible
    assert (tmp_path / "film.mp4.provenance.json").exists()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("shape", [(65, 67), (131, 64), (7, 9)])
def test_odd_sizes_become_even(tmp_path, quiet_job, rng, shape):
    movie = Movie(rng.poisson(50, (2, *shape)))
    options = VideoSettings(longest_edge=None)
    path = write_video(movie, tmp_path / "odd.mp4", options=options, job=quiet_job)
    frames = decode(path)[0]
    assert frames[0].shape[:2] == (shape[0] // 2 * 2, shape[1] // 2 * 2)


def test_large_frames_are_reduced(rng):
    movie = Movie(rng.poisson(50, (1, 300, 600)))
    assert render_frame(movie, 0, options=VideoSettings(longest_edge=200)).shape == (100, 200, 3)


def test_tracks_are_outlined_in_colours_of_their_own():
    tracking = two_squares()
    options = VideoSettings(longest_edge=None, tails=False, clock=False, scale_bar=False)
    picture = render_frame(tracking.movie, 0, tracking=tracking, options=options)
    first, second = overlay.colours()[1], overlay.colours()[2]
    np.testing.assert_array_equal(picture[39, 25], first)
    np.testing.assert_array_equal(picture[39, 85], second)
    assert picture[45, 25].max() < 60  # the particle itself stays visible
    untracked = render_frame(tracking.movie, 0, segmentation=tracking.segmentation, options=options)
    np.testing.assert_array_equal(untracked[39, 25], untracked[39, 85])


def test_a_tail_lies_where_the_particle_was():
    tracking = two_squares()
    shown = VideoSettings(longest_edge=None, outlines=False, clock=False, scale_bar=False)
    hidden = shown.model_copy(update={"tails": False})
    with_tail = render_frame(tracking.movie, 5, tracking=tracking, options=shown).astype(int)
    without = render_frame(tracking.movie, 5, tracking=tracking, options=hidden).astype(int)
    changed = np.abs(with_tail - without).max(axis=2) > 20
    ys, xs = np.nonzero(changed)
    assert set(ys) <= {44, 45}
    moved = xs[xs < 70]  # the other particle rests at 84.5
    assert 24 <= moved.min() <= 25 and 44 <= moved.max() <= 45


def test_the_temperature_is_shown_when_it_is_there():
    movie = two_squares().movie
    warm = movie.replace(frames=pd.DataFrame({"temperature_C": np.linspace(20, 600, 6)}))
    plain, labelled = render_frame(movie, 3), render_frame(warm, 3)
    assert (plain != labelled).any()
    with pytest.raises(ValueError, match="no 'pressure_mbar' to show"):
        render_frame(warm, 3, options=VideoSettings(quantity="pressure_mbar"))


def test_without_calibration_there_is_no_scale_bar():
    movie = two_squares().movie.replace(pixel_size=None)
    bare = VideoSettings(scale_bar=False)
    np.testing.assert_array_equal(render_frame(movie, 0), render_frame(movie, 0, options=bare))


def test_missing_and_infinite_pixels_do_no_harm():
    data = np.full((2, 64, 64), np.nan)
    assert render_frame(Movie(data), 0).shape == (1024, 1024, 3)
    data[:, :32] = np.arange(64)
    data[0, 0, 0] = np.inf
    assert render_frame(Movie(data), 0).shape == (1024, 1024, 3)


def test_a_cancel_leaves_no_file_and_the_older_one_untouched(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(b"older")
    asked = iter([False] * 4)
    job = Job(
        on_progress=lambda progress: None, is_cancelled=lambda: next(asked, None) is not False
    )
    with pytest.raises(Cancelled):
        write_video(two_squares().movie, path, job=job)
    assert path.read_bytes() == b"older"
    assert [file.name for file in tmp_path.iterdir()] == ["film.mp4"]


def test_a_long_movie_is_read_piece_by_piece(tmp_path, quiet_job):
    alive = []

    def frame(block, block_info=None):
        alive.append(block_info[0]["array-location"][0][0])
        return block

    data = da.zeros((40, 64, 64), chunks=(1, 64, 64), dtype=np.uint8).map_blocks(
        frame, dtype=np.uint8
    )
    movie = Movie(data)
    object.__setattr__(movie, "fingerprint", "not read")
    write_video(movie, tmp_path / "long.mp4", job=quiet_job)
    assert set(alive) == set(range(40))
    assert len(alive) <= 40 + 12  # each once, and a dozen for the contrast


def test_without_x264_the_codec_is_said(tmp_path, monkeypatch):
    import av.codec

    real, said = av.codec.Codec, []

    def without(name, mode):
        if name in ("libx264", "libopenh264"):
            raise ValueError(name)
        return real(name, mode)

    monkeypatch.setattr(av.codec, "Codec", without)
    job = Job(on_progress=lambda progress: None, on_log=said.append)
    path = write_video(two_squares().movie, tmp_path / "film.mp4", job=job)
    assert decode(path)[1] == "mpeg4"
    assert any("no x264 encoder" in line for line in said)


def test_what_cannot_be_written_is_said(tmp_path):
    tracking = two_squares()
    with pytest.raises(ValueError, match=r"written as \.mp4"):
        write_video(tracking.movie, tmp_path / "film.avi")
    other = Movie(np.zeros((6, 10, 10)))
    with pytest.raises(MovieError, match="of different size"):
        write_video(other, tmp_path / "film.mp4", tracking=tracking)


@given(st.floats(1e-4, 1e6))
def test_scale_bars_have_round_lengths_that_fit(most):
    length = overlay.round_length(most)
    assert most / 2.5 <= length <= most * 1.0001
    assert f"{length:.0e}"[0] in "125"


@pytest.mark.parametrize(("nm", "text"), [(0.5, "5 Å"), (20, "20 nm"), (2000, "2 µm")])
def test_lengths_are_written_as_people_do(nm, text):
    assert overlay.length_text(nm) == text


def test_an_outline_hides_nothing_of_a_particle_that_stands_alone():
    labels = np.zeros((9, 9), np.int32)
    labels[4, 4] = 7
    edge = overlay.outlines(labels, 1)
    assert edge[4, 4] == 0
    assert (edge == 7).sum() == 4
    assert (overlay.outlines(labels, 2) == 7).sum() == 12
