"""Clocks of movies and of logs: UTC against the clock on the wall."""

import time
from datetime import UTC, datetime

import pytest

from napari_insitu_tem.io.holder_logs.log import seconds_between


@pytest.fixture
def seoul(monkeypatch):
    """A computer nine hours ahead of UTC."""
    if not hasattr(time, "tzset"):
        pytest.skip("this system cannot change its time zone")
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_movie_clocked_in_utc_meets_a_log_clocked_on_the_wall(seoul):
    log_start = datetime(2024, 5, 1, 18, 0, 0)
    movie_start = datetime(2024, 5, 1, 9, 0, 30, tzinfo=UTC)
    assert seconds_between(log_start, movie_start) == 30
    assert seconds_between(log_start.time(), movie_start) == 30
