"""The garbage collector rests while libraries are loaded, and works again afterwards."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from napari_insitu_tem.loading import collector_at_rest, old_objects_spared


@pytest.fixture(autouse=True)
def collecting():
    gc.enable()
    yield
    gc.enable()


def test_the_collector_rests_and_works_again_even_after_an_error():
    with pytest.raises(ZeroDivisionError), collector_at_rest():
        assert not gc.isenabled()
        1 / 0  # noqa: B018
    assert gc.isenabled()


def test_it_rests_until_the_last_of_several_threads_is_done():
    def load(_: int) -> bool:
        with collector_at_rest():
            return not any(gc.isenabled() for _ in range(2000))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(load, range(200)))
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    with collector_at_rest():
        pass
    assert not gc.isenabled()


class Knot:
    """An object that holds itself, so that only the collector can remove it."""

    def __init__(self):
        self.itself = self


def test_only_what_a_task_makes_is_collected_while_it_runs():
    before = Knot()
    old = weakref.ref(before)
    del before
    with old_objects_spared(), old_objects_spared():
        young = weakref.ref(Knot())
        gc.collect()
        assert young() is None
        assert old() is not None
    gc.collect()
    assert old() is None
