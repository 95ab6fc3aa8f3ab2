"""Frames are read ahead: in order, not too far, and with their errors."""

import threading
import time

import pytest

from napari_insitu_tem.inference.frames import read_ahead


def wait_until(condition):
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    assert condition()


def test_items_come_in_order():
    assert list(read_ahead(iter(range(100)), ahead=3)) == list(range(100))
    assert list(read_ahead([])) == []


def test_the_next_items_are_taken_while_the_first_is_worked_on_and_no_more():
    taken = []

    def source():
        for number in range(20):
            taken.append(number)
            yield number

    items = read_ahead(source(), ahead=2)
    assert next(items) == 0
    wait_until(lambda: taken == [0, 1, 2])
    time.sleep(0.02)
    assert taken == [0, 1, 2]
    items.close()
    assert len(taken) <= 3


def test_an_error_comes_where_its_item_would_have():
    def source():
        yield from range(3)
        raise OSError("the disk is gone")

    items = read_ahead(source())
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)


def test_its_thread_ends_with_it():
    before = threading.active_count()
    items = read_ahead(range(10))
    next(items)
    items.close()
    assert threading.active_count() == before
