"""Logs of holders: every format from small written examples, and the real files."""

import contextlib
from datetime import datetime, time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem.io.holder_logs import HolderLogError, read_holder_log, seconds_between
from napari_insitu_tem.io.holder_logs.columns import column_names, parse_header
from napari_insitu_tem.io.holder_logs.log import unwrap_midnight

PROTOCHIPS = """Time, Notes, Channel A Temperature, Channel B Current, Channel B Resistance
0, Date (yyyy.mm.dd) = 2014.11.05, 25, 0, NaN
0, Time (hh:mm:ss.ms) = 14:42:51.369, 25, 0.1, NaN
0, Time units = Milliseconds, 25, 0.2, NaN
0, Temperature units = Degrees C, 25, 0.3, NaN
0, Current units = Amps, 25, 0.3, NaN
0, Resistance units = Ohms, 25, 0.4, NaN
500, , 30, 0.5, NaN
1000, valve opened, 40, 0.6, 120
"""

DIGIHEATER = (
    "0\t21\n30\t600\n"
    "16/04/'15 23:59\tDigiheater 3.1\n"
    "R0 = 282.7\ta =  0.0\tb = 0.225\tc = 278.222\n"
    "Tsample = 330 [ms]  \n"
    "sample\ttime\tTset[C]\tTmeas[C]\tRheat[ohm]\tVheat[V]\tIheat[mA]\tPheat [mW]\tc\n"
    "1\t23:59:59.00\t23.0\t15.0\t281.6\t0.07\t250.0\t20.0\t278.2\tnorm\n"
    "2\t00:00:01.50\t23.0\t16.0\t282.0\t0.04\t500.0\t40.0\t278.2\tfine\n"
)

IMPULSE = (
    "TimeStamp,Experiment time,Temperature Measured (degC),MixValve,Pin Measured (mbar)\n"
    "23:59:58.500,7.5,20,0; 0; 0,3.1\n"
    "00:00:00.500,9.5,30,0; 0; 0,3.2\n"
)


