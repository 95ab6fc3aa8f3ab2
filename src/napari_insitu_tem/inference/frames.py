"""Frames read ahead: the disk and the network work at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["read_ahead"]

Item = TypeVar("Item")
_END: Any = object()


def read_ahead(items: Iterable[Item], *, ahead: int = 2) -> Iterator[Item]:
    """Yield `items` in order, while a thread already takes the next ones from their source.

    Parameters
    ----------
    items : iterable
        For example frames that are read from disk and prepared, one by one. Only one thread
        takes from it, and at most `ahead` items wait, so memory stays bounded. An error of the
        source is raised where its item would have come.
    ahead : int
        How many items to take before they are asked for.
    """
    source = iter(items)
    pending: deque[Future[Item]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="insitu-tem-read") as thread:
        try:
            for _ in range(ahead):
                pending.append(thread.submit(next, source, _END))
            while (item := pending.popleft().result()) is not _END:
                pending.append(thread.submit(next, source, _END))
                yield item
        finally:
            for future in pending:
                future.cancel()
