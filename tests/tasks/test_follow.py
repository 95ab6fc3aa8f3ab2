"""A window that follows a particle shows it at rest in its middle."""

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage

from napari_insitu_tem import Movie, Segmentation, SettingsError, Tracking
from napari_insitu_tem.analysis.shifting import common_area, move_frame
from napari_insitu_tem.tasks.follow import FollowSettings, follow


def rods(path: np.ndarray, angles: np.ndarray, size: int = 96) -> np.ndarray:
    """Bright rods of 24 by 8 px at `path`, turned counter-clockwise (on screen) by `angles`."""
    y, x = np.mgrid[:size, :size]
    frames = []
    for (cy, cx), degrees in zip(path, angles, strict=True):
        along = (x - cx) * np.cos(np.deg2rad(degrees)) - (y - cy) * np.sin(np.deg2rad(degrees))
        across = (x - cx) * np.sin(np.deg2rad(degrees)) + (y - cy) * np.cos(np.deg2rad(degrees))
        frames.append(np.exp(-((along / 12) ** 4) - (across / 4) ** 4))
    return 10 + 90 * np.array(frames, np.float32)


def tracked(path, angles, frames=None) -> Tracking:
    movie = Movie(rods(path, angles), pixel_size=0.5, name="rods")
    numbers = np.arange(len(path)) if frames is None else np.asarray(frames)
    table = pd.DataFrame(
        {
            "frame": numbers,
            "track": 3,
            "label": 3,
            "y": path[numbers, 0],
            "x": path[numbers, 1],
            "area": 180.0,
            "orientation": np.asarray(angles, float)[numbers],
            "symmetry": 2,
        }
    )
    return Tracking(table, Segmentation(np.zeros(movie.data.shape, np.int32), movie))


PATH = np.stack([40 + 1.3 * np.arange(10), 50 - 0.7 * np.arange(10)], axis=1)
ANGLES = np.linspace(10, 130, 10)


def test_the_particle_is_in_the_middle_of_every_frame():
    result = follow(tracked(PATH, ANGLES), FollowSettings(size=41))
    assert result.data.shape == (10, 41, 41)
    assert result.pixel_size == 0.5
    for frame in np.asarray(result.data):
        centre = ndimage.center_of_mass(np.clip(frame - 20, 0, None))
        assert centre == pytest.approx((20, 20), abs=0.05)


def test_turning_with_it_leaves_it_at_rest():
    frames = np.asarray(follow(tracked(PATH, ANGLES), FollowSettings(size=41, turn=True)).data)
    assert np.abs(frames - frames[0]).max() < 5


def test_turning_knows_the_symmetry_when_the_angle_wraps():
    wrapped = np.mod(ANGLES, 180)
    wrapped[5:] -= 180
    frames = np.asarray(follow(tracked(PATH, wrapped), FollowSettings(size=41, turn=True)).data)
    assert np.abs(frames - frames[0]).max() < 5


def test_the_window_lies_around_the_particle_of_the_first_frame():
    path = np.linspace((40.0, 30.0), (52.0, 60.0), 5)
    tracking = tracked(path, np.zeros(5))
    followed = follow(tracking, FollowSettings(size=21))
    np.testing.assert_allclose(np.add(followed.origin, 10), path[0])


def test_gaps_are_bridged():
    result = follow(tracked(PATH, ANGLES, [0, 1, 2, 6, 7, 9]), FollowSettings(size=41))
    assert result.n_frames == 10
    centre = ndimage.center_of_mass(np.clip(np.asarray(result.data[4]) - 20, 0, None))
    assert centre == pytest.approx((20, 20), abs=0.1)


def test_whole_pixels_keep_every_value():
    tracking = tracked(PATH, ANGLES)
    result = follow(tracking, FollowSettings(size=21, smoothing="whole pixels"))
    assert np.array_equal(
        np.asarray(result.data[0]), tracking.movie.data[0][30:51, 40:61].astype(np.float32)
    )


def test_a_track_that_is_not_there_is_refused_plainly():
    with pytest.raises(SettingsError, match="no track 9"):
        follow(tracked(PATH, ANGLES), FollowSettings(track=9))


def test_a_round_particle_cannot_be_turned_with():
    with pytest.raises(SettingsError, match="orientation"):
        follow(tracked(PATH, np.full(10, np.nan) * ANGLES).replace(), FollowSettings(turn=True))


@pytest.mark.parametrize("shift", [(0, 0), (3, -4), (0.3, 0.6), (-2.7, 1.2), (60, 0), (-99, 3)])
def test_moving_a_frame_is_what_it_says(shift):
    y, x = np.mgrid[:50, :60]
    wave = np.sin(y / 6) + np.cos(x / 7)
    moved = move_frame(wave, np.array(shift, float))
    rows, columns = common_area(wave.shape, np.array([[0, 0], shift], float))
    expected = np.sin((y + shift[0]) / 6) + np.cos((x + shift[1]) / 7)
    assert moved.shape == wave.shape
    assert np.allclose(
        moved[rows, columns][3:-3, 3:-3], expected[rows, columns][3:-3, 3:-3], atol=0.01
    )
