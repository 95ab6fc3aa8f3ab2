"""Videos: any frame, in any order, is the frame that playing gives."""

import numpy as np
import pytest
from microscope_files import video
from test_read_formats import read

from napari_insitu_tem import ReadError


@pytest.fixture(scope="module")
def numbered():
    """Grey frames of which every one can be told from all others by its brightness."""
    ramp = np.linspace(0, 40, 64)[np.newaxis, :] + np.zeros((48, 1))
    return np.stack([np.full((48, 64), 20 + 2 * k) + ramp for k in range(90)]).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "options"),
    [
        ("a.mp4", "libx264", "yuv420p", {"g": "12", "bf": "3"}),
        ("a.mp4", "mpeg4", "yuv420p", {}),
        ("a.avi", "mpeg4", "yuv420p", {"bf": "2"}),
        ("a.avi", "mjpeg", "yuvj420p", {}),
        ("a.avi", "ffv1", "gray", {}),
    ],
)
def test_any_frame_can_be_asked_for(tmp_path, numbered, name, codec, pixel_format, options):
    movie, said = read(video(tmp_path / name, numbered, codec, pixel_format, **options))
    assert movie.data.shape == numbered.shape
    assert movie.frame_time == pytest.approx(0.1)
    assert "0.1 s per frame is the speed at which the video plays" in said
    for index in [80, 3, 4, 89, 0, 47, 46, 45, 88]:
        difference = movie.frame(index).astype(int) - numbered[index]
        assert abs(difference.mean()) < 0.9, f"frame {index}"
    brightness = [frame.mean() for frame in movie.iter_frames()]
    assert np.all(np.diff(brightness) > 1)


def test_a_lossless_grey_video_keeps_every_pixel(tmp_path, rng):
    frames = rng.integers(0, 255, (9, 32, 40)).astype(np.uint8)
    movie, _ = read(video(tmp_path / "a.avi", frames, "ffv1", "gray"))
    np.testing.assert_array_equal(movie.data, frames)


def test_colours_are_said(tmp_path, rng):
    frames = np.repeat(rng.integers(0, 255, (1, 32, 40, 3)).astype(np.uint8), 5, axis=0)
    movie, said = read(video(tmp_path / "a.mp4", frames, "libx264", "yuv420p"))
    assert movie.data.shape == (5, 32, 40)
    assert "colours were turned into grey" in said


def test_a_rate_that_is_no_whole_number_is_kept(tmp_path, numbered):
    from fractions import Fraction

    rate = Fraction(30000, 1001)
    movie, _ = read(video(tmp_path / "a.mp4", numbered, "libx264", "yuv420p", rate=rate))
    assert movie.frame_time == pytest.approx(1001 / 30000, rel=1e-4)


@pytest.mark.parametrize("part", [0.02, 0.5, 0.8])
def test_a_video_that_is_cut_off_is_refused_in_one_line(tmp_path, numbered, part):
    path = video(tmp_path / "a.mp4", numbered, "libx264", "yuv420p")
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(ReadError) as error:
        read(path)
    assert "\n" not in str(error.value)
