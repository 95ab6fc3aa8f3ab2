"""Job: progress, cancel, and a map whose memory does not grow."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_insitu_tem import Cancelled, Job
from napari_insitu_tem.job import Progress


@given(st.lists(st.integers(), max_size=30), st.integers(1, 4))
def test_map_keeps_the_order_whatever_the_number_of_threads(items, workers):
    job = Job(on_progress=lambda progress: None, workers=workers)
    assert list(job.map(lambda item: item * 2, items, "Doubling")) == [i * 2 for i in items]


def test_progress_counts_every_item_and_ends_at_the_total():
    seen = []
    job = Job(on_progress=seen.append)
    list(job.track(range(5), "Counting"))
    assert [progress.done for progress in seen] == [0, 1, 2, 3, 4, 5]
    assert seen[-1].total == 5
    assert seen[-1].seconds_left == 0


def test_time_left_is_proportional_to_what_is_left():
    assert Progress("x", done=2, total=8, elapsed=10).seconds_left == 30
    assert Progress("x", done=0, total=8, elapsed=10).seconds_left is None


def test_cancel_stops_before_the_next_item():
    stop = threading.Event()
    done = []

    def step(item):
        done.append(item)
        if item == 3:
            stop.set()
        return item

    job = Job(on_progress=lambda progress: None, is_cancelled=stop.is_set, workers=1)
    with pytest.raises(Cancelled):
        list(job.map(step, range(100), "Working"))
    assert done == [0, 1, 2, 3]


def test_map_never_holds_more_than_two_results_a_thread():
    produced, taken = [], []
    job = Job(on_progress=lambda progress: None, workers=2)

    def items():
        for index in range(50):
            produced.append(index)
            assert len(produced) - len(taken) <= 2 * 2 + 1
            yield index

    for result in job.map(lambda item: item, items(), "Mapping"):
        taken.append(result)
    assert taken == list(range(50))


def test_an_error_in_a_thread_reaches_the_caller():
    job = Job(on_progress=lambda progress: None, workers=2)
    with pytest.raises(ZeroDivisionError):
        list(job.map(lambda item: 1 / item, [1, 0, 2], "Dividing"))


def test_messages_reach_whoever_runs_the_job():
    messages = []
    Job(on_log=messages.append).log("hello")
    assert messages == ["hello"]
