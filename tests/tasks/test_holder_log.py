"""Holder log: every frame gets the value of its time, or none."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.analysis.resample import interpolate
from napari_insitu_tem.io.holder_logs import HolderLogError
from napari_insitu_tem.job import Job
from napari_insitu_tem.movie import Movie, MovieError
from napari_insitu_tem.settings import SettingsError
from napari_insitu_tem.tasks.holder_log import HolderLogSettings, holder_log


@pytest.fixture
def log(tmp_path):
    """A table from 13:00:00 to 13:00:20, whose temperature is ten times its seconds."""
    path = tmp_path / "log.csv"
    rows = [f"2024-05-31 13:00:{second:02d},{10 * second},{second}" for second in range(0, 21, 2)]
    path.write_text("timestamp,Temperature (°C),Pressure (mbar)\n" + "\n".join(rows))
    return path


@pytest.fixture
def movie():
    return Movie(np.zeros((6, 4, 4), np.uint8), frame_time=1.0, name="film")


def attach(movie, path, said=None, **values):
    job = Job(on_log=(said if said is not None else []).append)
    return holder_log(movie, HolderLogSettings(path=path, **values), job)


def test_by_offset_the_first_frame_gets_the_value_of_that_time(movie, log):
    result = attach(movie, log, align_by="offset", offset=3)
    assert result.frames["temperature_C"].tolist() == [30, 40, 50, 60, 70, 80]
    assert result.frames["time_s"].tolist() == [0, 1, 2, 3, 4, 5]
    assert result.metadata["holder_log"]["file"] == "log.csv"
    assert result.provenance.steps[-1].task == "holder_log"


@pytest.mark.parametrize("start", ["2024-05-31 13:00:05", "13:00:05", "2024-05-31T13:00:05"])
def test_by_clock_the_entered_start_counts(movie, log, start):
    result = attach(movie, log, movie_start=start)
    assert result.frames["temperature_C"].tolist() == [50, 60, 70, 80, 90, 100]


def test_by_clock_the_start_in_the_file_counts(movie, log):
    dated = movie.replace(metadata={"start_time": "2024-05-31T13:00:05"})
    assert attach(dated, log).frames["temperature_C"].iloc[0] == 50
    ahead = attach(dated, log, clock_ahead=2.0)
    assert ahead.frames["temperature_C"].iloc[0] == 30


def test_a_movie_that_was_cut_keeps_its_temperatures(movie, log):
    from napari_insitu_tem.tasks.calibrate import CalibrateSettings, calibrate

    dated = movie.replace(metadata={"start_time": "2024-05-31T13:00:05"})
    whole = attach(dated, log).frames["temperature_C"].to_numpy()
    cut = CalibrateSettings(first_frame=2)
    before = attach(calibrate(dated, cut), log).frames["temperature_C"]
    after = calibrate(attach(dated, log), cut)
    np.testing.assert_array_equal(before, whole[2:])
    np.testing.assert_array_equal(after.frames["temperature_C"], whole[2:])
    np.testing.assert_array_equal(attach(after, log).frames["temperature_C"], whole[2:])


def test_frames_outside_the_log_get_no_value_and_it_is_said(movie, log):
    said = []
    result = attach(movie, log, said, align_by="offset", offset=17)
    np.testing.assert_array_equal(
        result.frames["temperature_C"], [170, 180, 190, 200, np.nan, np.nan]
    )
    assert any("2 of 6 frames lie outside" in line for line in said)


def test_a_movie_wholly_outside_the_log_is_refused(movie, log):
    with pytest.raises(HolderLogError, match="nothing on the time of 'film'"):
        attach(movie, log, align_by="offset", offset=100)


def test_a_pause_of_the_recording_is_not_bridged(movie, tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("time_s,temperature_C\n0,10\n1,20\n2,30\n103,500\n104,510\n105,520\n")
    said = []
    result = attach(movie, path, said, align_by="offset", offset=1)
    np.testing.assert_array_equal(result.frames["temperature_C"][:3], [20, 30, np.nan])
    assert any("in a gap of the log and get no value: temperature_C (4)" in line for line in said)


def test_other_columns_of_the_frames_stay_and_old_ones_are_replaced(movie, log):
    table = pd.DataFrame({"stage": range(6), "temperature_C": 0.0})
    result = attach(movie.replace(frames=table), log, align_by="offset", columns="temperature_C")
    assert result.frames.columns.tolist() == ["time_s", "stage", "temperature_C"]
    assert result.frames["temperature_C"].tolist() == [0, 10, 20, 30, 40, 50]


def test_what_is_missing_is_said(movie, log, tmp_path):
    with pytest.raises(SettingsError, match="No log is chosen"):
        holder_log(movie)
    with pytest.raises(MovieError, match="no frame time"):
        attach(movie.replace(frame_time=None), log)
    with pytest.raises(MovieError, match="does not say at what clock time"):
        attach(movie, log)
    with pytest.raises(SettingsError, match="not a clock time"):
        attach(movie, log, movie_start="noon")
    with pytest.raises(SettingsError, match="It has: temperature_C, pressure_mbar"):
        attach(movie, log, align_by="offset", columns="current_A")
    clockless = tmp_path / "clockless.csv"
    clockless.write_text("time_s,temperature_C\n0,1\n9,2\n")
    with pytest.raises(HolderLogError, match="Align by offset"):
        attach(movie, clockless, movie_start="13:00")


@given(
    values=st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20),
    missing=st.sets(st.integers(0, 19)),
    at=st.lists(st.floats(-5, 25), min_size=1, max_size=20),
)
def test_interpolated_values_lie_between_their_neighbours_and_never_outside(values, missing, at):
    times = np.arange(len(values), dtype=float)
    values = np.array([np.nan if i in missing else v for i, v in enumerate(values)])
    at = np.array(at)
    result = interpolate(at, times, values)
    known = np.flatnonzero(np.isfinite(values))
    for when, value in zip(at, result, strict=True):
        before, after = known[known <= when], known[known >= when]
        if not len(before) or not len(after):
            assert np.isnan(value)
        elif np.isfinite(value):
            pair = sorted((values[before[-1]], values[after[0]]))
            assert pair[0] - 1e-9 <= value <= pair[1] + 1e-9
        else:
            assert after[0] - before[-1] > 10


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("frames", "first_second", "burned_in"),
    [
        # Read by eye from the banners of the frames: second and temperature.
        (17, 1756, {0: 583, 1: 583, 8: 585, 16: 588}),
        (8, 1677, {0: 557, 7: 559}),
    ],
)
def test_the_attached_temperature_is_the_one_in_the_banner(
    recordings, frames, first_second, burned_in
):
    movie = Movie(np.zeros((frames, 4, 4), np.uint8), frame_time=1.0)
    path = recordings / "ti-annealing" / "heating-log.txt"
    result = attach(movie, path, align_by="offset", offset=first_second)
    for frame, temperature in burned_in.items():
        assert result.frames["temperature_C"][frame] == pytest.approx(temperature, abs=1)