def read(tmp_path, text, name="log.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return read_holder_log(path)


def test_a_protochips_log_is_read_with_its_units_clock_and_remarks(tmp_path):
    log = read(tmp_path, PROTOCHIPS)
    assert log.table.columns.tolist() == ["time_s", "temperature_C", "current_A", "resistance_ohm"]
    assert log.table["time_s"].tolist() == [0, 0.5, 1.0]
    assert log.table["current_A"].tolist() == [0.4, 0.5, 0.6]  # the last row of time 0
    assert log.start == datetime(2014, 11, 5, 14, 42, 51, 369000)
    assert log.events == ((1.0, "valve opened"),)


@pytest.mark.parametrize(
    ("old", "new", "start", "says"),
    [
        ("2014.11.05", "05-Nov", time(14, 42, 51, 369000), "date cannot be read"),
        ("14:42:51.369", "14h42", None, "clock time cannot be read"),
        ("14:42:51.369", "29:42:51.369", None, "clock time cannot be read"),
        ("Time units = Milliseconds", "Time units Milliseconds", ..., "read as milliseconds"),
    ],
)
def test_a_malformed_protochips_header_is_said_and_the_data_still_read(
    tmp_path, old, new, start, says
):
    log = read(tmp_path, PROTOCHIPS.replace(old, new))
    assert any(says in note for note in log.notes)
    assert log.table["temperature_C"].tolist() == [25, 30, 40]
    assert start is ... or log.start == start


def test_a_digiheater_log_goes_on_over_midnight_in_plain_units(tmp_path):
    log = read(tmp_path, DIGIHEATER, "log.dens")
    assert log.start == datetime(2015, 4, 16, 23, 59, 59)
    assert log.table["time_s"].tolist() == [0, 2.5]
    assert log.table["temperature_C"].tolist() == [15, 16]
    assert log.table["set_temperature_C"].tolist() == [23, 23]
    assert log.table["current_A"].tolist() == [0.25, 0.5]
    assert log.table["power_W"].tolist() == pytest.approx([0.02, 0.04])
    assert log.metadata["programme_min_C"] == [[0, 21], [30, 600]]


def test_sessions_of_a_digiheater_log_follow_each_other_by_their_dates(tmp_path):
    second = DIGIHEATER[DIGIHEATER.index("16/04") :].replace("16/04", "18/04")
    log = read(tmp_path, DIGIHEATER + second, "log.txt")
    assert log.table["time_s"].tolist() == [0, 2.5, 2 * 86400, 2 * 86400 + 2.5]
    assert len(log.metadata["sessions"]) == 2
    assert any("2 sessions" in note for note in log.notes)


def test_sessions_without_dates_follow_on_the_next_day(tmp_path):
    undated = DIGIHEATER.replace("16/04/'15 23:59", "no date")
    log = read(tmp_path, undated + undated, "log.txt")
    assert log.start == time(23, 59, 59)
    assert log.table["time_s"].tolist() == [0, 2.5, 86400, 86402.5]


def test_an_impulse_log_keeps_the_experiment_time_and_finds_its_clock(tmp_path):
    log = read(tmp_path, IMPULSE)
    assert log.start == time(23, 59, 51)
    assert log.table["time_s"].tolist() == [7.5, 9.5]
    assert log.quantities == ["temperature_C", "pressure_mbar"]
    assert any("MixValve" in note for note in log.notes)


@pytest.mark.parametrize(
    ("text", "times", "name"),
    [
        ("time_s,temperature_C\n0,20\n1,30\n", [0, 1], "temperature_C"),
        ("Time (min);Temperature (°C)\n0,5;20,5\n1,0;30,5\n", [30, 60], "temperature_C"),
        ("# made by hand\n\nt [ms]\tp [mbar]\n0\t1\n500\t2\n", [0, 0.5], "pressure_mbar"),
        ("time  temp\ns  K\n0  20\n2  30\n", [0, 2], "temperature_K"),
        ("time,I (mA)\n23:59:59,1\n00:00:01,2\n", [0, 2], "current_A"),
        ("Date Time,flow\n2024-05-31 13:45:00,1\n2024-05-31 13:46:00,2\n", [0, 60], "flow"),
        ("Elapsed time/s,Voltage/mV\n1,5\n3,6\n", [1, 3], "voltage_V"),
    ],
)
def test_a_plain_table_with_a_time_is_read(tmp_path, text, times, name):
    log = read(tmp_path, text)
    assert log.table["time_s"].tolist() == times
    assert log.quantities == [name]


def test_a_plain_table_says_what_it_assumed(tmp_path):
    log = read(tmp_path, "time,temperature\n0,20\n1,30\n")
    assert any("read as seconds" in note for note in log.notes)
    assert any("Without a unit" in note for note in log.notes)


def test_dates_of_a_plain_table_give_its_start(tmp_path):
    log = read(tmp_path, "timestamp,T (C)\n2024-05-31T13:45:00,1\n2024-05-31T13:45:05,2\n")
    assert log.start == datetime(2024, 5, 31, 13, 45)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_windows_are_read(tmp_path, encoding):
    log = read(tmp_path, "time (s),T (°C)\r\n0,20\r\n1,30\r\n", encoding=encoding)
    assert log.quantities == ["temperature_C"]


def test_rows_out_of_order_twice_or_without_time_are_put_right_and_said(tmp_path):
    log = read(tmp_path, "time_s,temperature_C\n0,1\n2,3\n1,2\n1,9\nx,7\n3,nan\n")
    assert log.table["time_s"].tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(log.table["temperature_C"], [1, 9, 3, np.nan])
    assert len(log.notes) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("  \n \n", "it is empty"),
        ("X,Y\n1,2\n3,4\n", "no line of column names with a time"),
        ("1,2\n3,4\n", "no line of column names with a time"),
        ("Dear colleague, the time has come\nfor a letter\n", "no line of column names"),
        ("a\0b", "not a text file"),
        ("sample\ttime\tTset[C]\n", "no row of numbers"),
        ("Time, Notes, Channel A Temperature\n", "no row of numbers"),
        ("TimeStamp,Experiment time,Temperature Measured\n", "no row of numbers"),
        ("time,comment\n1,good\n2,bad\n", "no line of column names with a time"),
    ],
)
def test_what_is_no_log_gives_one_clear_line(tmp_path, text, says):
    with pytest.raises(HolderLogError, match=says) as error:
        read(tmp_path, text)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("'log.csv' cannot be read")


