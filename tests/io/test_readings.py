"""Readings: times and temperatures written over frames."""

import numpy as np
import pandas as pd
import pytest

from napari_insitu_tem.io.readings import clock_text, quantity_words, reading_of
from napari_insitu_tem.movie import Movie


def movie_with(**columns):
    length = len(next(iter(columns.values())))
    return Movie(np.zeros((length, 2, 2)), frames=pd.DataFrame(columns))


@pytest.mark.parametrize(
    ("seconds", "frame_time", "last", "text"),
    [
        (3.0, 1.0, 100, "3 s"),
        (3.52, 0.04, 100, "3.52 s"),
        (0.0025, 0.0005, 2, "2.5 ms"),
        (75, 1.0, 700, "1:15 min"),
        (4000, 2.0, 8000, "1:06:40 h"),
        (612.4, 0.1, 700, "612.4 s"),
    ],
)
def test_clocks_are_fine_enough_to_tell_frames_apart(seconds, frame_time, last, text):
    assert clock_text(seconds, frame_time=frame_time, last=last) == text


def test_temperatures_have_as_many_decimals_as_their_range_asks_for():
    wide = reading_of(movie_with(temperature_C=[20.0, 400.4, np.nan]))
    assert [wide.text(i) for i in range(3)] == ["20 °C", "400 °C", "–"]
    narrow = reading_of(movie_with(temperature_C=[20.0, 20.5]))
    assert narrow.text(1) == "20.50 °C"


def test_small_currents_are_written_with_a_prefix():
    reading = reading_of(movie_with(current_A=[0.0, 0.0038]), "current_A")
    assert reading.text(1) == "3.8 mA"


def test_without_a_temperature_nothing_is_shown():
    assert reading_of(Movie(np.zeros((2, 2, 2)))) is None
    assert reading_of(movie_with(pressure_mbar=[1.0, 2.0])) is None


def test_a_quantity_that_is_not_there_is_said():
    with pytest.raises(ValueError, match="It has: pressure_mbar"):
        reading_of(movie_with(pressure_mbar=[1.0]), "temperature_C")
    with pytest.raises(ValueError, match="Attach a holder"):
        reading_of(Movie(np.zeros((2, 2, 2))), "temperature_C")
    with pytest.raises(ValueError, match="holds no numbers"):
        reading_of(movie_with(note=["a"]), "note")


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("set_temperature_C", "set temperature (°C)"),
        ("pressure_torr", "pressure (Torr)"),
        ("pin_measured", "pin measured"),
        ("C", "C"),
    ],
)
def test_columns_are_named_in_words(column, words):
    assert quantity_words(column) == words
