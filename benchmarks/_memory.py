"""By how much a piece of work makes the resident memory of this process rise (Linux only)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def memory_rise() -> Iterator[dict[str, float]]:
    """Fill in ``"MB"`` at the end: the highest resident memory in the block less that before."""
    if not Path("/proc/self/clear_refs").exists():
        sys.exit("Peak memory can only be measured on Linux.")
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest so far
    found, before = {"MB": 0.0}, _status("VmRSS")
    yield found
    found["MB"] = (_status("VmHWM") - before) / 1e6


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