def test_a_missing_file_and_a_folder_are_said(tmp_path):
    with pytest.raises(HolderLogError, match="There is no file"):
        read_holder_log(tmp_path / "none.csv")
    with pytest.raises(HolderLogError, match="it is a folder"):
        read_holder_log(tmp_path)


@given(st.binary(max_size=400))
def test_no_file_whatsoever_gives_a_traceback(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("garbage") / "log.csv"
    path.write_bytes(content)
    with contextlib.suppress(HolderLogError):
        assert len(read_holder_log(path).table)


@given(st.text("0123456789.,;: \n\tTime(s)abcNotesn-", max_size=200), st.integers(0, 2))
def test_no_broken_log_gives_a_traceback(tmp_path_factory, tail, which):
    text = (PROTOCHIPS, DIGIHEATER, IMPULSE)[which]
    path = tmp_path_factory.mktemp("broken") / "log.csv"
    path.write_text(text[: len(text) // 2] + tail)
    with contextlib.suppress(HolderLogError):
        assert len(read_holder_log(path).table)


def test_several_columns_of_one_quantity_keep_their_words():
    columns = [parse_header(name, "torr") for name in ("Holder Pressure", "Tank1 Pressure")]
    assert column_names(columns) == ["holder_pressure_torr", "tank1_pressure_torr"]


@given(st.floats(0, 86399), st.lists(st.floats(0.01, 20000), min_size=1, max_size=30))
def test_times_of_day_go_on_over_any_number_of_midnights(start, steps):
    true = start + np.concatenate([[0], np.cumsum(steps)])
    np.testing.assert_allclose(unwrap_midnight(true % 86400), true, atol=1e-6)


def test_clock_times_are_compared_with_and_without_dates():
    day = datetime(2022, 9, 23, 23, 59, 50)
    assert seconds_between(day, datetime(2022, 9, 24, 0, 0, 10)) == 20
    assert seconds_between(day, time(0, 0, 10)) == 20
    assert seconds_between(time(0, 0, 10), day) == -20


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "rows", "last", "start", "has"),
    [
        ("holder-logs/protochips_electrothermal.csv", 6397, 639.585,
         datetime(2014, 11, 5, 14, 42, 51, 369000), ["temperature_C", "current_A", "voltage_V"]),
        ("holder-logs/protochips_gas_cell.csv", 3295, 856.052,
         datetime(2014, 12, 15, 19, 7, 4, 165000), ["temperature_C", "holder_pressure_torr"]),
        ("holder-logs/file1.dens", 7, 1.98,
         datetime(2015, 4, 16, 13, 54, 37, 680000), ["temperature_C", "resistance_ohm"]),
        ("holder-logs/StubExperiment_Synchronized data.csv", 775, 403.662,
         time(13, 40, 19, 62000), ["temperature_C"]),
        ("holder-logs/NoMetadata_Synchronized data.csv", 775, 403.662,
         time(13, 40, 19, 62000), ["temperature_C"]),
        ("ti-annealing/heating-log.txt", 15022, 4964.62,
         datetime(2022, 9, 23, 12, 55, 20, 500000), ["set_temperature_C", "temperature_C"]),
    ],
)  # fmt: skip
def test_the_real_logs_are_read(recordings, name, rows, last, start, has):
    log = read_holder_log(recordings / name)
    assert len(log.table) == rows
    assert log.span[1] == pytest.approx(last)
    assert log.start == start
    assert set(has) <= set(log.quantities)
    assert np.all(np.diff(log.table["time_s"]) > 0)


@pytest.mark.recordings
def test_files_that_are_no_logs_are_refused(recordings):
    for name in ("formats/test-3.dm4", "haadf-atoms/coordinates/Ptporph0.csv", "README.md"):
        with pytest.raises(HolderLogError):
            read_holder_log(recordings / name)
